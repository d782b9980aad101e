import { describe, expect, test } from 'vitest';
import { ABILITIES, BOLT, INTERRUPTED_TICKS, MEND, METEOR, REASONS, SLASH } from '../../src/game/abilities.ts';
import { hurt } from '../../src/game/damage.ts';
import { AREA, LOOT, PLAYER, PROJECTILE, TROLL, WOLF } from '../../src/game/kinds.ts';
import { buildFieldMap } from '../../src/game/map.ts';
import { type Arena, addCreature, addPlayer, createArena, face, press, put, reasonsOf, step } from './arena.ts';

const wall = buildFieldMap([1000, -5000, 1500, 5000], 200_000);

/** Presses and says which reason the caster was given; 0 when the ability was begun. */
function reasonOf(arena: Arena, slot: number, ability: number, target = -1, reachCm = 0): number {
  arena.told.length = 0;
  press(arena, slot, ability, target, reachCm);
  step(arena, 6);
  return reasonsOf(arena, slot)[0] ?? 0;
}

describe('refused, with a reason', () => {
  test('the dead, in a cast, in cooldown, without mana', () => {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    arena.columns.health[slot] = 0;
    arena.columns.deadUntil[slot] = 1_000_000;
    expect(reasonOf(arena, slot, SLASH)).toBe(REASONS.dead);
    arena.columns.health[slot] = 100;
    expect(reasonOf(arena, slot, METEOR)).toBe(0);
    expect(reasonOf(arena, slot, SLASH)).toBe(REASONS.casting);
    step(arena, 60);
    expect(reasonOf(arena, slot, METEOR)).toBe(REASONS.cooldown);
    arena.columns.mana[slot] = ABILITIES[BOLT]!.mana - 2;
    expect(reasonOf(arena, slot, BOLT)).toBe(REASONS.mana);
    expect(arena.columns.castAbility[slot]).toBe(0);
  });

  test('targets: unknown, recycled, out of sight range, of a wrong kind, dead, oneself, the own party', () => {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    const other = addPlayer(arena, 1500, 0);
    const { columns, sim } = arena;
    columns.target[slot] = 0x7fff_0001;
    columns.ability[slot] = SLASH;
    step(arena);
    expect(reasonsOf(arena, slot)).toEqual([REASONS.unknownTarget]);
    const gone = sim.spawn(LOOT);
    const handle = sim.handle(gone);
    sim.despawn(gone);
    columns.endTick[sim.spawn(LOOT)] = 1_000_000;
    columns.ability[slot] = 0;
    step(arena, 6);
    columns.ability[slot] = SLASH;
    columns.target[slot] = handle;
    step(arena);
    expect(reasonsOf(arena, slot)).toEqual([REASONS.unknownTarget, REASONS.unknownTarget]);
    columns.ability[slot] = 0;
    step(arena, 6);
    const far = addPlayer(arena, 50_500, 0);
    expect(reasonOf(arena, slot, SLASH, far)).toBe(REASONS.unknownTarget);
    const loot = sim.spawn(LOOT);
    columns.positionZ[loot] = 5000 * 128;
    columns.endTick[loot] = 1_000_000;
    expect(reasonOf(arena, slot, BOLT, loot)).toBe(REASONS.badTarget);
    expect(reasonOf(arena, slot, SLASH, slot)).toBe(REASONS.badTarget);
    columns.party[slot] = 3;
    columns.party[other] = 3;
    expect(reasonOf(arena, slot, SLASH, other)).toBe(REASONS.party);
    columns.party[other] = 4;
    expect(reasonOf(arena, slot, MEND, other)).toBe(REASONS.party);
    columns.health[other] = 0;
    columns.deadUntil[other] = 1_000_000;
    expect(reasonOf(arena, slot, SLASH, other)).toBe(REASONS.badTarget);
  });

  test('range, sight, facing', () => {
    const arena = createArena(wall);
    const slot = addPlayer(arena, 0, 0);
    const behindWall = addPlayer(arena, 2200, 0);
    const beside = addPlayer(arena, 0, 2500);
    const far = addPlayer(arena, 0, 40_000);
    expect(reasonOf(arena, slot, SLASH, behindWall)).toBe(REASONS.unknownTarget);
    expect(reasonOf(arena, slot, SLASH, beside)).toBe(REASONS.facing);
    expect(reasonOf(arena, slot, BOLT, far)).toBe(REASONS.range);
    expect(reasonOf(arena, slot, METEOR, -1, 2600)).toBe(REASONS.range);
    expect(reasonOf(arena, slot, METEOR, -1, 800)).toBe(REASONS.sight);
    face(arena, slot, 16_384);
    expect(reasonOf(arena, slot, SLASH, beside)).toBe(0);
    expect(reasonOf(arena, slot, METEOR, -1, 800)).toBe(0);
  });

  test('who was seen when the caster decided, and is behind a wall by now, is no stranger but out of sight', () => {
    const arena = createArena(wall);
    const slot = addPlayer(arena, 0, 5500);
    const other = addPlayer(arena, 2200, 5600);
    step(arena, 4);
    put(arena, slot, 0, 4000);
    step(arena);
    arena.rewind.set(slot, 3);
    expect(reasonOf(arena, slot, SLASH, other)).toBe(REASONS.sight);
    expect(reasonOf(arena, slot, SLASH, other)).toBe(REASONS.unknownTarget);
  });

  test('is told once a press, however long the key is held, and at most ten times a second; each press is counted', () => {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    arena.columns.mana[slot] = 0;
    arena.columns.ability[slot] = MEND;
    step(arena, 60);
    expect(reasonsOf(arena, slot)).toEqual([REASONS.mana]);
    expect(arena.refusals[REASONS.mana - 1]).toBe(1);
    arena.told.length = 0;
    for (let tick = 0; tick < 60; tick++) {
      arena.columns.ability[slot] = tick % 2 === 0 ? METEOR : MEND;
      step(arena);
    }
    expect(reasonsOf(arena, slot).length).toBe(10);
    expect(arena.refusals[REASONS.mana - 1]).toBe(61);
    expect(arena.refusals.reduce((sum, count) => sum + count)).toBe(61);
  });
});

describe('in one tick', () => {
  /** Two who look at each other from `apartMm`; each has 5 points left. */
  function createDuel(apartMm: number) {
    const arena = createArena();
    const slots = [addPlayer(arena, 0, 0), addPlayer(arena, apartMm, 0)];
    face(arena, slots[1]!, 32_768);
    for (const slot of slots) {
      arena.columns.health[slot] = 5;
      arena.columns.combatTick[slot] = arena.sim.tick;
    }
    // The past is that of where they stand now.
    step(arena, 20);
    return { arena, slots, columns: arena.columns };
  }

  test.each([
    ['slash', SLASH, 1500],
    ['bolt', BOLT, 3000],
  ])('two who kill each other with a %s both die, and both have killed', (_, ability, apartMm) => {
    const { arena, slots, columns } = createDuel(apartMm);
    for (const slot of slots) columns.ability[slot] = ability;
    step(arena);
    for (const slot of slots) columns.ability[slot] = 0;
    step(arena, ABILITIES[ability]!.castTicks);
    expect(slots.map((slot) => [columns.health[slot], columns.kills[slot], columns.deaths[slot]])).toEqual([
      [0, 1, 1],
      [0, 1, 1],
    ]);
    expect(arena.refusals.reduce((sum, count) => sum + count)).toBe(0);
  });

  test('who is healed in the tick of a deadly blow lives, and a bolt that is let go is not broken off by another', () => {
    for (const turn of [0, 1]) {
      const { arena, slots, columns } = createDuel(1500);
      const [mends, strikes] = [slots[turn]!, slots[1 - turn]!];
      press(arena, mends, MEND);
      step(arena, ABILITIES[MEND]!.castTicks - 1);
      press(arena, strikes, SLASH);
      expect(columns.health[mends]).toBe(5 + ABILITIES[MEND]!.amount - ABILITIES[SLASH]!.amount);
    }
    const { arena, slots, columns } = createDuel(3000);
    for (const slot of slots) columns.health[slot] = 100;
    for (const slot of slots) columns.ability[slot] = BOLT;
    step(arena, 1 + ABILITIES[BOLT]!.castTicks);
    expect(slots.map((slot) => columns.health[slot])).toEqual(Array(2).fill(100 - ABILITIES[BOLT]!.amount));
    expect(slots.flatMap((slot) => reasonsOf(arena, slot))).toEqual([]);
  });
});

/** What a player behind a wall is told, pays and is counted for when it uses an ability on the handle of an entity. */
function answerFor(ability: number, rewind: number, makeHandle: (arena: Arena, own: number) => number): unknown {
  const arena = createArena(wall);
  const slot = addPlayer(arena, 0, 0);
  const handle = makeHandle(arena, slot);
  step(arena, 20);
  arena.rewind.set(slot, rewind);
  arena.columns.ability[slot] = ability;
  arena.columns.target[slot] = handle;
  step(arena);
  arena.columns.ability[slot] = 0;
  step(arena, 90);
  const own = Object.entries(arena.columns).map(([name, column]) => [name, name === 'target' ? 0 : column[slot]]);
  return [arena.told.filter(({ to }) => to === slot), own, [...arena.refusals]];
}

describe('who guesses handles learns nothing of what it does not see', () => {
  const HIDDEN = { behindWall: [2200, 0], far: [-50_500, 0] } as const;
  const MAKERS: Record<string, (arena: Arena, at: readonly [number, number], own: number) => number> = {
    player: (arena, at) => addPlayer(arena, ...at),
    dead: (arena, at) => {
      const other = addPlayer(arena, ...at);
      arena.columns.health[other] = 0;
      arena.columns.deadUntil[other] = 1_000_000;
      return other;
    },
    friend: (arena, at, own) => {
      const other = addPlayer(arena, ...at);
      arena.columns.party[own] = 3;
      arena.columns.party[other] = 3;
      return other;
    },
    troll: (arena, at) => addCreature(arena, TROLL, ...at),
    loot: (arena, at) => {
      const other = arena.sim.spawn(LOOT);
      put(arena, other, ...at);
      arena.columns.endTick[other] = 1_000_000;
      return other;
    },
  };

  test.each(Object.keys(MAKERS))('hidden %s: the same answer as for nobody', (name) => {
    for (const at of Object.values(HIDDEN)) {
      for (const ability of [SLASH, BOLT, MEND]) {
        for (const rewind of [0, 15]) {
          const make = (arena: Arena, own: number) => arena.sim.handle(MAKERS[name]!(arena, at, own));
          const answer = answerFor(ability, rewind, make);
          const nobody = answerFor(ability, rewind, (arena, own) => make(arena, own) ^ 0x10_0000);
          expect(answer).toEqual(nobody);
        }
      }
    }
  });

  test.each(Object.keys(MAKERS))('%s in sight: another answer', (name) => {
    const make = (arena: Arena, own: number) => arena.sim.handle(MAKERS[name]!(arena, [0, 40_000], own));
    const nobody = answerFor(BOLT, 15, (arena, own) => make(arena, own) ^ 0x10_0000);
    expect(answerFor(BOLT, 15, make)).not.toEqual(nobody);
  });
});

describe('casts', () => {
  test('take their time, then their mana, then a cooldown; a held key begins again', () => {
    const arena = createArena();
    const { columns, sim } = arena;
    const slot = addPlayer(arena, 0, 0);
    const { castTicks, cooldownTicks, mana } = ABILITIES[BOLT]!;
    columns.ability[slot] = BOLT;
    step(arena);
    const begun = sim.tick;
    expect([columns.castAbility[slot], columns.castUntil[slot]]).toEqual([BOLT, begun + castTicks]);
    step(arena, castTicks - 1);
    expect([columns.castAbility[slot], columns.actedTick[slot]]).toEqual([BOLT, 0]);
    expect(columns.mana[slot]).toBe(100);
    step(arena);
    expect([columns.castAbility[slot], columns.actedAbility[slot], columns.actedTick[slot]]).toEqual([
      0,
      BOLT,
      sim.tick,
    ]);
    expect(columns.mana[slot]).toBeLessThanOrEqual(100 - mana + 1);
    expect(columns.readyTick2[slot]).toBe(sim.tick + cooldownTicks);
    step(arena, cooldownTicks - 1);
    expect(columns.castAbility[slot]).toBe(0);
    step(arena);
    expect(columns.castAbility[slot]).toBe(BOLT);
  });

  test('moving or jumping breaks a meteor off, not a bolt; nothing is paid, and it is back in half a second', () => {
    for (const [ability, column, breaks] of [
      [METEOR, 'moveX', true],
      [METEOR, 'buttons', true],
      [MEND, 'moveX', true],
      [BOLT, 'moveX', false],
    ] as const) {
      const arena = createArena();
      const slot = addPlayer(arena, 0, 0);
      press(arena, slot, ability);
      arena.columns[column][slot] = 2;
      step(arena, 2);
      expect(arena.columns.castAbility[slot]).toBe(breaks ? 0 : ability);
      expect(reasonsOf(arena, slot)).toEqual(breaks ? [REASONS.moved] : []);
      expect(arena.columns.mana[slot]).toBe(100);
      arena.columns[column][slot] = 0;
      step(arena, INTERRUPTED_TICKS);
      if (column !== 'buttons' && breaks) expect(reasonOf(arena, slot, ability)).toBe(0);
    }
  });

  test('while moving a meteor is not even begun', () => {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    arena.columns.moveZ[slot] = 100;
    expect(reasonOf(arena, slot, METEOR)).toBe(REASONS.moved);
  });

  test('a big hit breaks a cast off, a small one does not, death does', () => {
    const arena = createArena();
    const slot = addPlayer(arena, 0, 0);
    const other = addPlayer(arena, 9000, 9000);
    press(arena, slot, METEOR);
    hurt(arena.sim, other, PLAYER, SLASH, slot);
    expect(arena.columns.castAbility[slot]).toBe(METEOR);
    hurt(arena.sim, other, PLAYER, BOLT, slot);
    expect(arena.columns.castAbility[slot]).toBe(0);
    expect(reasonsOf(arena, slot)).toEqual([REASONS.hit]);
    step(arena, INTERRUPTED_TICKS);
    press(arena, slot, METEOR);
    arena.columns.health[slot] = 1;
    hurt(arena.sim, other, PLAYER, SLASH, slot);
    expect(arena.columns.castAbility[slot]).toBe(0);
    step(arena, 80);
    expect([...arena.columns.kind].filter((kind) => kind === AREA)).toEqual([]);
  });

  test('a target that is gone or hidden when the cast is done gets nothing', () => {
    const arena = createArena(wall);
    const slot = addPlayer(arena, 0, 0);
    const friend = addPlayer(arena, 0, 9000);
    arena.columns.party[slot] = 1;
    arena.columns.party[friend] = 1;
    arena.columns.health[friend] = 50;
    press(arena, slot, MEND, friend);
    arena.columns.positionX[friend] = 3000 * 128;
    arena.columns.positionZ[friend] = 0;
    step(arena, 70);
    expect(reasonsOf(arena, slot)).toEqual([REASONS.unknownTarget]);
    expect(arena.columns.health[friend]).toBeLessThan(60);
  });
});

test('creatures use the same columns: a wolf bites what a player would slash', () => {
  const arena = createArena();
  const wolf = addCreature(arena, WOLF, 0, 0);
  const slot = addPlayer(arena, 1500, 0);
  face(arena, wolf, 0);
  step(arena, 120);
  expect(arena.columns.health[slot]).toBeLessThan(100);
  expect([...arena.columns.kind].includes(PROJECTILE)).toBe(false);
});
