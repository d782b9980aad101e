// The shipped game on a field of one's own, with everything a zone hands it: history to look back into, names, and
// events kept for the test to read. Positions are given in mm.

import type { Fields, IntField } from '../../src/base/fields.ts';
import type { Random } from '../../src/base/random.ts';
import { HEALTH_MAX, MANA_MAX, STAMINA_MAX } from '../../src/game/abilities.ts';
import { columnsOf, type DarkAges, type DarkAgesColumns } from '../../src/game/columns.ts';
import { spawnCreature } from '../../src/game/creatures.ts';
import { game } from '../../src/game/game.ts';
import { ITEMS } from '../../src/game/items.ts';
import { buildFieldMap, type FieldMap } from '../../src/game/map.ts';
import { createPast, positionAt } from '../../src/rewind/past.ts';
import { createHistory, type History, historyBytes, publishFrame } from '../../src/sim/history.ts';
import { createSimulation, stepSimulation } from '../../src/sim/simulation.ts';
import {
  advanceTick,
  createWorld,
  playerIdOf,
  resetWorld,
  setWorldTick,
  spawnEntity,
  type World,
} from '../../src/sim/world.ts';
import {
  beginCommand,
  type Commits,
  createCommits,
  endCommand,
  resetCommits,
  transferAsset,
} from '../../src/zone/commits.ts';

export interface Told {
  readonly tick: number;
  readonly event: string;
  /** Slot it was sent to, −1 everyone; of a near event the slot whose viewers got it. */
  readonly to: number;
  readonly isNear: boolean;
  readonly values: Readonly<Record<string, number | string>>;
}

export interface Arena {
  readonly world: World;
  readonly sim: DarkAges;
  readonly columns: DarkAgesColumns;
  readonly history: History;
  readonly told: Told[];
  /** How far back each slot's hits are judged; 0 where nothing stands. */
  readonly rewind: Map<number, number>;
  /** Refusals counted, by place in `game.rules`. */
  readonly refusals: Uint32Array;
  readonly names: Map<number, string>;
  /** What was promised since the last tick. */
  readonly commits: Commits;
}

export const OPEN = buildFieldMap([], 200_000);
/** Ticks are never small in a zone that has run for a while. */
const FIRST_TICK = 1000;

export function createArena(map: FieldMap = OPEN, capacity = 64, seed = 1): Arena {
  const world = createWorld(game.allColumns, capacity);
  resetWorld(world, seed);
  setWorldTick(world, FIRST_TICK);
  const commits = createCommits(game, world);
  const history = createHistory(game.rows, capacity, new ArrayBuffer(historyBytes(game.rows, capacity)));
  const past = createPast(history, world);
  const told: Told[] = [];
  const rewind = new Map<number, number>();
  const names = new Map<number, string>();
  const refusals = new Uint32Array(game.rules.length);
  const tell = (event: string, to: number, values: Told['values'], isNear: boolean): void => {
    told.push({ tick: sim.tick, event, to, isNear, values: { ...values } });
  };
  const sim = createSimulation({ ...game, createMap: () => map }, world, seed, {
    emit: (event, to, values) => tell(event, to, values, false),
    emitNear: (event, slot, values) => tell(event, slot, values, true),
    positionAt: (slot, back, out) => positionAt(past, slot, back, out),
    rewindTicks: (slot) => rewind.get(slot) ?? 0,
    nameOf: (slot) => names.get(slot) ?? '',
    findPlayer: (name) => [...names].find(([, other]) => other.toLowerCase() === name.toLowerCase())?.[0] ?? -1,
    transfer: (asset, amount, from, to) => transferAsset(commits, asset, amount, from, to),
    countRefusal: (rule) => void refusals[rule]!++,
    hasRoom: () => true,
  }) as DarkAges;
  publishFrame(history, world);
  return { world, sim, columns: columnsOf(sim), history, told, rewind, refusals, names, commits };
}

/** A connected player in full health, without a shield, that looks along +X. */
export function addPlayer(arena: Arena, xMm: number, zMm: number, name = ''): number {
  const { columns, world } = arena;
  const slot = spawnEntity(world, game.kinds.player);
  columns.client[slot] = slot + 1;
  columns.playerLow[slot] = slot + 1;
  columns.health[slot] = HEALTH_MAX;
  columns.mana[slot] = MANA_MAX;
  columns.stamina[slot] = STAMINA_MAX;
  put(arena, slot, xMm, zMm);
  arena.names.set(slot, name === '' ? `p${slot}` : name);
  return slot;
}

export function addCreature(arena: Arena, kind: number, xMm: number, zMm: number, camp = 0): number {
  return spawnCreature(arena.sim, kind, camp, xMm * 128, zMm * 128);
}

export function put({ columns }: Arena, slot: number, xMm: number, zMm: number): void {
  columns.positionX[slot] = xMm * 128;
  columns.positionZ[slot] = zMm * 128;
  columns.countedX[slot] = xMm * 128;
  columns.countedZ[slot] = zMm * 128;
}

/** One tick, as a zone runs it. */
export function step({ world, sim, history, commits }: Arena, ticks = 1): void {
  for (let tick = 0; tick < ticks; tick++) {
    resetCommits(commits);
    advanceTick(world);
    stepSimulation(game, sim);
    publishFrame(history, world);
  }
}

/** Presses an ability for one tick, then lets go. */
export function press(arena: Arena, slot: number, ability: number, target = -1, reachCm = 0): void {
  const { columns, sim } = arena;
  columns.ability[slot] = ability;
  columns.target[slot] = target < 0 ? 0 : sim.handle(target);
  columns.reach[slot] = reachCm;
  step(arena);
  columns.ability[slot] = 0;
}

export function face({ columns }: Arena, slot: number, angle: number): void {
  columns.aim[slot] = angle;
  columns.facing[slot] = angle;
}

/** Values of the events of one name, oldest first. */
export function toldOf({ told }: Arena, event: string): Told['values'][] {
  return told.filter((each) => each.event === event).map((each) => each.values);
}

/** Reasons that a player was told, oldest first. */
export function reasonsOf(arena: Arena, slot: number): number[] {
  return arena.told
    .filter(({ event, to }) => event === 'refused' && to === slot)
    .map(({ values }) => values.reason as number);
}

/** Asks as a zone lets a player ask: what is committed is one promise. Answers '' or why not. */
export function ask(
  { sim, commits, world }: Arena,
  slot: number,
  name: string,
  values: Readonly<Record<string, number | string>> = {},
  key = 0,
): string {
  const { run, committed } = game.requests![name]!;
  if (committed !== true) return run(sim, slot, values);
  beginCommand(commits);
  const refused = run(sim, slot, values);
  endCommand(commits, playerIdOf(world, slot), key, name, refused);
  return refused;
}

/** Gives a player so many of an item (0 is gold), as the ground gives loot. */
export function give({ sim }: Arena, slot: number, item: number, count: number): void {
  if (!sim.transfer(ITEMS[item]!.asset, count, 'ground', slot)) throw new Error('it has no room for that');
}

/** Values for a request, within its bounds; numbers are small ones mostly. */
export function drawValues(
  fields: Fields,
  random: Random,
  names: readonly string[],
): Readonly<Record<string, number | string>> {
  const values: Record<string, number | string> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.type === 'text') values[name] = name === 'text' ? 'hello' : names[random.below(names.length)]!;
    else {
      const { min, max } = field as IntField;
      values[name] = Math.min(max, min + random.below(random.below(4) === 0 ? max - min + 1 : 12));
    }
  }
  return values;
}
