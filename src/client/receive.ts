// What a server sends: every frame passes here. From the wire: any bytes. What can't be read is counted and dropped;
// what a newer server adds is skipped. Browser main thread or Node.

import { PROTOCOL_VERSION, TICK_HZ } from '../base/limits.ts';
import {
  APPLIED,
  applySnapshot,
  createReplicas,
  forgetReplicas,
  NO_BASELINE,
  newestState,
  type Replica,
} from '../snapshot/replicas.ts';
import { DECODED, decodeMessage, LENGTH_DELIMITED, MALFORMED, skipField, type WireObject } from '../wire/codec.ts';
import { type Message, SERVER_MESSAGE } from '../wire/schema.ts';
import { canStartClock, notePong, noteSnapshot, setPace, startClock } from './clock-sync.ts';
import { resetInterpolation } from './interpolation.ts';
import { createPrediction, reconcile, resetPrediction } from './prediction.ts';
import { type Client, JOINING, PLAYING, setState, snapshotInterval, type Welcome } from './state.ts';

/** Pings whose send time is remembered; a power of two. */
export const PINGS = 16;

/** What is left of the longest gap with each snapshot: a tenth after two seconds at the full rate. */
const GAP_KEPT = 0.945;

/** Inputs that a server can make a frame wait for. */
const HELD_INPUTS_MAX = 4;

/** The bytes are the caller's again after the call. */
export function receiveFrame(client: Client, bytes: Uint8Array, nowMs: number): void {
  const { reader, stats } = client;
  stats.bytesDown += bytes.length;
  reader.reset(bytes);
  while (reader.remaining > 0) {
    const tag = reader.varint();
    if ((tag & 7) !== LENGTH_DELIMITED) {
      if (skipField(reader, tag)) continue;
      stats.malformed++;
      return;
    }
    const length = reader.varint();
    if (reader.failed || length > reader.remaining || tag >>> 3 === 0) {
      stats.malformed++;
      return;
    }
    const end = reader.offset + length;
    const frameEnd = reader.end;
    reader.end = end;
    if (!receivePart(client, tag >>> 3, nowMs)) stats.malformed++;
    reader.failed = false;
    reader.offset = end;
    reader.end = frameEnd;
  }
}

/** False when it could not be read. */
function receivePart(client: Client, part: number, nowMs: number): boolean {
  const { messages } = client;
  switch (part) {
    case SERVER_MESSAGE.snapshot:
      return receiveSnapshot(client, nowMs);
    case SERVER_MESSAGE.welcome:
      return receiveMessage(client, messages.serverWelcome, (value) => takeWelcome(client, value));
    case SERVER_MESSAGE.events:
      if (!isEventHeard(client)) return true;
      return receiveMessage(client, messages.serverEvent, (value) => takeEvent(client, value));
    case SERVER_MESSAGE.responses:
      return receiveMessage(client, messages.serverResponse, (value) => takeResponse(client, value));
    case SERVER_MESSAGE.pong:
      return receiveMessage(client, messages.serverPong, (value) => takePong(client, value, nowMs));
    case SERVER_MESSAGE.goodbye:
      return receiveMessage(client, messages.serverGoodbye, (value) => {
        client.goodbye = value.reason as string;
      });
    case SERVER_MESSAGE.load:
      return receiveMessage(client, messages.serverLoad, (value) => takeLoad(client, value, nowMs));
    default:
      return true;
  }
}

function receiveMessage(client: Client, message: Message, take: (value: WireObject) => void): boolean {
  const { code, value } = decodeMessage(client.reader, message, 'skip');
  if (code === DECODED) take(value);
  return code === DECODED;
}

/** Whether the event in the reader's window is one of those that this client cares for. Reads none of it. */
function isEventHeard({ heardEvents, reader }: Client): boolean {
  if (heardEvents === undefined) return true;
  const { offset } = reader;
  let isHeard = false;
  while (!isHeard && reader.remaining > 0) {
    const tag = reader.varint();
    isHeard = heardEvents.has(tag >>> 3) || !skipField(reader, tag);
  }
  reader.failed = false;
  reader.offset = offset;
  return isHeard;
}

function takeWelcome(client: Client, value: WireObject): void {
  if (client.state !== JOINING || client.welcome !== undefined) return;
  if (value.protocolVersion !== PROTOCOL_VERSION || value.tickHz !== TICK_HZ) {
    client.goodbye = 'protocol_version';
    return;
  }
  const welcome: Welcome = {
    zoneId: value.zoneId as number,
    seed: value.seed as number,
    slot: value.slot as number,
    generation: value.generation as number,
    name: value.name as string,
    playerId: value.playerId as string,
    snapshotIntervalTicks: Math.max(1, value.snapshotIntervalTicks as number),
  };
  client.welcome = welcome;
  const onlySlot = client.options.isLight === true ? welcome.slot : -1;
  if (client.replicas.onlySlot === onlySlot) forgetReplicas(client.replicas);
  else client.replicas = createReplicas(client.game.rows, onlySlot);
  resetInterpolation(client.interpolation);
  client.shownTick = -1;
  // A map takes time to make: after a lost connection it is mostly the same one.
  if (client.prediction === undefined || client.seed !== welcome.seed) {
    client.prediction = createPrediction(client.game, client.layout, welcome.seed);
    client.seed = welcome.seed;
    client.map = client.prediction.sim.map;
  } else resetPrediction(client.prediction);
  client.options.events?.welcomed?.(welcome);
}

function receiveSnapshot(client: Client, nowMs: number): boolean {
  const { replicas, stats, sync, welcome, prediction } = client;
  if (welcome === undefined || prediction === undefined) return true;
  const before = replicas.tick;
  const code = applySnapshot(replicas, client.reader);
  if (code === NO_BASELINE) stats.snapshotsUnusable++;
  if (code !== APPLIED) return code !== MALFORMED;
  stats.snapshots++;
  if (before >= 0) client.snapshotGapMs = Math.max(nowMs - client.snapshotMs, client.snapshotGapMs * GAP_KEPT);
  client.snapshotMs = nowMs;
  if (before >= 0) {
    stats.snapshotsLost += Math.max(0, Math.round((replicas.tick - before) / snapshotInterval(client)) - 1);
  }
  noteSnapshot(sync, replicas.tick, replicas.inputLead, nowMs);
  const own = replicas.bySlot.get(welcome.slot);
  // Who predicts nothing needs the first state all the same: with it the play begins.
  if (own !== undefined && client.options.isLight === true && prediction.tick >= 0) showHeard(client, own);
  else if (own !== undefined) {
    const errorMm = reconcile(prediction, replicas, own);
    if (errorMm > 0) {
      stats.corrections++;
      stats.correctionMm = errorMm;
      client.options.events?.corrected?.(errorMm);
    }
  }
  tryPlay(client, nowMs);
  client.options.events?.snapshotApplied?.(replicas.tick);
  return true;
}

/** Where the server said it is. */
function showHeard({ own, interpolation, replicas }: Client, replica: Replica): void {
  const at = newestState(replicas, replica);
  own.x = replica.values[at + interpolation.rowX]!;
  own.y = replica.values[at + interpolation.rowY]!;
  own.z = replica.values[at + interpolation.rowZ]!;
}

/** Plays as soon as the own state and the server's time are known. */
function tryPlay(client: Client, nowMs: number): void {
  const { prediction, sync } = client;
  // Without the welcome of this connection the prediction is still that of the one before.
  if (client.state !== JOINING || client.welcome === undefined || !canStartClock(sync)) return;
  if (prediction === undefined || prediction.tick < 0) return;
  startClock(sync, nowMs);
  client.sentTick = sync.tick;
  client.playingSinceMs = nowMs;
  client.reason = '';
  if (client.resumingSinceMs >= 0) client.stats.resumed++;
  client.resumingSinceMs = -1;
  setState(client, PLAYING);
}

function takePong(client: Client, value: WireObject, nowMs: number): void {
  const seq = value.clientTimeMs as number;
  // Only what was asked, once: a pong can't say that it took no time or a day.
  if (seq > client.pingSeq || seq + PINGS <= client.pingSeq) return;
  const sentMs = client.pingSentMs[seq % PINGS]!;
  if (sentMs < 0) return;
  client.pingSentMs[seq % PINGS] = -1;
  client.inputsPerFrame = Math.max(1, Math.min(value.inputsPerFrame as number, HELD_INPUTS_MAX));
  notePong(client.sync, sentMs, nowMs, value.tick as number, value.tickAgeUs as number);
  client.options.events?.pongReceived?.(nowMs - sentMs);
  tryPlay(client, nowMs);
}

/** The zone has more to do than time for it, or no longer: how often snapshots come, and how fast its time runs. */
function takeLoad(client: Client, value: WireObject, nowMs: number): void {
  const load = {
    step: value.step as number,
    pace: (value.pacePercent as number) / 100,
    snapshotIntervalTicks: value.snapshotIntervalTicks as number,
  };
  client.load = load;
  setPace(client.sync, load.pace, value.tick as number, nowMs);
  client.options.events?.loadChanged?.(load);
}

function takeEvent(client: Client, value: WireObject): void {
  for (const name of Object.keys(client.game.events ?? {})) {
    const body = value[name];
    if (body === undefined) continue;
    const values = body as Readonly<Record<string, number | string>>;
    client.options.events?.event?.(name, values, value.tick as number);
    return;
  }
}

function takeResponse(client: Client, value: WireObject): void {
  const id = value.id as number;
  const request = client.requests.get(id);
  client.requests.delete(id);
  request?.done(value.refused as string);
}
