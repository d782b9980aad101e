// The shipped game in full fight, without rings and clients: players who strafe, turn on each other and use all four
// abilities, among creatures that do the same. History is published each tick, as in a zone, so that hits are judged in
// the past; events are encoded, counted and dropped. Allocates nothing a tick by itself.

import { Writer } from '../../src/base/bytes.ts';
import { REWIND_TICKS_MAX } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import { spawnCreature } from '../../src/game/creatures.ts';
import { game } from '../../src/game/game.ts';
import { BUTTON_JUMP, BUTTON_SPRINT } from '../../src/game/movement.ts';
import { findNear, found } from '../../src/game/nearby.ts';
import { createPast, type Past, positionAt } from '../../src/rewind/past.ts';
import { POSITION_SHIFT, type Simulation } from '../../src/sim/game.ts';
import { createHistory, type History, historyBytes, publishFrame } from '../../src/sim/history.ts';
import { createSimulation } from '../../src/sim/simulation.ts';
import { createWorld, resetWorld, spawnEntity, type World, worldTick } from '../../src/sim/world.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { RECORD_BYTES_MAX } from '../../src/wire/zone-records.ts';
import { type Commits, createCommits, resetCommits, transferAsset } from '../../src/zone/commits.ts';
import { createEvents, writeEvent } from '../../src/zone/events.ts';

type GameSimulation = Parameters<NonNullable<typeof game.join>>[0];

export interface Battle {
  readonly world: World;
  readonly sim: GameSimulation;
  readonly history: History;
  /** Of `draw`. */
  readonly random: Int32Array;
  readonly firstPlayer: number;
  readonly players: number;
  /** Of this tick; `wish` begins it. */
  readonly commits: Commits;
  /** Events so far; each is encoded as a zone does it, then dropped. */
  told: number;
}

const CAPACITY = 4096;
const PARTY_PLAYERS = 5;
const NEAR_MM = 12_000;

/** @param spreadMm half the side of the square that all are spread over */
export function createBattle(players: number, creatures: number, spreadMm: number, seed: number): Battle {
  const world = createWorld(game.allColumns, CAPACITY);
  resetWorld(world, seed);
  const history = createHistory(game.rows, CAPACITY, new ArrayBuffer(historyBytes(game.rows, CAPACITY)));
  const past: Past = createPast(history, world);
  const events = createEvents(createMessages(game).serverEvent);
  const writer = new Writer(new Uint8Array(RECORD_BYTES_MAX));
  const tell: Simulation['emit'] = (event, _, values) => {
    writer.reset();
    writeEvent(events, writer, event, worldTick(world), values);
    battle.told++;
  };
  const commits = createCommits(game, world);
  const names = Array.from({ length: CAPACITY }, (_, slot) => (slot < creatures ? '' : `Player-${slot}`));
  const sim = createSimulation(game, world, seed, {
    emit: tell,
    emitNear: tell,
    positionAt: (slot, ticksBack, out) => positionAt(past, slot, ticksBack, out),
    rewindTicks: (slot) => (world.columns.client[slot] === 0 ? 0 : (slot * 7) % (REWIND_TICKS_MAX + 1)),
    nameOf: (slot) => names[slot]!,
    findPlayer: () => -1,
    transfer: (asset, amount, from, to) => transferAsset(commits, asset, amount, from, to),
    countRefusal: () => {},
    hasRoom: () => true,
  }) as GameSimulation;
  const random = Int32Array.of(seed);
  const places = createRandom(seed);
  const place = (): number => (places.below(2 * spreadMm) - spreadMm) * 128;
  for (let creature = 0; creature < creatures; creature++) {
    spawnCreature(sim, 2 + (creature % 3), 1 + (creature >> 2), place(), place());
  }
  const battle: Battle = { world, sim, history, random, firstPlayer: creatures, players, commits, told: 0 };
  for (let player = 0; player < players; player++) {
    const slot = spawnEntity(world, game.kinds.player);
    world.columns.client[slot] = player + 1;
    world.columns.playerLow[slot] = player + 1;
    world.columns.positionX[slot] = place();
    world.columns.positionZ[slot] = place();
    world.columns.health[slot] = 100;
    world.columns.mana[slot] = 100;
    game.join!(sim, slot, false);
    // Every other player has a party, of those who came before and after.
    if (player % 10 < PARTY_PLAYERS) {
      world.columns.party![slot] = 1 + Math.floor(player / 10);
      world.columns.partyRank![slot] = 1 + player;
    }
  }
  publishFrame(history, world);
  return battle;
}

/**
 * A whole number from 0 to below `limit`, at most 2¹⁶. Deliberate: not the engine's generator, whose 32 bits V8 may have
 * to put on the heap, and the heap is what is watched here. Numbers are Numerical Recipes' `ranqd1`.
 */
function draw(state: Int32Array, limit: number): number {
  const next = (Math.imul(state[0]!, 1_664_525) + 1_013_904_223) | 0;
  state[0] = next;
  return (next >>> 15) % limit;
}

/** Handle of somebody around: seen or hidden, foe or friend, in range or not. */
function pickNear(sim: GameSimulation, slot: number, random: Int32Array): number {
  const { positionX, positionZ } = sim.columns;
  const near = findNear(sim, positionX[slot]!, positionZ[slot]!, NEAR_MM << POSITION_SHIFT);
  return near === 0 ? 0 : sim.handle(found[draw(random, near)]!);
}

/** Everyone changes its mind now and then; who is dead asks to come back. */
export function wish(battle: Battle): void {
  const { random, firstPlayer, players, world, sim, commits } = battle;
  resetCommits(commits);
  const { moveX, moveZ, aim, buttons, health, wantsRespawn, ability, reach, target } = world.columns;
  for (let slot = firstPlayer; slot < firstPlayer + players; slot++) {
    const drawn = draw(random, 0x1_0000);
    if (drawn % 43 === 0) {
      const stands = draw(random, 3) === 0;
      moveX[slot] = stands ? 0 : draw(random, 255) - 127;
      moveZ[slot] = stands ? 0 : draw(random, 255) - 127;
      buttons[slot] = (draw(random, 3) === 0 ? BUTTON_SPRINT : 0) | (draw(random, 8) === 0 ? BUTTON_JUMP : 0);
    }
    if (drawn % 21 === 0) {
      aim[slot] = draw(random, 0x1_0000);
      ability![slot] = draw(random, 5);
      reach![slot] = draw(random, 2600);
      target![slot] = draw(random, 2) === 0 ? 0 : pickNear(sim, slot, random);
    }
    if (health![slot] === 0 && drawn % 256 === 0) wantsRespawn![slot] = 1;
  }
}
