// What a client sends: every frame passes here before anything of it is used. Edge threads.
// In order of cost: whether it is a flood → size → rate budget → decode, ranges included → state of the session → join or
// request, decoded whole. (What a frame holds is known once it was decoded, so the state comes after.) A frame that
// fails moves one counter and is dropped whole; nothing is logged, and the session goes on. A first message with the
// wrong version ends it with a reason, and so does a flood.

import { FRAME_BYTES_MAX, PENDING_INPUTS, PROTOCOL_VERSION } from '../base/limits.ts';
import { newestTick } from '../sim/history.ts';
import { ACK_UNKNOWN, acknowledge } from '../snapshot/viewer.ts';
import { INPUT_ACK_AGE_WORD, INPUT_TICK_WORD, readClientFrame } from '../wire/client-frame.ts';
import { DECODED, decodeMessage, encodeMessage, OUT_OF_RANGE } from '../wire/codec.ts';
import { writeInputRecord, writeRequestRecord } from '../wire/zone-records.ts';
import {
  AUTHENTICATING,
  CLOSED,
  type Connection,
  clientOf,
  closeConnection,
  type Edge,
  JOINING,
  PLAYING,
  pushToZone,
} from './edge.ts';
import { FLOOD_BEGINS, FLOOD_NONE, noteArrival, secondLeftMs, takeFrame, takeRequest } from './rate-budget.ts';
import { sendWithin } from './told.ts';

/** From the wire: any bytes, at `bytes[from, end)`. They are the caller's again after the call. */
export function receiveFrame(
  edge: Edge,
  connection: Connection,
  bytes: Uint8Array,
  nowMs: number,
  from = 0,
  end = bytes.length,
): void {
  const { words, index } = edge.counters;
  const length = end - from;
  words[index.frames]!++;
  words[index.bytesUp]! += length;
  if (connection.state === CLOSED || endFlood(edge, connection, length, nowMs)) return;
  if (length > FRAME_BYTES_MAX) {
    words[index.dropSize]!++;
    return;
  }
  if (!takeFrame(connection.budget, length, nowMs)) {
    words[index.dropRate]!++;
    return;
  }
  connection.heardMs = nowMs;
  const { frame } = edge;
  frame.knownTick = connection.inputTick;
  frame.knownBits = connection.inputBits;
  const code = readClientFrame(frame, bytes, from, end);
  if (code !== DECODED) {
    countUndecoded(edge, code);
    return;
  }
  const isPlay = frame.inputCount > 0 || frame.requestOffset >= 0;
  if ((isPlay && connection.state !== PLAYING) || (frame.joinOffset >= 0 && connection.state !== JOINING)) {
    words[index.dropSession]!++;
    return;
  }
  if (isPlay) connection.playedMs = nowMs;
  if (frame.joinOffset >= 0 && !receiveJoin(edge, connection, bytes)) return;
  if (frame.requestOffset >= 0 && !checkRequest(edge, connection, bytes)) return;
  words[index.inputsRepeated]! += frame.knownCount;
  if (frame.hasPing) sendPong(edge, connection, frame.pingTimeMs, nowMs);
  for (let input = 0; input < frame.inputCount; input++) receiveInput(edge, connection, input * frame.layout.words);
  if (frame.requestOffset >= 0) sendRequest(edge, connection, bytes);
}

/** True when that was one too many for too long: the connection is closed. Before that it is held up. */
function endFlood(edge: Edge, connection: Connection, bytes: number, nowMs: number): boolean {
  const flood = noteArrival(connection.budget, bytes, nowMs);
  if (flood === FLOOD_NONE) return false;
  const { words, index } = edge.counters;
  if (flood === FLOOD_BEGINS) {
    words[index.heldUp]!++;
    connection.link.holdUp(secondLeftMs(connection.budget, nowMs));
    return false;
  }
  words[index.closedRate]!++;
  closeConnection(edge, connection, 'rate');
  return true;
}

/** A text frame: never any use, and it costs the same budget. */
export function receiveText(edge: Edge, connection: Connection, bytes: number, nowMs: number): void {
  if (takeCarried(edge, connection, bytes, nowMs)) edge.counters.words[edge.counters.index.dropType]!++;
}

/** A control frame of the carrier, a ping or an unasked pong; false when it is not to be answered. */
export function receiveControl(edge: Edge, connection: Connection, bytes: number, nowMs: number): boolean {
  return takeCarried(edge, connection, bytes, nowMs);
}

function takeCarried(edge: Edge, connection: Connection, bytes: number, nowMs: number): boolean {
  const { words, index } = edge.counters;
  words[index.frames]!++;
  words[index.bytesUp]! += bytes;
  if (connection.state === CLOSED || endFlood(edge, connection, bytes, nowMs)) return false;
  if (takeFrame(connection.budget, bytes, nowMs)) return true;
  words[index.dropRate]!++;
  return false;
}

/** A frame that the carrier refused. */
export function countBadFrame(edge: Edge, reason: 'dropSize' | 'dropMalformed'): void {
  edge.counters.words[edge.counters.index.frames]!++;
  edge.counters.words[edge.counters.index[reason]]!++;
}

/** False when the join is no join, or of another version, which ends the session (both counted). */
function receiveJoin(edge: Edge, connection: Connection, bytes: Uint8Array): boolean {
  edge.reader.reset(bytes, edge.frame.joinOffset, edge.frame.joinEnd);
  const { code, value } = decodeMessage(edge.reader, edge.messages.clientJoin, 'reject');
  if (code !== DECODED) {
    countUndecoded(edge, code);
    return false;
  }
  const { game } = edge.options;
  if (value.protocolVersion !== PROTOCOL_VERSION) return refuseVersion(edge, connection, 'protocol_version');
  if (value.game !== game.name || value.gameVersion !== game.version) {
    return refuseVersion(edge, connection, 'game_version');
  }
  connection.state = AUTHENTICATING;
  edge.options.watch?.joining(connection);
  edge.options.authenticate(connection, value.token as string);
  return true;
}

function countUndecoded(edge: Edge, code: number): void {
  const { words, index } = edge.counters;
  words[code === OUT_OF_RANGE ? index.dropRange : index.dropMalformed]!++;
}

function refuseVersion(edge: Edge, connection: Connection, reason: string): false {
  edge.counters.words[edge.counters.index.refusedProtocol]!++;
  closeConnection(edge, connection, reason);
  return false;
}

/** The one that is sent, filled anew each time. */
const pong = { clientTimeMs: 0, tick: 0, tickAgeUs: 0, inputsPerFrame: 0 };
const pongMessage = { pong };

function sendPong(edge: Edge, connection: Connection, clientTimeMs: number, nowMs: number): void {
  const tick = Math.max(0, newestTick(edge.history));
  const tickAgeUs = tick === edge.servedTick ? Math.max(0, Math.round((nowMs - edge.servedMs) * 1000)) : 0;
  pong.clientTimeMs = clientTimeMs;
  pong.tick = tick;
  pong.tickAgeUs = tickAgeUs;
  pong.inputsPerFrame = connection.link.inputsPerFrame ?? 0;
  edge.writer.reset();
  encodeMessage(edge.writer, edge.messages.serverMessage, pongMessage);
  sendWithin(connection.link, edge.writer.bytes, 0, edge.writer.offset, false);
}

function receiveInput(edge: Edge, connection: Connection, offset: number): void {
  const { inputs, layout } = edge.frame;
  const ackAge = inputs[offset + INPUT_ACK_AGE_WORD]!;
  if (ackAge > 0 && acknowledge(connection.viewer!, inputs[offset + INPUT_TICK_WORD]! - ackAge) === ACK_UNKNOWN) {
    edge.counters.words[edge.counters.index.acksUnknown]!++;
    // Nothing follows from it: neither a baseline, nor how old what the player sees may be.
    inputs[offset + INPUT_ACK_AGE_WORD] = 0;
  }
  edge.writer.reset();
  writeInputRecord(edge.writer, clientOf(edge, connection), inputs, offset, layout.words);
  const tick = inputs[offset + INPUT_TICK_WORD]!;
  // One that comes too early for the zone is taken when it is repeated later.
  const isInTime = tick <= newestTick(edge.history) + PENDING_INPUTS;
  if (pushToZone(edge) && isInTime) noteInput(connection, tick);
}

/** The zone has it: repetitions of it are passed over. */
function noteInput(connection: Connection, tick: number): void {
  const ahead = tick - connection.inputTick;
  if (ahead > 0) {
    connection.inputBits = ahead < 32 ? (connection.inputBits << ahead) | 1 : 1;
    connection.inputTick = tick;
  } else if (ahead > -32) connection.inputBits |= 1 << -ahead;
}

/** Checked whole here, so that the zone decodes only what is known to be good. */
function checkRequest(edge: Edge, connection: Connection, bytes: Uint8Array): boolean {
  if (!takeRequest(connection.budget)) {
    edge.counters.words[edge.counters.index.dropRate]!++;
    return false;
  }
  edge.reader.reset(bytes, edge.frame.requestOffset, edge.frame.requestEnd);
  const { code, value } = decodeMessage(edge.reader, edge.messages.clientRequest, 'reject');
  if (code !== DECODED) countUndecoded(edge, code);
  else edge.options.watch?.asked(connection, value);
  return code === DECODED;
}

function sendRequest(edge: Edge, connection: Connection, bytes: Uint8Array): void {
  const { requestOffset, requestEnd } = edge.frame;
  edge.writer.reset();
  writeRequestRecord(edge.writer, clientOf(edge, connection), bytes, requestOffset, requestEnd);
  pushToZone(edge);
}
