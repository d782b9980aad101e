import { describe, expect, test } from 'vitest';
import { ABILITIES, BOLT, INTERRUPTED_TICKS, MEND, METEOR, REASONS, SLASH, SMASH } from '../../src/game/abilities.ts';
import { AREA, FIGHTERS, PROJECTILE, TROLL, WOLF } from '../../src/game/kinds.ts';
import { buildFieldMap } from '../../src/game/map.ts';
import { addCreature, addPlayer, createArena, face, press, put, reasonsOf, step, toldOf } from './arena.ts';

const { amount, rangeMm, cooldownTicks } = ABILITIES[SLASH]!;

describe('slash', () => {
  test('hits all enemies in its cone up to their edge, and nobody else', () => {
    const arena = createArena(buildFieldMap([1000, 1000, 1200, 3000], 200_000));
    const slot = addPlayer(arena, 0, 0);
    const { columns } = arena;
    const edge = rangeMm + FIGHTERS[1]!.radiusMm;
    const hit = [addPlayer(arena, edge, 0), addPlayer(arena, 1500, -1500), addPlayer(arena, -300, 0)];
    const wolf = addCreature(arena, WOLF, 2000, -600);
    const missed = [
      addPlayer(arena, edge + 10, 0),
      addPlayer(arena, 600, -2000),
      addPlayer(arena, -1000, 0),
      addPlayer(arena, 1400, 1600),
    ];
    const friend = addPlayer(arena, 1000, -200);
    columns.party[slot] = 5;
    columns.party[friend] = 5;
    const dead = addPlayer(arena, 900, 0);
    columns.health[dead] = 0;
    columns.deadUntil[dead] = 1_000_000;
    press(arena, slot, SLASH);
    expect(hit.map((each) => columns.health[each])).toEqual([100 - amount, 100 - amount, 100 - amount]);
    expect(columns.health[wolf]).toBe(FIGHTERS[WOLF]!.healthMax - amount);
    expect([...missed, friend, slot].map((each) => columns.health[each])).toEqual([100, 100, 100, 100, 100, 100]);
    expect(columns.health[dead]).toBe(0);
    // To both sides of each hit; a wolf has nobody to tell.
    expect(toldOf(arena, 'hit').length).toBe(7);
  });

  test('kills a player who only stands there within 4 to 6 seconds', () => {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    const other = addPlayer(arena, 1500, 0);
    arena.columns.ability[slot] = SLASH;
    let ticks = 0;
    for (; arena.columns.health[other]! > 0; ticks++) step(arena);
    expect(ticks / 60).toBeGreaterThan(4);
    expect(ticks / 60).toBeLessThan(6);
    expect(ticks).toBe(Math.floor(100 / amount) * cooldownTicks + 1);
  });

  test('a strafing target is hit at any rewind where it was seen', () => {
    for (const rewind of [0, 1, 5, 10, 15]) {
      const arena = createArena();
      const slot = addPlayer(arena, 0, 0);
      const target = addPlayer(arena, 2500, -4000);
      arena.rewind.set(slot, rewind);
      arena.columns.moveZ[target] = 127;
      const path: number[] = [];
      for (let tick = 0; tick < 90; tick++) {
        step(arena);
        path.push(arena.columns.positionZ[target]! / 128);
      }
      // Pressed in the next tick, in which the past so far back is that of this one minus one less.
      put(arena, slot, 0, path[path.length - Math.max(1, rewind)]!);
      press(arena, slot, SLASH);
      expect(arena.columns.health[target]).toBe(100 - amount);
    }
  });

  test.each([0, 15])('a target that only now is in front is hit by who sees it there: %i ticks back', (rewind) => {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    const target = addPlayer(arena, 1000, 1875);
    arena.rewind.set(slot, rewind);
    step(arena);
    for (let tick = 0; tick < 15; tick++) {
      put(arena, target, 1000, 1875 - 125 * tick);
      step(arena);
    }
    put(arena, target, 1000, 0);
    press(arena, slot, SLASH);
    expect(arena.columns.health[target]).toBe(rewind === 0 ? 100 - amount : 100);
  });
});

describe('meteor', () => {
  test('is announced where it will strike, and strikes everyone there by then', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 0, 0);
    const stays = addPlayer(arena, 12_000, 1000);
    const edge = addPlayer(arena, 10_000, -3800);
    const outside = addPlayer(arena, 10_000, 4000);
    const leaves = addPlayer(arena, 10_000, 0);
    const { castTicks, delayTicks, mana } = ABILITIES[METEOR]!;
    columns.reach[slot] = 1000;
    press(arena, slot, METEOR, -1, 1000);
    step(arena, castTicks);
    const area = columns.kind.indexOf(AREA);
    expect([columns.positionX[area], columns.positionZ[area], columns.castAbility[area]]).toEqual([
      1_280_000,
      0,
      METEOR,
    ]);
    expect(columns.castUntil[area]).toBe(sim.tick + delayTicks);
    expect(columns.mana[slot]).toBeLessThanOrEqual(100 - mana);
    step(arena, delayTicks - 1);
    expect(columns.health[stays]).toBe(100);
    put(arena, leaves, 10_000, 5000);
    step(arena);
    expect([stays, edge, outside, leaves, slot].map((each) => columns.health[each])).toEqual([60, 60, 100, 100, 100]);
    step(arena, 31);
    expect(columns.kind.indexOf(AREA)).toBe(-1);
  });

  test('does not strike through what is tall: who is not shown it, since its centre is hidden, is not hit', () => {
    const arena = createArena(buildFieldMap([11_000, -1000, 11_500, 1000], 200_000));
    const { columns } = arena;
    const slot = addPlayer(arena, 0, 0);
    const [behind, beside] = [addPlayer(arena, 12_500, 0), addPlayer(arena, 11_000, 2400)];
    const open = addPlayer(arena, 10_000, -3000);
    press(arena, slot, METEOR, -1, 1000);
    step(arena, ABILITIES[METEOR]!.castTicks + ABILITIES[METEOR]!.delayTicks);
    expect([behind, beside, open].map((each) => columns.health[each])).toEqual([100, 60, 60]);
  });

  test('counts for who cast it, also when that one is dead by then, and for nobody when it is gone', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 0, 0);
    const victim = addPlayer(arena, 10_000, 0);
    press(arena, slot, METEOR, -1, 1000);
    step(arena, ABILITIES[METEOR]!.castTicks);
    columns.health[victim] = 5;
    columns.health[slot] = 0;
    columns.deadUntil[slot] = 1_000_000;
    step(arena, ABILITIES[METEOR]!.delayTicks);
    expect([columns.health[victim], columns.kills[slot]]).toEqual([0, 1]);
    columns.health[victim] = 5;
    columns.health[slot] = 100;
    columns.readyTick3[slot] = 0;
    press(arena, slot, METEOR, -1, 1000);
    step(arena, ABILITIES[METEOR]!.castTicks);
    sim.despawn(slot);
    const another = addPlayer(arena, 0, 0);
    expect(another).toBe(slot);
    step(arena, ABILITIES[METEOR]!.delayTicks);
    expect([columns.health[victim], columns.kills[another]]).toEqual([0, 0]);
  });
});

test('in a zone without room nothing comes of a bolt or a meteor, and nothing is paid', () => {
  const arena = createArena(undefined, 3);
  const { columns, sim } = arena;
  const slot = addPlayer(arena, 0, 0);
  const last = [AREA, AREA].map((kind) => sim.spawn(kind))[1]!;
  for (const other of [1, last]) columns.endTick[other] = 1_000_000;
  for (const [ability, readyTick] of [
    [BOLT, columns.readyTick2],
    [METEOR, columns.readyTick3],
  ] as const) {
    press(arena, slot, ability, -1, 1000);
    step(arena, ABILITIES[ability]!.castTicks);
    expect([columns.mana[slot], columns.actedTick[slot], columns.castAbility[slot]]).toEqual([100, 0, 0]);
    expect(readyTick[slot]! - sim.tick).toBeLessThanOrEqual(INTERRUPTED_TICKS);
  }
  expect(reasonsOf(arena, slot)).toEqual([REASONS.crowded, REASONS.crowded]);
  sim.despawn(last);
  step(arena, INTERRUPTED_TICKS);
  press(arena, slot, BOLT);
  step(arena, ABILITIES[BOLT]!.castTicks);
  expect([columns.kind[last], columns.mana[slot]! < 100]).toEqual([PROJECTILE, true]);
});

describe('mend', () => {
  test('heals oneself, or whom of the party it is for, up to full health', () => {
    const arena = createArena();
    const { columns } = arena;
    const slot = addPlayer(arena, 0, 0);
    const friend = addPlayer(arena, 14_000, 0);
    columns.party[slot] = 2;
    columns.party[friend] = 2;
    columns.combatTick[slot] = arena.sim.tick + 10_000;
    columns.combatTick[friend] = arena.sim.tick + 10_000;
    columns.health[slot] = 20;
    columns.health[friend] = 90;
    press(arena, slot, MEND);
    step(arena, ABILITIES[MEND]!.castTicks);
    expect([columns.health[slot], columns.health[friend]]).toEqual([20 + ABILITIES[MEND]!.amount, 90]);
    columns.readyTick4[slot] = 0;
    press(arena, slot, MEND, friend);
    step(arena, ABILITIES[MEND]!.castTicks);
    expect([columns.health[slot], columns.health[friend]]).toEqual([20 + ABILITIES[MEND]!.amount, 100]);
    expect(toldOf(arena, 'healed').at(-1)).toMatchObject({ amount: 10, ability: MEND });
  });
});

test('a smash comes down where the troll looked when it began: who steps aside is not hit', () => {
  for (const dodges of [false, true]) {
    const arena = createArena();
    const slot = addPlayer(arena, 2500, 0);
    const troll = addCreature(arena, TROLL, 0, 0);
    face(arena, troll, 0);
    for (let tick = 0; tick < 300 && arena.columns.castAbility[troll] === 0; tick++) step(arena);
    expect(arena.columns.castAbility[troll]).toBe(SMASH);
    if (dodges) arena.columns.moveX[slot] = 127;
    step(arena, ABILITIES[SMASH]!.castTicks + 1);
    expect(arena.columns.health[slot]! < 100).toBe(!dodges);
  }
});
