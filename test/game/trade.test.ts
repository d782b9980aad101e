import { describe, expect, test } from 'vitest';
import { game } from '../../src/game/game.ts';
import { GOLD, HEALTH_POTION, PLACES, SWORD, TROLL_TOOTH } from '../../src/game/items.ts';
import { OFFER_TICKS, tradePartner } from '../../src/game/trade.ts';
import { type Arena, addPlayer, ask, createArena, give, put, step, toldOf } from './arena.ts';

interface Scene {
  readonly arena: Arena;
  readonly ann: number;
  readonly bob: number;
  readonly cat: number;
}

/** Three who stand together, each with some gold. */
function meet(): Scene {
  const arena = createArena();
  const [ann, bob, cat] = ['ann', 'bob', 'cat'].map((name, index) => addPlayer(arena, index * 2000, 0, name)) as [
    number,
    number,
    number,
  ];
  for (const slot of [ann, bob, cat]) {
    give(arena, slot, GOLD, 100);
    arena.columns.combatTick[slot] = 1_000_000;
  }
  return { arena, ann, bob, cat };
}

/** Ann and bob trade. */
function trade(): Scene {
  const scene = meet();
  expect(ask(scene.arena, scene.ann, 'tradeOffer', { name: 'BOB' })).toBe('');
  expect(ask(scene.arena, scene.bob, 'tradeAccept')).toBe('');
  return scene;
}

const isTrading = ({ arena }: Scene, slot: number): boolean => tradePartner(arena.sim, slot) >= 0;
const revisionOf = ({ arena }: Scene, slot: number): number => arena.columns.tradeRevision[slot]!;
const confirm = (scene: Scene, slot: number): string =>
  ask(scene.arena, slot, 'tradeConfirm', { revision: revisionOf(scene, slot) });
const set = (scene: Scene, slot: number, item: number, count: number): string =>
  ask(scene.arena, slot, 'tradeSet', { item, count });

describe('offering', () => {
  test('to somebody else who is there, near, alive, and free', () => {
    const { arena, ann, bob, cat } = meet();
    const offer = (slot: number, name: string) => ask(arena, slot, 'tradeOffer', { name });
    expect([offer(ann, 'nobody'), offer(ann, 'Ann')]).toEqual(['no_such_player', 'yourself']);
    put(arena, bob, 6001, 0);
    expect(offer(ann, 'bob')).toBe('too_far');
    put(arena, bob, 6000, 0);
    arena.columns.health[bob] = 0;
    expect([offer(ann, 'bob'), offer(bob, 'ann')]).toEqual(['too_far', 'dead']);
    arena.columns.health[bob] = 50;
    expect([offer(ann, 'bob'), offer(cat, 'bob')]).toEqual(['', 'busy']);
    expect(toldOf(arena, 'tradeOffered')).toEqual([{ from: 'ann' }]);
    expect(ask(arena, bob, 'tradeAccept')).toBe('');
    expect(offer(cat, 'ann')).toBe('busy');
  });

  test('an offer runs out, and who made it waits as long again; others need not', () => {
    const { arena, ann, bob, cat } = meet();
    const offer = (slot: number) => ask(arena, slot, 'tradeOffer', { name: 'bob' });
    expect(offer(ann)).toBe('');
    step(arena, OFFER_TICKS - 1);
    expect([offer(ann), offer(cat)]).toEqual(['busy', 'busy']);
    step(arena);
    expect([offer(ann), ask(arena, bob, 'tradeAccept')]).toEqual(['too_soon', 'no_offer']);
    expect(offer(cat)).toBe('');
    expect(ask(arena, bob, 'tradeDecline')).toBe('');
    expect([ask(arena, bob, 'tradeDecline'), offer(cat), offer(ann)]).toEqual(['no_trade', 'too_soon', '']);
  });

  test('who is asked and asks back has accepted', () => {
    const scene = meet();
    ask(scene.arena, scene.ann, 'tradeOffer', { name: 'bob' });
    expect(ask(scene.arena, scene.bob, 'tradeOffer', { name: 'ann' })).toBe('');
    expect([isTrading(scene, scene.ann), isTrading(scene, scene.bob)]).toEqual([true, true]);
  });

  test('accepting: dead, or too far by now, or of who trades with another one by now', () => {
    const scene = meet();
    const { arena, ann, bob, cat } = scene;
    ask(arena, ann, 'tradeOffer', { name: 'bob' });
    put(arena, bob, 7000, 0);
    expect(ask(arena, bob, 'tradeAccept')).toBe('too_far');
    put(arena, bob, 2000, 0);
    arena.columns.health[bob] = 0;
    expect(ask(arena, bob, 'tradeAccept')).toBe('dead');
    arena.columns.health[bob] = 100;
    ask(arena, cat, 'tradeOffer', { name: 'ann' });
    expect(ask(arena, ann, 'tradeAccept')).toBe('');
    expect(ask(arena, bob, 'tradeAccept')).toBe('no_offer');
    // Cat is asked by somebody else, and goes along: the trade with ann is over.
    put(arena, bob, 4000, 0);
    expect(ask(arena, bob, 'tradeOffer', { name: 'cat' })).toBe('busy');
    expect(ask(arena, cat, 'tradeOffer', { name: 'bob' })).toBe('');
    expect([isTrading(scene, ann), isTrading(scene, cat)]).toEqual([false, false]);
    expect(toldOf(arena, 'trade').at(-1)).toMatchObject({ over: 'other' });
  });
});

describe('agreeing', () => {
  test('both see both sides, and what both agreed to changes hands at once', () => {
    const scene = trade();
    const { arena, ann, bob } = scene;
    give(arena, bob, SWORD, 1);
    ask(arena, bob, 'equip', { item: SWORD });
    expect([set(scene, ann, GOLD, 60), set(scene, bob, SWORD, 1), set(scene, bob, GOLD, 5)]).toEqual(['', '', '']);
    const revision = revisionOf(scene, ann);
    const shown = { revision, confirmed: 0, otherConfirmed: 0, over: '' };
    expect(arena.told.filter(({ event }) => event === 'trade').slice(-2)).toMatchObject([
      { to: bob, values: { ...shown, with: 'ann', gives: '0:5,4:1', gets: '0:60' } },
      { to: ann, values: { ...shown, with: 'bob', gives: '0:60', gets: '0:5,4:1' } },
    ]);
    expect(confirm(scene, ann)).toBe('');
    expect(toldOf(arena, 'trade').at(-1)).toMatchObject({ confirmed: 0, otherConfirmed: 1 });
    expect(arena.columns.gold[ann]).toBe(100);
    expect(confirm(scene, bob)).toBe('');
    const { gold, sword, weapon } = arena.columns;
    expect([gold[ann], gold[bob], sword[ann], sword[bob], weapon[bob]]).toEqual([45, 155, 1, 0, 0]);
    expect(toldOf(arena, 'traded')).toEqual([
      { with: 'ann', gave: '0:5,4:1', got: '0:60' },
      { with: 'bob', gave: '0:60', got: '0:5,4:1' },
    ]);
    expect([isTrading(scene, ann), isTrading(scene, bob), confirm(scene, ann)]).toEqual([false, false, 'no_trade']);
  });

  test('any change takes both agreements back, and nobody agrees to what it has not seen', () => {
    const scene = trade();
    const { arena, ann, bob } = scene;
    const seen = revisionOf(scene, ann);
    expect(confirm(scene, bob)).toBe('');
    expect(set(scene, bob, GOLD, 1)).toBe('');
    expect([arena.columns.tradeConfirmed[bob], revisionOf(scene, bob)]).toEqual([0, seen + 1]);
    expect(ask(arena, ann, 'tradeConfirm', { revision: seen })).toBe('changed');
    expect(set(scene, bob, GOLD, 1)).toBe('');
    expect(revisionOf(scene, ann)).toBe(seen + 1);
    // Nor to a later trade with an older revision.
    expect(ask(arena, ann, 'tradeDecline')).toBe('');
    ask(arena, bob, 'tradeOffer', { name: 'ann' });
    ask(arena, ann, 'tradeAccept');
    expect(ask(arena, ann, 'tradeConfirm', { revision: seen + 1 })).toBe('changed');
    expect(arena.columns.tradeGold[bob]).toBe(0);
  });

  test('nobody gives what it has not got, not even by then', () => {
    const scene = trade();
    const { arena, ann, bob, cat } = scene;
    expect([set(scene, ann, GOLD, 101), set(scene, ann, SWORD, 1), set(scene, cat, GOLD, 1)]).toEqual([
      'none_held',
      'none_held',
      'no_trade',
    ]);
    give(arena, ann, HEALTH_POTION, 1);
    expect(set(scene, ann, HEALTH_POTION, 1)).toBe('');
    expect(confirm(scene, ann)).toBe('');
    arena.columns.health[ann] = 50;
    expect(ask(arena, ann, 'use', { item: HEALTH_POTION })).toBe('');
    expect([confirm(scene, bob), confirm(scene, ann)]).toEqual(['other_none_held', 'none_held']);
  });

  test('nobody gets what it has no room for', () => {
    const scene = trade();
    const { arena, ann, bob } = scene;
    give(arena, bob, SWORD, PLACES);
    give(arena, ann, TROLL_TOOTH, 1);
    set(scene, ann, TROLL_TOOTH, 1);
    expect([confirm(scene, bob), confirm(scene, ann)]).toEqual(['no_room', 'other_no_room']);
    // In exchange for a sword it has.
    set(scene, bob, SWORD, 1);
    expect([confirm(scene, bob), confirm(scene, ann), arena.columns.trollTooth[bob]]).toEqual(['', '', 1]);
  });

  test('gold for gold never overflows in between', () => {
    const scene = trade();
    const { arena, ann, bob } = scene;
    give(arena, ann, GOLD, 0x7fff_ffff - 100);
    give(arena, bob, GOLD, 0x7fff_ffff - 100);
    set(scene, ann, GOLD, 0x7fff_ffff);
    set(scene, bob, GOLD, 0x7fff_fff0);
    expect([confirm(scene, ann), confirm(scene, bob)]).toEqual(['other_no_room', 'no_room']);
    set(scene, bob, GOLD, 0x7fff_ffff);
    expect([confirm(scene, ann), confirm(scene, bob)]).toEqual(['', '']);
    expect([arena.columns.gold[ann], arena.columns.gold[bob]]).toEqual([0x7fff_ffff, 0x7fff_ffff]);
  });
});

describe('it is over', () => {
  const overs = (arena: Arena) => toldOf(arena, 'trade').flatMap(({ over }) => (over === '' ? [] : [over]));

  const change = (name: 'health' | 'client', value: number) => (scene: Scene) => {
    scene.arena.columns[name][scene.ann] = value;
  };

  test.for<[string, (scene: Scene) => unknown]>([
    ['declined', ({ arena, bob }) => ask(arena, bob, 'tradeDecline')],
    ['too_far', ({ arena, bob }) => put(arena, bob, 9001, 0)],
    ['dead', change('health', 0)],
    ['left', change('client', 0)],
    // Another connection knows nothing of it.
    ['left', change('client', 99)],
    ['left', ({ arena, ann }) => game.leave!(arena.sim, ann)],
  ])('%s', ([why, deed]) => {
    const scene = trade();
    const { arena, ann, bob } = scene;
    set(scene, ann, GOLD, 7);
    arena.columns.deadUntil[ann] = 1_000_000;
    step(arena);
    expect(isTrading(scene, bob)).toBe(true);
    deed(scene);
    step(arena);
    expect(overs(arena)).toEqual([why, why]);
    expect([isTrading(scene, ann), isTrading(scene, bob), arena.columns.tradeGold[ann]]).toEqual([false, false, 0]);
  });

  test('who leaves takes back what it offered', () => {
    const { arena, ann, bob } = meet();
    ask(arena, ann, 'tradeOffer', { name: 'bob' });
    game.leave!(arena.sim, ann);
    expect(toldOf(arena, 'tradeOffered').at(-1)).toEqual({ from: '' });
    expect(ask(arena, bob, 'tradeAccept')).toBe('no_offer');
  });
});
