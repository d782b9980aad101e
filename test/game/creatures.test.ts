import { describe, expect, test } from 'vitest';
import { SLASH } from '../../src/game/abilities.ts';
import { CREATURE_COUNT } from '../../src/game/creatures.ts';
import { hurt } from '../../src/game/damage.ts';
import { game } from '../../src/game/game.ts';
import { ARCHER, creatureOf, FIGHTERS, PLAYER, PROJECTILE, TROLL, VENDOR, WOLF } from '../../src/game/kinds.ts';
import { buildFieldMap, createFieldMap, isFreeSpot, SPAWN_HALF_MM } from '../../src/game/map.ts';
import { MOOD_FIGHT, MOOD_HOME, MOOD_RETURN } from '../../src/game/pack.ts';
import { VENDORS_MM } from '../../src/game/vendor.ts';
import { type Arena, addCreature, addPlayer, createArena, put, step } from './arena.ts';

function apartMm({ columns }: Arena, a: number, b: number): number {
  return Math.hypot(columns.positionX[a]! - columns.positionX[b]!, columns.positionZ[a]! - columns.positionZ[b]!) / 128;
}

function fromHomeMm({ columns }: Arena, slot: number): number {
  return (
    Math.hypot(columns.positionX[slot]! - columns.homeX[slot]!, columns.positionZ[slot]! - columns.homeZ[slot]!) / 128
  );
}

test('the shipped field starts with its creatures, on free spots, in camps away from where players appear', () => {
  for (const seed of [1, 5, 99]) {
    const map = createFieldMap(seed);
    const arena = createArena(map, 256, seed);
    game.start!(arena.sim);
    const kinds = [0, 0, 0, 0, 0];
    const { columns } = arena;
    for (const [index, [x, z]] of VENDORS_MM.entries()) {
      expect([columns.kind[index], columns.positionX[index], columns.positionZ[index]]).toEqual([
        VENDOR,
        x * 128,
        z * 128,
      ]);
    }
    const creatures = arena.sim.slotCount - VENDORS_MM.length;
    for (let slot = VENDORS_MM.length; slot < arena.sim.slotCount; slot++) {
      kinds[columns.kind[slot]!]!++;
      const [x, z] = [columns.positionX[slot]!, columns.positionZ[slot]!];
      expect(isFreeSpot(map, x, z)).toBe(true);
      expect(Math.max(Math.abs(x), Math.abs(z)) / 128).toBeGreaterThan(SPAWN_HALF_MM);
    }
    expect(kinds[WOLF]! + kinds[ARCHER]! + kinds[TROLL]!).toBe(creatures);
    expect(creatures).toBeGreaterThan(CREATURE_COUNT - 12);
    expect(creatures).toBeLessThanOrEqual(CREATURE_COUNT);
    expect(Math.min(kinds[WOLF]!, kinds[ARCHER]!, kinds[TROLL]!)).toBeGreaterThan(3);
  }
});

test('left alone they wander about their camp, never far, without running', () => {
  const arena = createArena();
  const slots = [
    addCreature(arena, WOLF, 0, 0),
    addCreature(arena, ARCHER, 30_000, 0),
    addCreature(arena, TROLL, 0, 30_000),
  ];
  const walked = new Set<number>();
  for (let tick = 0; tick < 3000; tick++) {
    step(arena);
    for (const slot of slots) {
      expect(fromHomeMm(arena, slot)).toBeLessThan(8000);
      if (arena.columns.velocityX[slot] !== 0) walked.add(slot);
      const speed = Math.hypot(arena.columns.velocityX[slot]!, arena.columns.velocityZ[slot]!);
      expect(speed).toBeLessThanOrEqual(FIGHTERS[arena.columns.kind[slot]!]!.walkCmPerS);
    }
  }
  expect(walked.size).toBe(3);
});

describe('a fight', () => {
  test('begins when a player comes near in sight, not behind a tall box, and not for the shielded', () => {
    const arena = createArena(buildFieldMap([3000, -20_000, 4000, 20_000], 200_000));
    const wolf = addCreature(arena, WOLF, 0, 0);
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 8000, 0);
    step(arena, 40);
    expect(columns.mood[wolf]).toBe(MOOD_HOME);
    columns.shieldUntil[slot] = sim.tick + 50;
    put(arena, slot, -8000, 0);
    step(arena, 40);
    expect(columns.mood[wolf]).toBe(MOOD_HOME);
    step(arena, 40);
    expect(columns.mood[wolf]).toBe(MOOD_FIGHT);
    put(arena, wolf, 0, 0);
    put(arena, slot, -(creatureOf(WOLF).noticeMm + 4000), 0);
  });

  test('calls the pack, which surrounds and bites; another pack stays out of it', () => {
    const arena = createArena();
    const pack = [0, 1, 2, 3].map((each) => addCreature(arena, WOLF, each * 1500, 20_000, 1));
    const others = addCreature(arena, WOLF, 0, -30_000, 2);
    const slot = addPlayer(arena, 0, 0);
    const { columns, sim } = arena;
    hurt(sim, slot, PLAYER, SLASH, pack[3]!);
    expect(pack.map((each) => columns.mood[each])).toEqual([1, 1, 1, 1]);
    step(arena, 300);
    expect(columns.health[slot]).toBeLessThan(80);
    for (const each of pack) expect(apartMm(arena, each, slot)).toBeLessThan(3000);
    expect(apartMm(arena, pack[0]!, pack[1]!)).toBeGreaterThan(300);
    expect(columns.mood[others]).toBe(MOOD_HOME);
  });

  test('an archer keeps its distance and shoots; one that is approached backs off', () => {
    const arena = createArena();
    const archer = addCreature(arena, ARCHER, 0, 0);
    const slot = addPlayer(arena, 12_000, 0);
    let shots = 0;
    for (let tick = 0; tick < 400; tick++) {
      const before = arena.columns.actedTick[archer];
      step(arena);
      if (arena.columns.actedTick[archer] !== before) shots++;
    }
    expect(shots).toBeGreaterThanOrEqual(3);
    expect(arena.columns.health[slot]).toBeLessThan(100);
    expect(apartMm(arena, archer, slot)).toBeGreaterThan(8000);
    put(arena, slot, arena.columns.positionX[archer]! / 128 + 2000, arena.columns.positionZ[archer]! / 128);
    step(arena, 120);
    expect(apartMm(arena, archer, slot)).toBeGreaterThan(5000);
    expect([...arena.columns.kind].filter((kind) => kind === PROJECTILE).length).toBeLessThan(3);
  });

  test('comes round a box that stands between', () => {
    const arena = createArena(buildFieldMap([4000, -2500, 5000, 2500], 200_000, [0]));
    const wolf = addCreature(arena, WOLF, 9000, 200);
    const slot = addPlayer(arena, 0, 0);
    step(arena, 360);
    expect(apartMm(arena, wolf, slot)).toBeLessThan(3000);
  });
});

describe('the leash', () => {
  test('led too far it goes home unhurt by anything, heals, and is there again', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const wolf = addCreature(arena, WOLF, 0, 0);
    const slot = addPlayer(arena, 6000, 0);
    columns.health[wolf] = 11;
    let furthest = 0;
    for (let tick = 0; tick < 900 && columns.mood[wolf] !== MOOD_RETURN; tick++) {
      put(arena, slot, columns.positionX[wolf]! / 128 + 6000, 0);
      columns.health[slot] = 100;
      columns.combatTick[wolf] = sim.tick;
      step(arena);
      furthest = Math.max(furthest, fromHomeMm(arena, wolf));
    }
    expect(columns.mood[wolf]).toBe(MOOD_RETURN);
    expect(furthest).toBeGreaterThan(37_000);
    expect(furthest).toBeLessThan(40_000);
    const before = columns.health[wolf]!;
    hurt(sim, slot, PLAYER, SLASH, wolf);
    expect(columns.health[wolf]).toBe(before);
    put(arena, slot, 150_000, 150_000);
    step(arena, 600);
    expect([columns.mood[wolf], columns.health[wolf]]).toEqual([MOOD_HOME, FIGHTERS[WOLF]!.healthMax]);
    expect(columns.shieldUntil[wolf]).toBeLessThanOrEqual(sim.tick);
    expect(fromHomeMm(arena, wolf)).toBeLessThan(6000);
  });

  test('it gives up on prey that it can’t get at, that dies, or that is gone', () => {
    for (const how of ['vain', 'dead', 'gone']) {
      const arena = createArena(buildFieldMap([-4000, 1000, 4000, 9000], 200_000, [0]));
      const wolf = addCreature(arena, WOLF, 0, -5000);
      const slot = addPlayer(arena, 0, 0);
      if (how === 'vain') {
        put(arena, slot, 0, 5000);
        arena.columns.positionY[slot] = 900 * 128;
      }
      step(arena, 40);
      expect(arena.columns.mood[wolf]).toBe(MOOD_FIGHT);
      if (how === 'dead') {
        arena.columns.health[slot] = 0;
        arena.columns.deadUntil[slot] = 1_000_000;
      } else if (how === 'gone') arena.sim.despawn(slot);
      step(arena, how === 'vain' ? 500 : 2);
      expect(arena.columns.mood[wolf]).toBe(MOOD_RETURN);
      expect(arena.columns.shieldUntil[wolf]! > arena.sim.tick).toBe(how === 'vain');
    }
  });

  test('with nobody left to fight it goes home as hurt as it is, and fights whom it meets or who strikes it', () => {
    for (const how of ['strikes', 'comes near']) {
      const arena = createArena();
      const { columns, sim } = arena;
      const wolf = addCreature(arena, WOLF, 0, 0);
      put(arena, wolf, 15_000, 0);
      const [dead, other] = [addPlayer(arena, 20_000, 0), addPlayer(arena, 40_000, 0)];
      hurt(sim, dead, PLAYER, SLASH, wolf);
      const { health } = columns;
      const hurtTo = health[wolf]!;
      health[dead] = 0;
      columns.deadUntil[dead] = 1_000_000;
      step(arena, 60);
      expect([columns.mood[wolf], health[wolf]]).toEqual([MOOD_RETURN, hurtTo]);
      if (how === 'strikes') hurt(sim, other, PLAYER, SLASH, wolf);
      else put(arena, other, columns.positionX[wolf]! / 128 + 10_000, 0);
      step(arena, 12);
      expect([columns.mood[wolf], columns.prey[wolf]]).toEqual([MOOD_FIGHT, sim.handle(other)]);
      expect(health[wolf]! < hurtTo).toBe(how === 'strikes');
    }
  });
});

describe('whom it fights', () => {
  /** A troll that fights `prey`; `other` stands 20 m off, further than a troll notices. */
  function createFight() {
    const arena = createArena();
    const troll = addCreature(arena, TROLL, 0, 0);
    const [prey, other] = [addPlayer(arena, 6000, 0), addPlayer(arena, -20_000, 0)];
    hurt(arena.sim, prey, PLAYER, SLASH, troll);
    const strike = (slot: number) => hurt(arena.sim, slot, PLAYER, SLASH, troll);
    const preyOf = () => arena.sim.find(arena.columns.prey[troll]!);
    return { arena, troll, prey, other, strike, preyOf };
  }

  test('when its prey dies or leaves: who else struck it last, if near enough, else who is near; it is not shielded', () => {
    for (const how of ['dead', 'gone']) {
      for (const [strikes, atMm, isNext] of [
        [true, -20_000, true],
        [true, -45_000, false],
        [false, -20_000, false],
        [false, -12_000, true],
      ] as const) {
        const { arena, troll, prey, other, strike, preyOf } = createFight();
        put(arena, other, atMm, 0);
        step(arena);
        if (strikes) strike(other);
        expect(preyOf()).toBe(prey);
        if (how === 'gone') arena.sim.despawn(prey);
        else {
          arena.columns.health[prey] = 0;
          arena.columns.deadUntil[prey] = 1_000_000;
        }
        step(arena);
        expect([preyOf(), arena.columns.mood[troll]]).toEqual(isNext ? [other, MOOD_FIGHT] : [-1, MOOD_RETURN]);
        expect(arena.columns.shieldUntil[troll]).toBeLessThanOrEqual(arena.sim.tick);
      }
    }
  });

  test('who hurts it much more than its prey does; not who strikes as much, and not each in turn', () => {
    const { prey, other, strike, preyOf } = createFight();
    const turns: number[] = [];
    for (const slot of [other, prey, other, prey, other, other, other, prey, prey, prey]) {
      strike(slot);
      turns.push(preyOf());
    }
    // 14 points each, and one before: 70 of the other against 42 are more than half as much again; 84 against 70 are not.
    expect(turns.map((slot) => (slot === prey ? 'prey' : 'other'))).toEqual([
      ...Array(6).fill('prey'),
      ...Array(4).fill('other'),
    ]);
  });

  test('two who can not be reached gain no time by drawing it in turn', () => {
    const { arena, troll, other, strike, preyOf } = createFight();
    step(arena, 20);
    const { moodTick } = arena.columns;
    const since = moodTick[troll];
    strike(other);
    strike(other);
    expect([preyOf(), moodTick[troll]]).toEqual([other, since]);
  });
});

test('a dead one lies where it fell, then is back at its camp in full health', () => {
  const arena = createArena();
  const { columns, sim } = arena;
  const wolf = addCreature(arena, WOLF, 0, 0);
  const slot = addPlayer(arena, 100_000, 0);
  put(arena, wolf, 20_000, 0);
  columns.health[wolf] = 1;
  hurt(sim, slot, PLAYER, SLASH, wolf);
  step(arena, creatureOf(WOLF).respawnTicks - 1);
  expect([columns.health[wolf], columns.positionX[wolf]]).toEqual([0, 20_000 * 128]);
  step(arena);
  expect([columns.health[wolf], fromHomeMm(arena, wolf), columns.mood[wolf]]).toEqual([40, 0, MOOD_HOME]);
});
