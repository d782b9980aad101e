// A zone: records in → guard → step → frame, events and saves out. The deep module of the server. Runs in a zone
// thread, or in a test, or in a browser that replays: no socket, no clock, no I/O; given the same start and the same
// records at the same ticks it goes through the same states.
// A tick is all or nothing: what it took from the rings and what it told the edges counts once its keyframe is written.
// A thread that dies in the middle has taken no leave that the world forgot, and welcomed nobody who isn't in it.
// Owns the world; writes history, keyframes, names, the output rings and the save ring; reads the input rings.

import { assert } from '../base/assert.ts';
import { Reader, Writer } from '../base/bytes.ts';
import { createCounters } from '../base/counters.ts';
import { REQUEST_COST_PER_TICK } from '../base/limits.ts';
import { createKeepingRingReader, createStagedRingWriter, type RingReader } from '../base/ring.ts';
import { checkEarly, checkInput, createInputGuard, judgeClaims } from '../guard/input-guard.ts';
import { createPast, positionAt } from '../rewind/past.ts';
import { clampViewAge, rewindOf, trackRewind } from '../rewind/view-age.ts';
import { createHistory, historyEpoch, publishFrame, resetHistory } from '../sim/history.ts';
import {
  applyInputs,
  checkInputTick,
  createPendingInputs,
  INPUT_DUPLICATE,
  INPUT_EARLY,
  INPUT_TAKEN,
  storeInput,
} from '../sim/pending-inputs.ts';
import { createSimulation, type Surroundings, stepSimulation } from '../sim/simulation.ts';
import { advanceTick, aliveCount, createWorld, resetWorld, slotCount, worldTick } from '../sim/world.ts';
import {
  createInputLayout,
  INPUT_ACK_AGE_WORD,
  INPUT_TICK_WORD,
  INPUT_VALUES_WORD,
  VIEW_AGE_WORD,
} from '../wire/client-frame.ts';
import { createMessages } from '../wire/schema.ts';
import {
  CLIENT_ALL,
  RECORD_BYTES_MAX,
  RECORD_EVENT,
  RECORD_EVICT,
  RECORD_INPUT,
  RECORD_JOIN,
  RECORD_LEAVE,
  RECORD_NEAR,
  RECORD_REQUEST,
  RECORD_RESET,
  readInputRecord,
} from '../wire/zone-records.ts';
import { createAnswers, resetAnswers } from './answers.ts';
import { createCommits, resetCommits, transferAsset } from './commits.ts';
import { createEvents, writeEvent } from './events.ts';
import {
  adoptLeft,
  beginRecordOfTick,
  createZoneJournal,
  handKeyframe,
  isKeyframeDue,
  publishRecord,
  pushRecord,
  recordTaken,
  releaseHeld,
  type ZoneJournal,
} from './journal.ts';
import { createKeyframes, loadKeyframe, resetKeyframes, writeKeyframe } from './keyframes.ts';
import { createNames, findName, nameOf } from './names.ts';
import { beginRecord, endRecord, holdRecord, sendRecord } from './output.ts';
import { PHASE, PHASE_GAME } from './phases.ts';
import { leaveStanding, takeEviction, takeJoin, takeLeave, takeReset, tendPlayers } from './players.ts';
import { hashState, hashZone, type ReplayEnd, readZoneKeyframe, replayTicks, writeZoneKeyframe } from './recovery.ts';
import { costOfRequest, createRequestQueue, nextRequest, queueRequest } from './request-queue.ts';
import { countRefusal, listRequests, takeRequest } from './requests.ts';
import { findPlayers, forgetPlayers, resumeZone } from './resume.ts';
import { createSaves } from './saves.ts';
import type { Recovered, Zone, ZoneOptions } from './state.ts';

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
    commits: createCommits(game, world),
    answers: createAnswers(buffers.answers),
    journal: undefined,
    isReplaying: false,
    requests: createRequestQueue(),
    requestKinds: listRequests(game),
    onRecord: options.onRecord,
    watch: options.watch,
    onSystem: noteSystems(options.watch),
    slotOfPlayer: new Map(),
    slotOfClient: new Int32Array(0x1_0000),
    reader: new Reader(),
    writer: new Writer(new Uint8Array(RECORD_BYTES_MAX)),
    inputWords: new Int32Array(layout.words),
  };
  resetHistory(zone.history, options.epoch);
  if (options.resume && loadKeyframe(zone.keyframes, world)) resumeZone(zone, applyRecord);
  else if (options.recovered === undefined || !recover(zone, options.recovered)) {
    resetKeyframes(zone.keyframes);
    resetAnswers(zone.answers);
    resetWorld(world, options.seed, options.secret);
    game.start?.(zone.sim);
  }
  if (buffers.journal === undefined) return zone;
  zone.journal = createZoneJournal(buffers.journal, options.epoch, worldTick(world));
  if (options.resume) adoptLeft(zone.journal, worldTick(world));
  return zone;
}

function noteSystems(watch: ZoneOptions['watch']): Zone['onSystem'] {
  return watch && ((index) => watch.note(PHASE_GAME + index));
}

/** False when it can't be trusted; then the zone begins anew, and players come back from the store with all that was promised. */
function recover(zone: Zone, { keyframe, ticks, onReplayed }: Recovered): boolean {
  const replayed = replayFrom(zone, keyframe, ticks);
  onReplayed({ ...replayed, tick: worldTick(zone.world), hash: hashZone(zone) });
  resetKeyframes(zone.keyframes);
  if (replayed.end === 'whole') {
    leaveStanding(zone);
    // If this thread dies before its first tick, the next one goes on from here.
    writeKeyframe(zone.keyframes, zone.world);
    return true;
  }
  forgetPlayers(zone);
  resetCommits(zone.commits);
  zone.pending.words.fill(0);
  resetHistory(zone.history, historyEpoch(zone.history));
  return false;
}

function replayFrom(zone: Zone, keyframe: Uint8Array, ticks: Iterable<Uint8Array>): ReplayEnd {
  try {
    zone.isReplaying = true;
    return readZoneKeyframe(zone, new Reader(keyframe)) ? replay(zone, ticks) : { ticks: 0, end: 'other_game' };
  } catch (error) {
    // Rules that were changed since may find what they hold for impossible; it is told, and no reason not to start.
    return { ticks: 0, end: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    zone.isReplaying = false;
  }
}

function replay(zone: Zone, ticks: Iterable<Uint8Array>): ReplayEnd {
  findPlayers(zone);
  return replayTicks(zone, ticks, {
    begin(isOpen) {
      zone.commits.isOpen = isOpen;
    },
    take: (bytes, from, end) => applyRecord(zone, bytes, from, end),
    step: () => runTick(zone),
    end() {
      resetCommits(zone.commits);
      publishFrame(zone.history, zone.world);
    },
  });
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
    transfer: (asset, amount, from, to) => transferAsset(zone().commits, asset, amount, from, to),
    countRefusal: (rule) => countRefusal(zone(), rule),
    hasRoom: () => hasRoom(zone()),
  };
}

/** One tick: takes what waits on the rings, steps, publishes. Allocates nothing but for joins, requests and texts. */
export function tickZone(zone: Zone): void {
  const { journal } = zone;
  zone.watch?.begin();
  zone.commits.isOpen = journal === undefined || beginRecordOfTick(journal, worldTick(zone.world) + 1);
  let requestCost = takeWaitingRequests(zone);
  zone.watch?.note(PHASE.requests);
  for (let edge = 0; edge < zone.inputs.length; edge++) {
    const ring = zone.inputs[edge]!;
    while (ring.next()) {
      if (ring.bytes[ring.offset] === RECORD_REQUEST) requestCost = takeOrQueueRequest(zone, ring, requestCost);
      else applyRecord(zone, ring.bytes, ring.offset, ring.end);
    }
  }
  zone.watch?.note(PHASE.inputs);
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
    zone.watch?.note(PHASE.inputs);
    applyRecord(zone, bytes, offset, end);
    zone.watch?.note(PHASE.requests);
    return cost + costOfRequest(end - offset);
  }
  const { words, index } = zone.counters;
  zone.reader.reset(bytes, offset + 1, end);
  const isQueued = queueRequest(zone.requests, zone.reader.u16(), bytes, offset, end);
  words[isQueued ? index.requestsPutOff : index.dropRequest]!++;
  return cost;
}

/**
 * Before the frame, which the edges look for: they find the messages of its tick. The keyframe is what makes the tick
 * whole; if the thread dies behind it, the next one publishes the record that was pushed.
 */
function commitTick(zone: Zone): void {
  const { journal, world, commits } = zone;
  if (journal !== undefined) recordTick(zone, journal);
  resetCommits(commits);
  zone.watch?.note(PHASE.journal);
  writeKeyframe(zone.keyframes, world);
  zone.watch?.note(PHASE.keyframe);
  for (let edge = 0; edge < zone.inputs.length; edge++) zone.inputs[edge]!.release();
  for (let edge = 0; edge < zone.outputs.length; edge++) zone.outputs[edge]!.publish();
  if (journal === undefined) return;
  publishRecord(journal);
  tellCommitted(zone);
}

function recordTick(zone: Zone, journal: ZoneJournal): void {
  const { words, index } = zone.counters;
  const isRecorded = pushRecord(journal, zone.commits.writer, journal.isHashed ? hashState(zone) : undefined);
  if (!isRecorded) words[index.ticksUnrecorded]!++;
}

/** Sends what waited until it was on disk. May be called between ticks: nothing else is under way then. */
export function tellCommitted(zone: Zone): void {
  const { journal } = zone;
  if (journal === undefined || !releaseHeld(journal, (client, record) => sendRecord(zone, client, record))) return;
  for (let edge = 0; edge < zone.outputs.length; edge++) zone.outputs[edge]!.publish();
}

function keepOnDisk(zone: Zone, journal: ZoneJournal): void {
  const tick = worldTick(zone.world);
  if (!isKeyframeDue(journal, tick)) return;
  writeZoneKeyframe(zone, journal.keyframe);
  assert(!journal.keyframe.failed, 'a keyframe fits its place');
  handKeyframe(journal, tick);
  zone.counters.words[zone.counters.index.keyframes]!++;
}

/** After the records of the tick were taken. */
export function stepZone(zone: Zone): void {
  runTick(zone);
  commitTick(zone);
  publishFrame(zone.history, zone.world);
  zone.watch?.note(PHASE.publish);
  if (zone.journal === undefined) return;
  keepOnDisk(zone, zone.journal);
  zone.watch?.note(PHASE.journal);
}

/** The tick itself. A replay runs it too, and publishes its frame: what is judged in the past is judged by the frames. */
function runTick(zone: Zone): void {
  const { world, counters } = zone;
  const watch = zone.isReplaying ? undefined : zone.watch;
  const tick = advanceTick(world);
  judgeClaims(zone.guard, world, tick, slotCount(world));
  watch?.note(PHASE.guard);
  counters.words[counters.index.inputsStarved]! += applyInputs(zone.pending, world, tick);
  watch?.note(PHASE.inputs);
  trackRewind(world, slotCount(world), tick);
  watch?.note(PHASE.rewind);
  stepSimulation(zone.game, zone.sim, zone.isReplaying ? undefined : zone.onSystem);
  tendPlayers(zone, tick);
  watch?.note(PHASE.players);
  counters.words[counters.index.ticks]!++;
  counters.words[counters.index.entities] = aliveCount(world);
  counters.words[counters.index.players] = zone.slotOfPlayer.size;
}

/** Takes one record for the next tick. From a ring, or from a recorded stream. */
export function applyRecord(zone: Zone, bytes: Uint8Array, offset: number, end: number): void {
  const { reader } = zone;
  zone.onRecord?.(worldTick(zone.world) + 1, bytes, offset, end);
  if (zone.journal !== undefined) recordTaken(zone.journal, bytes, offset, end);
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
    case RECORD_EVICT:
      takeEviction(zone);
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
  readInputRecord(reader, inputWords);
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

/** What the game spawns never keeps players out. */
function hasRoom({ world, slotOfPlayer }: Zone): boolean {
  return (aliveCount(world) - slotOfPlayer.size) * 2 < world.capacity;
}

function emitEvent(zone: Zone, event: string, to: number, values: Readonly<Record<string, number | string>>): void {
  const client = to < 0 ? CLIENT_ALL : zone.world.columns.client[to]! - 1;
  if (client < 0) return;
  writeEvent(zone.events, beginRecord(zone, RECORD_EVENT, client), event, worldTick(zone.world), values);
  if (zone.game.events?.[event]?.committed === true) holdRecord(zone, client);
  else endRecord(zone, client);
}

/** Each edge sends it to those of its clients whose visible set has the slot. */
function emitNear(zone: Zone, event: string, slot: number, values: Readonly<Record<string, number | string>>): void {
  const writer = beginRecord(zone, RECORD_NEAR, CLIENT_ALL);
  writer.u16(slot);
  writeEvent(zone.events, writer, event, worldTick(zone.world), values);
  if (zone.game.events?.[event]?.committed === true) holdRecord(zone, CLIENT_ALL);
  else endRecord(zone, CLIENT_ALL);
}
