// The shipped game played by many, with one client of an edge as the witness: each byte that it is sent, and beside it
// what was true at each tick. For the test of what players may not know.

import { PROTOCOL_VERSION } from '../../src/base/limits.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { MEND } from '../../src/game/abilities.ts';
import { game } from '../../src/game/game.ts';
import {
  admitConnection,
  type Connection,
  createEdge,
  type Edge,
  openConnection,
  welcomeStranger,
} from '../../src/session/edge.ts';
import { receiveFrame } from '../../src/session/receive.ts';
import { serveClients } from '../../src/session/serve.ts';
import { slotCount, worldTick } from '../../src/sim/world.ts';
import { SNAPSHOT_PLANS } from '../../src/transport/channels/degradation.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { createTestZone, run, type TestZone } from '../zone/harness.ts';

const CAPACITY = 512;
const TICK_MS = 1000 / 60;
/** Of what has not been in sight since it came to be: no look was made that could still hold. */
export const NEVER_SEEN = 1 << 30;

const messages = createMessages(game);

/** The witness is player 0; each player's name is `p` and its number. */
export const nameOf = (player: number): string => `player-${player}`;

/** What the game told whom: slot, or −1 everyone. */
export interface Emission {
  readonly tick: number;
  readonly event: string;
  readonly to: number;
  readonly isNear: boolean;
  readonly values: Readonly<Record<string, number | string>>;
}

export interface Moment {
  /** Ticks for which each slot has been out of the witness's sight. */
  readonly hidden: Int32Array;
  /** 1: near enough to be seen, but something is in between. */
  readonly blocked: Uint8Array;
  readonly kind: Int32Array;
  /** By player: its party, 0 = none; place in m and health. */
  readonly players: readonly { party: number; x: number; z: number; health: number }[];
}

export interface Witnessed {
  readonly frames: readonly Uint8Array[];
  readonly slot: number;
  readonly handle: number;
  /** Ids of the requests that the witness made. */
  readonly asked: ReadonlySet<number>;
  readonly emissions: readonly Emission[];
  /** By tick. */
  readonly moments: readonly Moment[];
}

interface Stage {
  readonly zone: TestZone;
  readonly edge: Edge;
  readonly random: Random;
  readonly connections: readonly Connection[];
  readonly frames: Uint8Array[];
  readonly asked: Set<number>;
  nowMs: number;
}

/** @param script what `player` asks for at `tick`, if anything */
export function play(
  seed: number,
  players: number,
  ticks: number,
  script: (tick: number, player: number) => WireObject | undefined,
): Witnessed {
  const stage = createStage(seed, players);
  const { zone, edge, connections } = stage;
  const emissions = recordEmissions(zone);
  const moments: Moment[] = [];
  const hidden = new Int32Array(CAPACITY).fill(NEVER_SEEN);
  const blocked = new Uint8Array(CAPACITY);
  const generations = new Int32Array(CAPACITY);
  const moves = connections.map((): Move => ({ ...STILL }));
  for (let tick = 0; tick < ticks; tick++) {
    for (const [player, connection] of connections.entries()) {
      receive(stage, connection, { inputs: [chooseInput(stage, player, moves[player]!)] });
      const body = script(tick, player) ?? askForLife(zone, player, tick) ?? askToTrade(zone, player, tick);
      if (body === undefined) continue;
      if (player === 0) stage.asked.add(tick);
      receive(stage, connection, { request: { id: tick, ...body } });
    }
    run(zone);
    trackHidden(zone, hidden, blocked, generations);
    moments[worldTick(zone.zone.world)] = recordMoment(stage, hidden.slice(), blocked.slice());
    stage.nowMs += TICK_MS;
    serveClients(edge, stage.nowMs);
  }
  const slot = slotOf(zone, 0);
  return { frames: stage.frames, slot, handle: zone.zone.sim.handle(slot), asked: stage.asked, emissions, moments };
}

function createStage(seed: number, players: number): Stage {
  const zone = createTestZone(game, 1, seed, CAPACITY);
  const edge = createEdge({ game, zoneId: 1, edgeIndex: 0, seed, buffers: zone.buffers, authenticate: () => {} });
  run(zone);
  serveClients(edge, 0);
  const frames: Uint8Array[] = [];
  const connections: Connection[] = [];
  const stage = { zone, edge, random: createRandom(seed), connections, frames, asked: new Set<number>(), nowMs: 0 };
  for (let player = 0; player < players; player++) {
    const link = {
      plan: SNAPSHOT_PLANS[0]!,
      playerId: undefined,
      send: (bytes: Uint8Array) => void (player === 0 && frames.push(bytes.slice())),
      backlogBytes: () => 0,
      holdUp: () => {},
      close: () => {},
    };
    const connection = openConnection(edge, link, welcomeStranger(edge, `host ${player}`)!, 0)!;
    const join = { token: 't', protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version };
    receive(stage, connection, { join });
    admitConnection(edge, connection, { epoch: 1, playerId: player + 1, name: nameOf(player), saved: undefined });
    connections.push(connection);
  }
  return stage;
}

function receive({ edge, nowMs }: Stage, connection: Connection, message: WireObject): void {
  receiveFrame(edge, connection, encodeToBytes(messages.clientMessage, message), nowMs);
}

/** Beside what the zone does with them: so it is seen when it sends one to somebody else. */
function recordEmissions({ zone }: TestZone): Emission[] {
  const emissions: Emission[] = [];
  const sim = zone.sim as { emit: typeof zone.sim.emit; emitNear: typeof zone.sim.emitNear };
  const { emit, emitNear } = sim;
  const note = (event: string, to: number, isNear: boolean, values: Emission['values']): void =>
    void emissions.push({ tick: worldTick(zone.world), event, to, isNear, values: { ...values } });
  sim.emit = (event, to, values) => {
    note(event, to, false, values);
    emit(event, to, values);
  };
  sim.emitNear = (event, slot, values) => {
    note(event, slot, true, values);
    emitNear(event, slot, values);
  };
  return emissions;
}

function askForLife(zone: TestZone, player: number, tick: number): WireObject | undefined {
  const isDead = tick > 20 && (zone.zone.world.columns as Columns).health![slotOf(zone, player)] === 0;
  return isDead && tick % 60 === player ? { respawn: {} } : undefined;
}

/** Offers to who stands next to it, accepts, gives a coin, agrees. */
function askToTrade(zone: TestZone, player: number, tick: number): WireObject | undefined {
  if (tick < 60 || tick % 24 !== player) return undefined;
  const { world, sim } = zone.zone;
  const { tradeWith, tradeRevision, tradeGold, gold, offerUntil } = world.columns as Columns;
  const own = slotOf(zone, player);
  if (own < 0) return undefined;
  if (tradeWith![own] !== 0) {
    const isToGive = tradeGold![own] === 0 && gold![own]! > 0;
    return isToGive ? { tradeSet: { count: 1 } } : { tradeConfirm: { revision: tradeRevision![own]! } };
  }
  if (offerUntil![own]! > tick) return { tradeAccept: {} };
  const other = nearest(zone, own, isPlayer, 6);
  return other < 0 ? undefined : { tradeOffer: { name: sim.nameOf(other) } };
}

function isPlayer({ kind, health }: Columns, slot: number): boolean {
  return kind![slot] === game.kinds.player && health![slot]! > 0;
}

function slotOf({ zone }: TestZone, player: number): number {
  return zone.slotOfClient[player]! - 1;
}

/** Fights whoever is near with whatever it has, guesses a handle now and then, takes what lies about, else roams. */
function chooseInput({ zone, edge, random }: Stage, player: number, roam: Move): WireObject {
  const { world, sim } = zone.zone;
  const { positionX, positionZ, castAbility } = world.columns as Record<string, Int32Array>;
  const tick = worldTick(world) + 1;
  const ackAge = tick > 20 ? tick - edge.servedTick : 0;
  if (random.below(60) === 0) {
    roam.moveX = random.below(181) - 90;
    roam.moveZ = random.below(181) - 90;
  }
  const own = slotOf(zone, player);
  // Half of them hunt creatures, which drop loot, the others whoever is near.
  const isHunter = player % 2 === 0;
  const foe = own < 0 ? -1 : nearest(zone, own, isHunter ? isCreature : isFoe, isHunter ? 150 : 30);
  if (foe < 0) return { tick, ackAge, aim: random.below(65_536), buttons: 1, ...roam };
  const dx = positionX![foe]! - positionX![own]!;
  const dz = positionZ![foe]! - positionZ![own]!;
  const loot = nearest(zone, own, isLoot, 30);
  // Every other half second it stands: a meteor is broken off by a step.
  const isStill = castAbility![own] !== 0 || tick % 64 < 32;
  const goal = loot < 0 && isHunter ? foe : loot;
  const move = isStill ? STILL : goal < 0 || tick % 256 < 64 ? roam : moveTo(zone, own, goal);
  const ability = tick % 4 === 0 ? 1 + random.below(4) : 0;
  const guess = (1 << 16) | random.below(CAPACITY);
  const target = ability === MEND ? sim.handle(own) : random.below(4) === 0 ? guess : sim.handle(foe);
  const aim = Math.round((Math.atan2(dz, dx) / (2 * Math.PI)) * 65_536) & 0xffff;
  return { tick, ackAge, aim, ability, target, reach: Math.min(3000, Math.round(Math.hypot(dx, dz) / 1280)), ...move };
}

interface Move {
  moveX: number;
  moveZ: number;
}

const STILL: Move = { moveX: 0, moveZ: 0 };

function moveTo({ zone }: TestZone, own: number, other: number): Move {
  const { positionX, positionZ } = zone.world.columns;
  const dx = positionX[other]! - positionX[own]!;
  const dz = positionZ[other]! - positionZ[own]!;
  const way = Math.hypot(dx, dz) || 1;
  return { moveX: Math.round((dx / way) * 90), moveZ: Math.round((dz / way) * 90) };
}

type Columns = Readonly<Record<string, Int32Array>>;

function isFoe({ kind, health, party }: Columns, slot: number, own: number): boolean {
  const isFighter = kind![slot]! >= game.kinds.player! && kind![slot]! <= game.kinds.troll!;
  return isFighter && health![slot]! > 0 && (party![own] === 0 || party![slot] !== party![own]);
}

function isCreature(columns: Columns, slot: number, own: number): boolean {
  return columns.kind![slot] !== game.kinds.player && isFoe(columns, slot, own);
}

function isLoot({ kind }: Columns, slot: number): boolean {
  return kind![slot] === game.kinds.loot;
}

/** −1 = there is none within so many metres. */
function nearest({ zone }: TestZone, own: number, isWanted: typeof isFoe, metres: number): number {
  const columns = zone.world.columns as Columns;
  const { positionX, positionZ } = columns;
  let found = -1;
  let least = (metres * 128_000) ** 2;
  for (let slot = 0; slot < slotCount(zone.world); slot++) {
    if (slot === own || !isWanted(columns, slot, own)) continue;
    const distance = (positionX![slot]! - positionX![own]!) ** 2 + (positionZ![slot]! - positionZ![own]!) ** 2;
    if (distance < least) [found, least] = [slot, distance];
  }
  return found;
}

/** What is gone stays as hidden as it was; what takes its slot was never seen. */
function trackHidden(test: TestZone, hidden: Int32Array, blocked: Uint8Array, generations: Int32Array): void {
  const { world, sim } = test.zone;
  const { kind, generation, positionX, positionZ } = world.columns;
  const own = slotOf(test, 0);
  const reach = (game.limits.interestRadiusMm * 1.1 + 2) ** 2;
  for (let slot = 0; slot < slotCount(world); slot++) {
    if (kind[slot] === 0) continue;
    const isNew = generation[slot] !== generations[slot];
    generations[slot] = generation[slot]!;
    if (isNew) hidden[slot] = NEVER_SEEN;
    if (own < 0) continue;
    const [x0, z0] = [positionX[own]! >> 7, positionZ[own]! >> 7];
    const [x1, z1] = [positionX[slot]! >> 7, positionZ[slot]! >> 7];
    const isFar = (x1 - x0) ** 2 + (z1 - z0) ** 2 > reach;
    blocked[slot] = slot !== own && !isFar && game.blocksSight!(sim.map as never, x0, z0, x1, z1) ? 1 : 0;
    hidden[slot] = isFar || blocked[slot] === 1 ? Math.min(hidden[slot]! + 1, NEVER_SEEN) : 0;
  }
}

function recordMoment({ zone, connections }: Stage, hidden: Int32Array, blocked: Uint8Array): Moment {
  const columns = zone.zone.world.columns as Record<string, Int32Array>;
  const { party, positionX, positionZ, health, kind } = columns;
  const players = connections.map((_, player) => {
    const slot = slotOf(zone, player);
    if (slot < 0) return { party: 0, x: 0, z: 0, health: 0 };
    const metres = (units: number): number => Math.floor(units / 128_000);
    return {
      party: party![slot]!,
      x: metres(positionX![slot]!),
      z: metres(positionZ![slot]!),
      health: health![slot]!,
    };
  });
  return { hidden, blocked, kind: Int32Array.from(kind!), players };
}
