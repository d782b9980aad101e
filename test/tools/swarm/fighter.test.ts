import { describe, expect, test } from 'vitest';
import { game as tag } from '../../../examples/tag/game.ts';
import { createRandom } from '../../../src/base/random.ts';
import { BOLT, MEND, METEOR, SLASH } from '../../../src/game/abilities.ts';
import { game } from '../../../src/game/game.ts';
import { PLAYER, WOLF } from '../../../src/game/kinds.ts';
import { PICTURE_AGE_TICKS } from '../../../src/game/projectiles.ts';
import {
  canFight,
  createFighter,
  type Fighter,
  type FighterView,
  noteInvitation,
  noteParty,
  type Seen,
  updateFighter,
} from '../../../tools/swarm/fighter.ts';
import { createWander } from '../../../tools/swarm/wander.ts';

const WOLF_AT: Seen = { handle: 65_540, kind: WOLF, name: '', x: 2000, z: 0, health: 40, party: 0, isShielded: false };

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Stage {
  readonly fighter: Fighter;
  readonly view: Mutable<FighterView>;
  readonly others: Seen[];
  readonly asked: string[];
  readonly pressed: number[];
  /** Lets so many ticks pass. */
  play(ticks: number): void;
}

function createStage(own: Readonly<Record<string, number>> = {}, seed = 1): Stage {
  const others: Seen[] = [];
  const asked: string[] = [];
  const pressed: number[] = [];
  const columns = { health: 100, mana: 100, stamina: 1000, castAbility: 0, party: 0, facing: 0 };
  const ready = { readyTick1: 0, readyTick2: 0, readyTick3: 0, readyTick4: 0 };
  const view: Mutable<FighterView> = {
    tick: 1000,
    shownTick: 1000 - PICTURE_AGE_TICKS,
    x: 0,
    z: 0,
    own: { ...columns, ...ready, ...own },
    intent: { moveX: 0, moveZ: 0, aim: 0, buttons: 0, inputs: {} },
    seeAll: () => others,
    see: (handle) => others.find((other) => other.handle === handle),
    request: (name) => void asked.push(name),
  };
  const fighter = createFighter(createWander(game, createRandom(seed), 20), createRandom(seed + 1));
  const play = (ticks: number): void => {
    for (let count = 0; count < ticks; count++) {
      view.tick++;
      view.shownTick++;
      updateFighter(fighter, view, (view.tick * 1000) / 60);
      pressed.push(view.intent.inputs.ability!);
    }
  };
  return { fighter, view, others, asked, pressed, play };
}

test('only a game with abilities is fought in', () => {
  expect(canFight(game)).toBe(true);
  expect(canFight(tag)).toBe(false);
});

describe('a fight', () => {
  test('a creature in reach and in front is slashed, by its handle', () => {
    const { fighter, view, others, play } = createStage();
    others.push(WOLF_AT);
    play(1);
    expect(fighter.state).toBe('IN_COMBAT');
    expect(view.intent.inputs).toMatchObject({ ability: SLASH, target: WOLF_AT.handle });
    expect(view.intent.aim).toBe(0);
  });

  test('nobody is slashed whom it does not face yet', () => {
    const { others, pressed, play } = createStage({ facing: 32_768 });
    others.push(WOLF_AT);
    play(20);
    expect(pressed).not.toContain(SLASH);
  });

  test('further away it throws bolts, and calls a meteor with the distance as its reach', () => {
    const { view, others, pressed, play } = createStage();
    others.push({ ...WOLF_AT, x: 12_000 });
    const reaches = new Set<number>();
    for (let tick = 0; tick < 200; tick++) {
      play(1);
      if (pressed.at(-1) === METEOR) reaches.add(view.intent.inputs.reach!);
    }
    expect(pressed).toContain(BOLT);
    expect([...reaches]).toEqual([1200]);
  });

  test('a bolt is led by its flight, and by what the picture is older than bolts take it to be', () => {
    const aimAt = (olderTicks: number): number => {
      const { view, others, play } = createStage({ readyTick1: 9999, readyTick3: 9999, castAbility: BOLT });
      view.shownTick -= olderTicks;
      others.push({ ...WOLF_AT, x: 10_000, z: 0 });
      const wolf = others[0] as { z: number };
      for (let tick = 0; tick < 60; tick++) {
        wolf.z += 100;
        play(1);
      }
      return Math.tan((view.intent.aim / 65_536) * 2 * Math.PI) * 10_000 - wolf.z;
    };
    // 100 mm a tick, 23 ticks of flight.
    expect(aimAt(0)).toBeCloseTo(2340, -2);
    expect(aimAt(10) - aimAt(0)).toBeCloseTo(1000, -2);
  });

  test('what is on cooldown or lacks mana is not pressed', () => {
    const { others, pressed, play } = createStage({ mana: 3, readyTick1: 9999 });
    others.push(WOLF_AT);
    play(100);
    expect(new Set(pressed)).toEqual(new Set([0]));
  });

  test('the own party, the dead and the shielded are left alone', () => {
    const { fighter, others, play } = createStage({ party: 3 });
    others.push({ ...WOLF_AT, kind: PLAYER, name: 'a', party: 3 });
    others.push({ ...WOLF_AT, handle: 2, health: 0 }, { ...WOLF_AT, handle: 3, isShielded: true });
    play(60);
    expect(fighter.target).toBe(0);
    expect(fighter.state).not.toBe('IN_COMBAT');
  });

  test('badly hurt it runs away', () => {
    const { fighter, view, others, play } = createStage({ health: 20 });
    others.push(WOLF_AT);
    play(1);
    expect(fighter.isFleeing).toBe(true);
    expect(view.intent.moveX).toBeLessThan(0);
  });
});

test('hurt and alone it stands and mends itself', () => {
  const { view, pressed, play } = createStage({ health: 40 });
  play(1);
  expect(pressed).toEqual([MEND]);
  expect(view.intent).toMatchObject({ moveX: 0, moveZ: 0 });
  expect(view.intent.inputs.target).toBe(0);
});

test('the dead lie still, then ask to come back, and go on once they are', () => {
  const { fighter, view, asked, play } = createStage({ health: 0 });
  play(300);
  expect([fighter.state, asked.length]).toEqual(['DEAD', 0]);
  play(30);
  expect([fighter.state, asked]).toEqual(['RESPAWNING', ['respawn']]);
  view.own = { ...view.own, health: 100 };
  play(1);
  expect(['IDLE', 'WANDERING']).toContain(fighter.state);
});

test('it chats, whispers and invites; an invitation is accepted', () => {
  const { fighter, others, asked, play } = createStage();
  others.push({ ...WOLF_AT, kind: PLAYER, name: 'other', isShielded: true });
  play(60 * 600);
  expect(new Set(asked)).toEqual(new Set(['say', 'whisper', 'invite']));
  asked.length = 0;
  noteInvitation(fighter, 'other');
  play(100);
  expect(asked[0]).toBe('accept');
});

test('in a party it leaves now and then, and throws somebody out only when it leads', () => {
  const { fighter, asked, play } = createStage({ party: 2 });
  play(60 * 3000);
  expect(asked).not.toContain('leaveParty');
  noteParty(fighter, 'other,me', 'me');
  play(60 * 3000);
  expect(asked).toContain('leaveParty');
  expect(asked).not.toContain('kick');
  noteParty(fighter, 'me,other,third', 'me');
  play(60 * 3000);
  expect(asked.filter((name) => name === 'kick').length).toBeGreaterThan(2);
  noteParty(fighter, '', 'me');
  asked.length = 0;
  play(60 * 3000);
  expect(asked).not.toContain('kick');
});

test('the same seed gives the same life', () => {
  const lives = [1, 1, 2].map((seed) => {
    const { asked, others, pressed, play } = createStage({}, seed);
    others.push({ ...WOLF_AT, x: 12_000 });
    play(300);
    others.length = 0;
    play(6000);
    return `${asked.join()} ${pressed.join('')}`;
  });
  expect(lives[0]).toBe(lives[1]);
  expect(lives[0]).not.toBe(lives[2]);
});
