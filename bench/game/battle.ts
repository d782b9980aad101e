// The shipped game in full fight, without rings and clients: players who strafe, turn on each other and use all four
// abilities, among creatures that do the same. History is published each tick, as in a zone, so that hits are judged in
// the past; events are counted and dropped. Allocates nothing a tick by itself.

import { REWIND_TICKS_MAX } from '../../src/base/limits.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { BUTTON_JUMP, BUTTON_SPRINT } from '../../src/game/movement.ts';
import { spawnCreature } from '../../src/game/creatures.ts';
import { game } from '../../src/game/game.ts';
import { createPast, type Past, positionAt } from '../../src/rewind/past.ts';
import { createHistory, type History, historyBytes, publishFrame } from '../../src/sim/history.ts';
import { createSimulation } from '../../src/sim/simulation.ts';
import { createWorld, resetWorld, spawnEntity, type World } from '../../src/sim/world.ts';

type GameSimulation = Parameters<NonNullable<typeof game.join>>[0];

export interface Battle {
  readonly world: World;
  readonly sim: GameSimulation;
  readonly history: History;
  readonly random: Random;
  readonly firstPlayer: number;
  readonly players: number;
  /** Events so far. */
  told: number;
}

const CAPACITY = 4096;

/** @param spreadMm half the side of the square that all are spread over */
export function createBattle(players: number, creatures: number, spreadMm: number, seed: number): Battle {
  const world = createWorld(game.allColumns, CAPACITY);
  resetWorld(world, seed);
  const history = createHistory(game.rows, CAPACITY, new ArrayBuffer(historyBytes(game.rows, CAPACITY)));
  const past: Past = createPast(history, world);
  const tell = (): void => {
    battle.told++;
  };
  const sim = createSimulation(game, world, seed, {
    emit: tell,
    emitNear: tell,
    positionAt: (slot, ticksBack, out) => positionAt(past, slot, ticksBack, out),
    rewindTicks: (slot) => (world.columns.client[slot] === 0 ? 0 : (slot * 7) % (REWIND_TICKS_MAX + 1)),
    nameOf: () => '',
    findPlayer: () => -1,
  }) as GameSimulation;
  const random = createRandom(seed);
  const place = (): number => (random.below(2 * spreadMm) - spreadMm) * 128;
  for (let creature = 0; creature < creatures; creature++) {
    spawnCreature(sim, 2 + (creature % 3), 1 + (creature >> 2), place(), place());
  }
  const battle: Battle = { world, sim, history, random, firstPlayer: creatures, players, told: 0 };
  for (let player = 0; player < players; player++) {
    const slot = spawnEntity(world, game.kinds.player);
    world.columns.client[slot] = player + 1;
    world.columns.positionX[slot] = place();
    world.columns.positionZ[slot] = place();
    world.columns.health[slot] = 100;
    game.join!(sim, slot, false);
  }
  publishFrame(history, world);
  return battle;
}

/** Everyone changes its mind now and then; who is dead asks to come back. */
export function wish(battle: Battle): void {
  const { random, firstPlayer, players, world } = battle;
  const { moveX, moveZ, aim, buttons, health, wantsRespawn, ability, reach } = world.columns;
  for (let slot = firstPlayer; slot < firstPlayer + players; slot++) {
    const drawn = random.u32();
    if (drawn < 0x600_0000) {
      moveX[slot] = random.below(255) - 127;
      moveZ[slot] = random.below(255) - 127;
      if (random.below(3) === 0) {
        moveX[slot] = 0;
        moveZ[slot] = 0;
      }
      buttons[slot] = (random.below(3) === 0 ? BUTTON_SPRINT : 0) | (random.below(8) === 0 ? BUTTON_JUMP : 0);
    }
    if ((drawn & 0xff) < 12) {
      aim[slot] = random.below(65_536);
      ability![slot] = random.below(5);
      reach![slot] = random.below(2600);
    }
    if (health![slot] === 0 && (drawn & 0xff00) === 0) wantsRespawn![slot] = 1;
  }
}
