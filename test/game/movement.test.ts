import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../../src/base/random.ts';
import { STAMINA_MAX } from '../../src/game/abilities.ts';
import type { DarkAges } from '../../src/game/columns.ts';
import { game } from '../../src/game/game.ts';
import {
  buildFieldMap,
  createFieldMap,
  type FieldMap,
  findFreeSpot,
  isFreeSpot,
  LOW_TOP,
  PLAYER_RADIUS,
  WORLD_HALF_MM,
} from '../../src/game/map.ts';
import {
  BUTTON_JUMP,
  BUTTON_SPRINT,
  JUMP_CM_PER_S,
  JUMP_STAMINA,
  runMovement,
  SPRINT_CM_PER_S,
  SPRINT_STAMINA,
  STAMINA_PER_TICK,
  stepOf,
  TURN_PER_TICK,
  turnTowards,
  WALK_CM_PER_S,
} from '../../src/game/movement.ts';
import { POSITION_SHIFT } from '../../src/sim/game.ts';
import { createHistory, frameOffset, type History, historyBytes, publishFrame, ROWS } from '../../src/sim/history.ts';
import { createSimulation, NO_SURROUNDINGS, predictStep, stepSimulation } from '../../src/sim/simulation.ts';
import { advanceTick, createWorld, resetWorld, spawnEntity, type World, worldTick } from '../../src/sim/world.ts';
import { crowdedMap } from './crowded-map.ts';

type GameSimulation = DarkAges;

function makeWorld(capacity: number, map: FieldMap): { world: World; sim: GameSimulation } {
  const world = createWorld(game.allColumns, capacity);
  resetWorld(world, 1);
  const sim = createSimulation({ ...game, createMap: () => map }, world, 1, NO_SURROUNDINGS) as GameSimulation;
  return { world, sim };
}

/** In full health and with all its breath. */
function spawnAlive(world: World): void {
  const slot = spawnEntity(world, 1);
  world.columns.health![slot] = 100;
  world.columns.stamina![slot] = STAMINA_MAX;
}

function place({ columns, map }: GameSimulation, slot: number, x: number, z: number): void {
  const spot = { x, z };
  findFreeSpot(map, spot);
  columns.positionX[slot] = spot.x;
  columns.positionZ[slot] = spot.z;
}

function drawInput({ columns }: GameSimulation, slot: number, random: Random): void {
  // One in eight is more than a client may send: movement itself holds the limit.
  const range = random.below(8) === 0 ? 32_767 : 127;
  columns.moveX[slot] = random.below(2 * range + 1) - range;
  columns.moveZ[slot] = random.below(2 * range + 1) - range;
  columns.aim[slot] = random.below(65_536);
  columns.buttons[slot] = random.below(4);
}

/** One tick of everyone, and what must hold of it. */
function stepChecked(sim: GameSimulation): void {
  const { kind, positionX, positionY, positionZ, buttons, velocityX, velocityZ, facing, aim } = sim.columns;
  const before = { x: positionX.slice(), z: positionZ.slice(), facing: facing.slice() };
  runMovement(sim);
  for (let slot = 0; slot < sim.slotCount; slot++) {
    if (kind[slot] === 0) continue;
    const cmPerS = (buttons[slot]! & BUTTON_SPRINT) !== 0 ? SPRINT_CM_PER_S : WALK_CM_PER_S;
    const dx = positionX[slot]! - before.x[slot]!;
    const dz = positionZ[slot]! - before.z[slot]!;
    // 60 ticks of it in 1/128 mm, against the limit in the same: no rounding on either side.
    if (3600 * (dx * dx + dz * dz) > (cmPerS * 10 * 128) ** 2)
      throw new Error(`slot ${slot} is too fast: ${dx}, ${dz}`);
    if (velocityX[slot]! ** 2 + velocityZ[slot]! ** 2 > cmPerS ** 2)
      throw new Error(`slot ${slot} claims to be too fast`);
    const overLow = positionY[slot]! >= LOW_TOP;
    if (!isFreeSpot(sim.map, positionX[slot]!, positionZ[slot]!, overLow))
      throw new Error(`slot ${slot} is inside a box`);
    const turned = ((facing[slot]! - before.facing[slot]!) << 16) >> 16;
    const wanted = ((aim[slot]! - before.facing[slot]!) << 16) >> 16;
    const exact = Math.max(-TURN_PER_TICK, Math.min(wanted, TURN_PER_TICK));
    if (turned !== exact) throw new Error(`slot ${slot} turned by ${turned} instead of ${exact}`);
  }
}

describe('whatever is sent, nobody is inside a box, outside the field, or too fast', () => {
  test('on crowded fields', () => {
    fc.assert(
      fc.property(crowdedMap, fc.integer(), (map, seed) => {
        const { world, sim } = makeWorld(9, map);
        const random = createRandom(seed);
        for (let slot = 0; slot < 9; slot++) {
          spawnAlive(world);
          place(sim, slot, (random.below(20_000) - 10_000) * 128, (random.below(20_000) - 10_000) * 128);
        }
        for (let tick = 0; tick < 240; tick++) {
          for (let slot = 0; slot < 9; slot++) if (random.below(40) === 0) drawInput(sim, slot, random);
          stepChecked(sim);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('on the shipped field', () => {
    const { world, sim } = makeWorld(300, createFieldMap(1));
    const random = createRandom(2);
    const span = 2 * WORLD_HALF_MM;
    for (let slot = 0; slot < 300; slot++) {
      spawnAlive(world);
      place(sim, slot, (random.below(span) - span / 2) * 128, (random.below(span) - span / 2) * 128);
    }
    for (let tick = 0; tick < 900; tick++) {
      for (let slot = 0; slot < 300; slot++) if (random.below(120) === 0) drawInput(sim, slot, random);
      stepChecked(sim);
    }
  });
});

describe('one player', () => {
  // A wall from x = 2 m to 4 m, z = −20 m to 20 m.
  const wall = buildFieldMap([2000, -20_000, 4000, 20_000], 50_000);

  function walk(ticks: number, input: { x: number; z: number; buttons?: number }, map = wall, from = { x: 0, z: 0 }) {
    const { world, sim } = makeWorld(1, map);
    spawnAlive(world);
    place(sim, 0, from.x, from.z);
    sim.columns.moveX[0] = input.x;
    sim.columns.moveZ[0] = input.z;
    sim.columns.buttons[0] = input.buttons ?? 0;
    for (let tick = 0; tick < ticks; tick++) runMovement(sim);
    return { x: sim.columns.positionX[0]!, z: sim.columns.positionZ[0]!, columns: sim.columns };
  }

  test('walks 5 m and sprints 7.5 m in a second', () => {
    expect(walk(60, { x: 0, z: 127 }).z).toBe(60 * 10_666);
    expect(walk(60, { x: 0, z: 127, buttons: BUTTON_SPRINT }).z).toBe(7500 << POSITION_SHIFT);
    expect(walk(60, { x: 0, z: -127, buttons: BUTTON_SPRINT }).z).toBe(-7500 << POSITION_SHIFT);
    const { columns } = walk(1, { x: -127, z: 0, buttons: BUTTON_SPRINT });
    expect([columns.velocityX[0], columns.velocityZ[0]]).toEqual([-750, 0]);
  });

  test('a step is the velocity rounded towards zero, the same forth and back', () => {
    for (let velocity = 0; velocity <= 2000; velocity++) {
      expect(stepOf(velocity)).toBe(Number((BigInt(velocity) * 64n) / 3n));
      expect(stepOf(-velocity) + stepOf(velocity)).toBe(0);
    }
  });

  test('stops at a wall, touching it, and slides along it with the rest of its step', () => {
    expect(walk(600, { x: 127, z: 0 })).toMatchObject({ x: (2000 << POSITION_SHIFT) - PLAYER_RADIUS, z: 0 });
    const slid = walk(120, { x: 127, z: 127 });
    expect(slid.x).toBe((2000 << POSITION_SHIFT) - PLAYER_RADIUS);
    expect(slid.z).toBe(120 * stepOf(slid.columns.velocityZ[0]!));
    expect(slid.columns.velocityX[0]).toBe(353);
  });

  test('slides round a corner: head on beside the wall’s end it comes past', () => {
    const from = { x: 0, z: (20_000 << POSITION_SHIFT) + (PLAYER_RADIUS >> 1) };
    expect(walk(240, { x: 127, z: 0 }, wall, from).x).toBeGreaterThan(5000 << POSITION_SHIFT);
  });

  test('does not pass a wall of a millimetre at a sprint', () => {
    const thin = buildFieldMap([2000, -20_000, 2001, 20_000], 50_000);
    expect(walk(600, { x: 127, z: 3, buttons: 1 }, thin).x).toBe((2000 << POSITION_SHIFT) - PLAYER_RADIUS);
  });

  test('stops in the corner of two walls and at the edge of the field', () => {
    const corner = buildFieldMap([2000, -20_000, 4000, 20_000, -20_000, 2000, 4000, 4000], 50_000);
    const at = (2000 << POSITION_SHIFT) - PLAYER_RADIUS;
    expect(walk(600, { x: 127, z: 90 }, corner)).toMatchObject({ x: at, z: at });
    const edge = (50_000 << POSITION_SHIFT) - PLAYER_RADIUS;
    expect(walk(1200, { x: -127, z: -127, buttons: 1 }, wall)).toMatchObject({ x: -edge, z: -edge });
  });
});

describe('stamina and jumping', () => {
  function alone(map = buildFieldMap([], 50_000)): GameSimulation {
    const { world, sim } = makeWorld(1, map);
    spawnAlive(world);
    return sim;
  }

  test('a sprint lasts 250 ticks, then it is a walk until the key is let go; resting takes 500', () => {
    const sim = alone();
    const { moveX, buttons, stamina, velocityX } = sim.columns;
    moveX[0] = 127;
    buttons[0] = BUTTON_SPRINT;
    let sprinted = 0;
    for (let tick = 0; tick < 400; tick++) {
      runMovement(sim);
      if (velocityX[0] === SPRINT_CM_PER_S) sprinted++;
    }
    expect([sprinted, stamina[0], velocityX[0]]).toEqual([STAMINA_MAX / SPRINT_STAMINA, 0, WALK_CM_PER_S]);
    buttons[0] = 0;
    let rested = 0;
    while (stamina[0]! < STAMINA_MAX) {
      runMovement(sim);
      rested++;
    }
    expect(rested).toBe(STAMINA_MAX / STAMINA_PER_TICK);
  });

  test('a jump rises 1.2 m, comes down to the ground exactly, and costs stamina once', () => {
    const sim = alone();
    const { buttons, positionY, velocityY, stamina } = sim.columns;
    buttons[0] = BUTTON_JUMP;
    runMovement(sim);
    expect(stamina[0]).toBe(STAMINA_MAX - JUMP_STAMINA + STAMINA_PER_TICK);
    buttons[0] = 0;
    let top = 0;
    let ticks = 1;
    for (; positionY[0]! > 0; ticks++) {
      top = Math.max(top, positionY[0]!);
      runMovement(sim);
    }
    expect(top >> POSITION_SHIFT).toBeGreaterThan(1150);
    expect(top >> POSITION_SHIFT).toBeLessThan(1300);
    expect([positionY[0], velocityY[0]]).toEqual([0, 0]);
    expect(ticks).toBeLessThan(50);
    buttons[0] = BUTTON_JUMP;
    stamina[0] = JUMP_STAMINA - 5;
    runMovement(sim);
    expect(positionY[0]).toBe(0);
  });

  test('a low wall stops feet, a jump gets onto it and over it; a tall one stops jumpers too', () => {
    for (const [tall, passes] of [
      [0, true],
      [1, false],
    ] as const) {
      const sim = alone(buildFieldMap([3000, -5000, 7000, 5000], 50_000, [tall]));
      const { moveX, buttons, positionX, positionY } = sim.columns;
      moveX[0] = 127;
      for (let tick = 0; tick < 120; tick++) runMovement(sim);
      expect(positionX[0]).toBe((3000 << POSITION_SHIFT) - PLAYER_RADIUS);
      buttons[0] = BUTTON_JUMP;
      let stood = false;
      for (let tick = 0; tick < 180; tick++) {
        runMovement(sim);
        stood ||= positionY[0] === LOW_TOP;
      }
      expect(positionX[0]! > 7000 << POSITION_SHIFT).toBe(passes);
      expect(stood).toBe(passes);
    }
  });

  test('the dead neither move nor turn, but fall', () => {
    const sim = alone();
    const { moveX, aim, facing, health, positionX, positionY, velocityX } = sim.columns;
    health[0] = 0;
    moveX[0] = 127;
    aim[0] = 9000;
    positionY[0] = 50_000;
    for (let tick = 0; tick < 60; tick++) runMovement(sim);
    expect([positionX[0], positionY[0], velocityX[0], facing[0]]).toEqual([0, 0, 0, 0]);
  });
});

test('turning takes the shortest way, at most 2,184 a tick, and arrives exactly', () => {
  fc.assert(
    fc.property(fc.nat(65_535), fc.nat(65_535), (from, aim) => {
      const way = Math.min((aim - from) & 0xffff, (from - aim) & 0xffff);
      let facing = from;
      let ticks = 0;
      for (; facing !== aim && ticks < 40; ticks++) facing = turnTowards(facing, aim);
      expect(ticks).toBe(Math.ceil(way / TURN_PER_TICK));
    }),
  );
  expect(60 * TURN_PER_TICK).toBeLessThanOrEqual(game.limits.turnPerS);
});

/** What a client that owns `slot` is sent of it: each column put together from its rows. */
function receive(history: History, world: World, slot: number, client: World): void {
  const at = frameOffset(history, worldTick(world)) + slot * history.stride + ROWS;
  for (const column of new Set(history.rows.map((row) => row.column))) client.columns[column]![0] = 0;
  for (const [index, row] of history.rows.entries()) {
    client.columns[row.column]![0]! |= history.records[at + index]! << row.shift;
  }
}

/** Boxes of 2 m, 3 m apart, low and tall in turn, so that everybody meets many. */
function checkered(): FieldMap {
  const boxesMm: number[] = [];
  const tall: number[] = [];
  for (let x = -40_000; x < 40_000; x += 5000) {
    for (let z = -40_000; z < 40_000; z += 5000) {
      if (x === 0 && z === 0) continue;
      boxesMm.push(x, z, x + 2000, z + 2000);
      tall.push((x / 5000 + z / 5000) & 1);
    }
  }
  return buildFieldMap(boxesMm, 50_000, tall);
}

const PREDICTED = [
  'positionX',
  'positionY',
  'positionZ',
  'facing',
  'velocityX',
  'velocityY',
  'velocityZ',
  'stamina',
] as const;

test('prediction: a client with only what it is sent, alone at slot 0, gets the bits of the server’s slot 37', () => {
  const map = checkered();
  const { world, sim } = makeWorld(64, map);
  const client = makeWorld(1, map);
  const history = createHistory(game.rows, 64, new ArrayBuffer(historyBytes(game.rows, 64)));
  const random = createRandom(5);
  for (let slot = 0; slot < 64; slot++) {
    spawnEntity(world, 1);
    game.join!(sim, slot, true);
    place(sim, slot, (random.below(80_000) - 40_000) * 128, (random.below(80_000) - 40_000) * 128);
  }
  spawnEntity(client.world, 1);
  let contacts = 0;
  let jumps = 0;
  let onBoxes = 0;
  let breathless = 0;
  for (let tick = 0; tick < 6000; tick++) {
    if (tick % 50 === 0) {
      sim.columns.stamina[37] = random.below(STAMINA_MAX + 1);
      publishFrame(history, world);
      receive(history, world, 37, client.world);
    }
    for (let slot = 0; slot < 64; slot++) if (random.below(90) === 0) drawInput(sim, slot, random);
    for (const name of ['moveX', 'moveZ', 'aim', 'buttons'] as const) {
      client.sim.columns[name][0] = sim.columns[name][37]!;
    }
    advanceTick(world);
    const beforeX = sim.columns.positionX[37]!;
    stepSimulation(game, sim);
    predictStep(game, client.sim, client.world);
    if (sim.columns.velocityY[37] === JUMP_CM_PER_S - 33) jumps++;
    if (sim.columns.positionY[37] === LOW_TOP) onBoxes++;
    if (sim.columns.stamina[37]! < SPRINT_STAMINA) breathless++;
    if (sim.columns.positionX[37]! - beforeX !== stepOf(sim.columns.velocityX[37]!)) contacts++;
    for (const name of PREDICTED) {
      if (client.sim.columns[name][0] !== sim.columns[name][37]) throw new Error(`${name} differs in tick ${tick}`);
    }
  }
  expect(Math.min(contacts, jumps, onBoxes, breathless), `${[contacts, jumps, onBoxes, breathless]}`).toBeGreaterThan(
    9,
  );
});
