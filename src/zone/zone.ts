// A zone: records in → guard → step → frame, events and saves out. The deep module of the server. Runs in a zone
// thread, or in a test, or in a browser that replays: no socket, no clock, no I/O; given the same start and the same
// records at the same ticks it goes through the same states.
// A tick is all or nothing: what it took from the rings and what it told the edges counts once its keyframe is written.
// A thread that dies in the middle has taken no leave that the world forgot, and welcomed nobody who isn't in it.
// Owns the world; writes history, keyframes, names, the output rings and the save ring; reads the input rings.

import { assert } from '../base/assert.ts';
import { Reader, Writer } from '../base/bytes.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { LINGER_TICKS, PLAYERS_MAX, REQUEST_COST_PER_TICK, SAVE_INTERVAL_TICKS } from '../base/limits.ts';
import {
  createKeepingRingReader,
  createStagedRingWriter,
  type KeepingRingReader,
  type RingReader,
  type StagedRingWriter,
} from '../base/ring.ts';
import {
  checkEarly,
  checkInput,
  createInputGuard,
  type InputGuard,
  judgeClaims,
  resetGuardSlot,
} from '../guard/input-guard.ts';
import { forgetSuspicion, takeVerdict } from '../guard/score.ts';
import { createPast, type Past, positionAt } from '../rewind/past.ts';
import { clampViewAge, rewindOf, trackRewind } from '../rewind/view-age.ts';
import type { AnyGame, Simulation } from '../sim/game.ts';
import { hashText, hashWords } from '../sim/hash.ts';
import { createHistory, type History, publishFrame, resetHistory } from '../sim/history.ts';
import {
  applyInputs,
  checkInputTick,
  clearInputs,
  createPendingInputs,
  INPUT_DUPLICATE,
  INPUT_EARLY,
  INPUT_TAKEN,
  type PendingInputs,
  standStill,
  storeInput,
} from '../sim/pending-inputs.ts';
import { createSimulation, type Surroundings, stepSimulation } from '../sim/simulation.ts';
import {
  advanceTick,
  aliveCount,
  createWorld,
  despawnEntity,
  playerIdOf,
  resetWorld,
  slotCount,
  spawnEntity,
  type World,
  worldTick,
} from '../sim/world.ts';
import {
  createInputLayout,
  INPUT_ACK_AGE_WORD,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  VIEW_AGE_WORD,
} from '../wire/client-frame.ts';
import { createMessages, type Messages } from '../wire/schema.ts';
import {
  CLIENT_ALL,
  CLIENT_BITS,
  type JoinRecord,
  RECORD_BYTES_MAX,
  RECORD_EVENT,
  RECORD_GONE,
  RECORD_INPUT,
  RECORD_JOIN,
  RECORD_LEAVE,
  RECORD_NEAR,
  RECORD_REQUEST,
  RECORD_RESET,
  readJoinRecord,
  writeJoinedRecord,
} from '../wire/zone-records.ts';
import type { ZoneBuffers } from './buffers.ts';
import { createEvents, type Events, writeEvent } from './events.ts';
import { createKeyframes, type Keyframes, loadKeyframe, resetKeyframes, writeKeyframe } from './keyframes.ts';
import { clearName, createNames, findName, type Names, nameOf, noteName, setName } from './names.ts';
import { beginRecord, endRecord, pushOutput, sendBare, sendLeft } from './output.ts';
import {
  costOfRequest,
  createRequestQueue,
  forgetRequests,
  forgetRequestsOfEdge,
  nextRequest,
  queueRequest,
  type RequestQueue,
} from './request-queue.ts';
import { countRefusal, listRequests, type RequestKind, takeRequest } from './requests.ts';
import { createSaves, flushFinalSaves, type Saves, saveCharacter } from './saves.ts';

export interface ZoneOptions {
  readonly game: AnyGame;
  readonly seed: number;
  /** What `random` depends on beside the seed, which clients know; part of the start that a replay needs. */
  readonly secret?: Uint32Array | undefined;
  readonly epoch: number;
  readonly buffers: ZoneBuffers;
  /** Goes on from the keyframe in `buffers`, if there is one. */
  readonly resume: boolean;
  /** Gets every record that is taken, with its tick: the stream that replays the zone. The bytes are the zone's. */
  readonly onRecord?: (tick: number, bytes: Uint8Array, offset: number, end: number) => void;
}

export interface Zone {
  readonly game: AnyGame;
  readonly world: World;
  readonly sim: Simulation;
  readonly pending: PendingInputs;
  readonly history: History;
  readonly past: Past;
  readonly keyframes: Keyframes;
  readonly guard: InputGuard;
  readonly counters: Counters<'zone'>;
  /** By place in `game.rules`. */
  readonly ruleCounts: Uint32Array;
  readonly names: Names;
  readonly messages: Messages;
  readonly events: Events;
  readonly inputs: readonly KeepingRingReader[];
  readonly outputs: readonly StagedRingWriter[];
  readonly saves: Saves;
  readonly requests: RequestQueue;
  readonly requestKinds: readonly RequestKind[];
  readonly onRecord: ZoneOptions['onRecord'];
  /** Derived from the columns: slot of each player, slot + 1 of each client. */
  readonly slotOfPlayer: Map<number, number>;
  readonly slotOfClient: Int32Array;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly inputWords: Int32Array;
}

export function createZone(options: ZoneOptions): Zone {
  const { game, buffers } = options;
  const world = createWorld(game.allColumns, buffers.capacity);
  const history = createHistory(game.rows, buffers.capacity, buffers.history);
  const layout = createInputLayout(game);
  const messages = createMessages(game);
  const counters = createCounters('zone', buffers.counters);
  const outputs = buffers.outputRings.map(createStagedRingWriter);
  const zone: Zone = {
    game,
    world,
    sim: createSimulation(
      game,
      world,
      options.seed,
      surroundingsOf(() => zone),
    ),
    pending: createPendingInputs(world, game.inputNames),
    history,
    past: createPast(history, world),
    keyframes: createKeyframes(buffers.keyframes, world),
    guard: createInputGuard(buffers.capacity, layout, game.limits, counters),
    counters,
    ruleCounts: new Uint32Array(buffers.ruleCounters),
    names: createNames(buffers.names),
    messages,
    events: createEvents(messages.serverEvent),
    inputs: buffers.inputRings.map(createKeepingRingReader),
    outputs,
    saves: createSaves(world, game.savedColumns, buffers.saveRing, counters),
    requests: createRequestQueue(),
    requestKinds: listRequests(game),
    onRecord: options.onRecord,
    slotOfPlayer: new Map(),
    slotOfClient: new Int32Array(0x1_0000),
    reader: new Reader(),
    writer: new Writer(new Uint8Array(RECORD_BYTES_MAX)),
    inputWords: new Int32Array(layout.words),
  };
  resetHistory(zone.history, options.epoch);
  if (options.resume && loadKeyframe(zone.keyframes, world)) resumePlayers(zone);
  else {
    resetKeyframes(zone.keyframes);
    resetWorld(world, options.seed, options.secret);
    game.start?.(zone.sim);
  }
  return zone;
}

/** What systems and requests reach beyond the world's columns. */
function surroundingsOf(zone: () => Zone): Surroundings {
  return {
    emit: (event, to, values) => emitEvent(zone(), event, to, values),
    emitNear: (event, slot, values) => emitNear(zone(), event, slot, values),
    positionAt: (slot, ticksBack, out) => positionAt(zone().past, slot, ticksBack, out),
    rewindTicks: (slot) => rewindOf(zone().world, slot),
    nameOf: (slot) => nameOf(zone().names, slot),
    findPlayer: (name) => findName(zone().names, name),
    countRefusal: (rule) => countRefusal(zone(), rule),
    hasRoom: () => hasRoom(zone()),
  };
}

/**
 * After a zone thread died: finds the players in the restored columns. What waited on the rings may be what killed it,
 * so only leaves and resets are taken: inputs and requests are dropped, and who wanted to join is sent away to ask again.
 */
function resumePlayers(zone: Zone): void {
  const { client } = zone.world.columns;
  for (let slot = 0; slot < slotCount(zone.world); slot++) {
    const playerId = playerIdOf(zone.world, slot);
    if (playerId === 0) continue;
    zone.slotOfPlayer.set(playerId, slot);
    noteName(zone.names, slot);
    if (client[slot] !== 0) zone.slotOfClient[client[slot]! - 1] = slot + 1;
  }
  for (const ring of zone.inputs) {
    while (ring.next()) takeAfterDeath(zone, ring);
  }
  zone.counters.words[zone.counters.index.restarts]!++;
}

function takeAfterDeath(zone: Zone, ring: RingReader): void {
  const { reader } = zone;
  reader.reset(ring.bytes, ring.offset, ring.end);
  const kind = reader.u8();
  if (kind === RECORD_JOIN) sendLeft(zone, reader.u16(), 'zone_restarted');
  if (kind === RECORD_LEAVE || kind === RECORD_RESET) applyRecord(zone, ring.bytes, ring.offset, ring.end);
}

/** One tick: takes what waits on the rings, steps, publishes. Allocates nothing but for joins, requests and texts. */
export function tickZone(zone: Zone): void {
  let requestCost = takeWaitingRequests(zone);
  for (let edge = 0; edge < zone.inputs.length; edge++) {
    const ring = zone.inputs[edge]!;
    while (ring.next()) {
      if (ring.bytes[ring.offset] === RECORD_REQUEST) requestCost = takeOrQueueRequest(zone, ring, requestCost);
      else applyRecord(zone, ring.bytes, ring.offset, ring.end);
    }
  }
  stepZone(zone);
}

/** What the tick before left over, as far as this one has time for it; how much of that time is used. */
function takeWaitingRequests(zone: Zone): number {
  let cost = 0;
  while (cost < REQUEST_COST_PER_TICK) {
    const record = nextRequest(zone.requests);
    if (record === undefined) break;
    applyRecord(zone, record, 0, record.length);
    cost += costOfRequest(record.length);
  }
  return cost;
}

/** At once, in its order among the other records, unless the tick's time for requests is used up. */
function takeOrQueueRequest(zone: Zone, { bytes, offset, end }: RingReader, cost: number): number {
  if (cost < REQUEST_COST_PER_TICK) {
    applyRecord(zone, bytes, offset, end);
    return cost + costOfRequest(end - offset);
  }
  const { words, index } = zone.counters;
  zone.reader.reset(bytes, offset + 1, end);
  const isQueued = queueRequest(zone.requests, zone.reader.u16(), bytes, offset, end);
  words[isQueued ? index.requestsPutOff : index.dropRequest]!++;
  return cost;
}

/** Before the frame, which the edges look for: they find the messages of its tick. */
function commitTick(zone: Zone): void {
  writeKeyframe(zone.keyframes, zone.world);
  for (let edge = 0; edge < zone.inputs.length; edge++) zone.inputs[edge]!.release();
  for (let edge = 0; edge < zone.outputs.length; edge++) zone.outputs[edge]!.publish();
}

/**
 * The tick itself, after its records were taken. A replay runs it too, frame and all: what is judged in the past is
 * judged by the frames.
 */
export function stepZone(zone: Zone): void {
  const { world, counters } = zone;
  const tick = advanceTick(world);
  judgeClaims(zone.guard, world, tick, slotCount(world));
  counters.words[counters.index.inputsStarved]! += applyInputs(zone.pending, world, tick);
  trackRewind(world, slotCount(world), tick);
  stepSimulation(zone.game, zone.sim);
  tendPlayers(zone, tick);
  counters.words[counters.index.ticks]!++;
  counters.words[counters.index.entities] = aliveCount(world);
  counters.words[counters.index.players] = zone.slotOfPlayer.size;
  commitTick(zone);
  publishFrame(zone.history, world);
}

/** Takes one record for the next tick. From a ring, or from a recorded stream. */
export function applyRecord(zone: Zone, bytes: Uint8Array, offset: number, end: number): void {
  const { reader } = zone;
  zone.onRecord?.(worldTick(zone.world) + 1, bytes, offset, end);
  reader.reset(bytes, offset, end);
  const kind = reader.u8();
  const client = reader.u16();
  switch (kind) {
    case RECORD_INPUT:
      takeInput(zone, client);
      break;
    case RECORD_JOIN:
      takeJoin(zone, client);
      break;
    case RECORD_LEAVE:
      takeLeave(zone, client);
      break;
    case RECORD_REQUEST:
      takeRequest(zone, client);
      break;
    case RECORD_RESET:
      takeReset(zone, client);
      break;
    default:
      assert(false, `an edge sends no record of kind ${kind}`);
  }
}

function takeInput(zone: Zone, client: number): void {
  const { reader, inputWords, pending, world } = zone;
  const { words, index } = zone.counters;
  const slot = zone.slotOfClient[client]! - 1;
  if (slot < 0) {
    words[index.dropUnknownClient]!++;
    return;
  }
  for (let word = 0; word < inputWords.length; word++) inputWords[word] = reader.i32();
  if (reader.failed) {
    words[index.dropMalformed]!++;
    return;
  }
  const tick = inputWords[INPUT_TICK_WORD]!;
  const code = checkInputTick(pending, slot, tick, worldTick(world) + 1);
  if (code !== INPUT_TAKEN) {
    if (code === INPUT_EARLY) checkEarly(zone.guard, slot, tick, worldTick(world) + 1);
    words[code === INPUT_DUPLICATE ? index.dropDuplicate : code === INPUT_EARLY ? index.dropEarly : index.dropStale]!++;
    return;
  }
  const viewAge = clampViewAge(inputWords[VIEW_AGE_WORD]!, inputWords[INPUT_ACK_AGE_WORD]!);
  if (viewAge !== inputWords[VIEW_AGE_WORD]) words[index.guardViewAge]!++;
  inputWords[VIEW_AGE_WORD] = viewAge;
  checkInput(zone.guard, slot, inputWords);
  storeInput(pending, slot, tick, inputWords, INPUT_VALUES_WORD);
  words[index.inputs]!++;
}

function takeJoin(zone: Zone, client: number): void {
  const { words, index } = zone.counters;
  const join = readJoinRecord(zone.reader, zone.game.savedColumns.length);
  assert(!zone.reader.failed, 'an edge writes whole join records');
  const known = zone.slotOfPlayer.get(join.playerId);
  // It was removed while the store answered: what it did last would be undone, its gold doubled.
  if (known === undefined && join.isStanding === true) {
    words[index.joinsRefused]!++;
    sendLeft(zone, client, 'still_leaving');
    return;
  }
  const slot = known ?? spawnPlayer(zone, join);
  if (slot < 0) {
    words[index.joinsRefused]!++;
    sendLeft(zone, client, 'zone_full');
    return;
  }
  if (known !== undefined) detachClient(zone, slot, 'replaced');
  attachClient(zone, slot, client);
  zone.writer.reset();
  writeJoinedRecord(zone.writer, client, slot, zone.world.columns.generation[slot]!, worldTick(zone.world) + 1);
  pushOutput(zone, client);
  if (known !== undefined) return;
  words[index.joins]!++;
  // After the client was told that it is in, so that it gets what the game sends it at once.
  zone.game.join?.(zone.sim, slot, join.saved === undefined);
}

function attachClient(zone: Zone, slot: number, client: number): void {
  const { columns } = zone.world;
  columns.client[slot] = client + 1;
  columns.lingerTicks[slot] = 0;
  columns.inputTick[slot] = 0;
  columns.inputLead[slot] = 0;
  columns.rewindTicks[slot] = 0;
  zone.slotOfClient[client] = slot + 1;
  standStill(zone.pending, slot);
  clearInputs(zone.pending, slot);
  resetGuardSlot(zone.guard, slot);
}

/** Slot of the new entity, or −1 when the zone is full. */
function spawnPlayer(zone: Zone, { playerId, name, saved }: JoinRecord): number {
  const { game, world, names } = zone;
  if (zone.slotOfPlayer.size >= PLAYERS_MAX) return -1;
  const slot = spawnEntity(world, game.kinds.player);
  if (slot < 0) return -1;
  world.columns.playerLow[slot] = playerId | 0;
  world.columns.playerHigh[slot] = Math.floor(playerId / 0x1_0000_0000);
  if (saved !== undefined) {
    for (let index = 0; index < saved.length; index++) world.columns[game.savedColumns[index]!]![slot] = saved[index]!;
  }
  setName(names, slot, name);
  zone.slotOfPlayer.set(playerId, slot);
  forgetSuspicion(zone.guard.suspicion, slot);
  return slot;
}

function takeLeave(zone: Zone, client: number): void {
  const slot = zone.slotOfClient[client]! - 1;
  if (slot >= 0) startLinger(zone, slot);
  forgetRequests(zone.requests, client);
  sendBare(zone, RECORD_GONE, client);
}

/** An edge starts, perhaps after another one died: whoever came through it is without connection now. */
function takeReset(zone: Zone, client: number): void {
  const edge = client >>> CLIENT_BITS;
  const { columns } = zone.world;
  for (let slot = 0; slot < slotCount(zone.world); slot++) {
    if (columns.client[slot] !== 0 && (columns.client[slot]! - 1) >>> CLIENT_BITS === edge) startLinger(zone, slot);
  }
  forgetRequestsOfEdge(zone.requests, edge);
  sendBare(zone, RECORD_RESET, client);
}

function startLinger(zone: Zone, slot: number): void {
  detachClient(zone, slot, '');
  zone.world.columns.lingerTicks[slot] = LINGER_TICKS;
  standStill(zone.pending, slot);
}

/** Takes the entity from its client, if it has one; with a reason the client is told. */
function detachClient(zone: Zone, slot: number, reason: string): void {
  const client = zone.world.columns.client[slot]! - 1;
  if (client < 0) return;
  zone.world.columns.client[slot] = 0;
  zone.slotOfClient[client] = 0;
  if (reason !== '') sendLeft(zone, client, reason);
}

/** What the game spawns never keeps players out. */
function hasRoom({ world, slotOfPlayer }: Zone): boolean {
  return (aliveCount(world) - slotOfPlayer.size) * 2 < world.capacity;
}

function emitEvent(zone: Zone, event: string, to: number, values: Readonly<Record<string, number | string>>): void {
  const client = to < 0 ? CLIENT_ALL : zone.world.columns.client[to]! - 1;
  if (client < 0) return;
  writeEvent(zone.events, beginRecord(zone, RECORD_EVENT, client), event, worldTick(zone.world), values);
  endRecord(zone, client);
}

/** Each edge sends it to those of its clients whose visible set has the slot. */
function emitNear(zone: Zone, event: string, slot: number, values: Readonly<Record<string, number | string>>): void {
  const writer = beginRecord(zone, RECORD_NEAR, CLIENT_ALL);
  writer.u16(slot);
  writeEvent(zone.events, writer, event, worldTick(zone.world), values);
  endRecord(zone, CLIENT_ALL);
}

/** Saves each player once a second, in turn, and removes those whose connection has been gone for too long. */
function tendPlayers(zone: Zone, tick: number): void {
  const { client, lingerTicks, playerLow, playerHigh } = zone.world.columns;
  if (zone.saves.waiting.length > 0) flushFinalSaves(zone.saves);
  const count = slotCount(zone.world);
  for (let slot = 0; slot < count; slot++) {
    if (playerLow[slot] === 0 && playerHigh[slot] === 0) continue;
    // Told, not detached: the edge closes the connection, and its leave comes by the stream like any other.
    if (client[slot] !== 0 && takeVerdict(zone.guard.suspicion, slot)) sendLeft(zone, client[slot]! - 1, 'cheating');
    if ((tick + slot) % SAVE_INTERVAL_TICKS === 0) saveCharacter(zone.saves, zone.world, slot, false);
    if (lingerTicks[slot] === 0) continue;
    lingerTicks[slot]!--;
    if (lingerTicks[slot] === 0) removePlayer(zone, slot);
  }
}

function removePlayer(zone: Zone, slot: number): void {
  zone.game.leave?.(zone.sim, slot);
  saveCharacter(zone.saves, zone.world, slot, true);
  zone.slotOfPlayer.delete(playerIdOf(zone.world, slot));
  clearInputs(zone.pending, slot);
  clearName(zone.names, slot);
  despawnEntity(zone.world, slot);
  zone.counters.words[zone.counters.index.leaves]!++;
}

/** Before the zone stops for good: every player's state goes to the store. Returns how many wait for room. */
export function saveAllCharacters(zone: Zone): number {
  for (const slot of zone.slotOfPlayer.values()) saveCharacter(zone.saves, zone.world, slot, true);
  return flushFinalSaves(zone.saves);
}

/** 16 hexadecimal digits over everything that decides how the zone goes on. */
export function hashZone(zone: Zone): string {
  const hash = { low: 0, high: 0 };
  hashWords(hash, zone.world.words);
  hashWords(hash, zone.pending.words);
  return hashText(hash);
}
