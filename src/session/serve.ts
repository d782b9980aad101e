// What clients get: a snapshot for a third of them each tick, the first one with the welcome, and what the zone sends to
// single ones. Edge threads.

import { lowestBit } from '../base/bits.ts';
import {
  FRAME_LAG_TICKS_MAX,
  PROTOCOL_VERSION,
  SNAPSHOT_INTERVAL_TICKS,
  SOCKET_BACKLOG_BYTES_MAX,
  TICK_HZ,
} from '../base/limits.ts';
import { buildGrid } from '../sim/grid.ts';
import { historyEpoch, isFrameHeld, newestTick } from '../sim/history.ts';
import { resetEntityEncoder } from '../snapshot/entity-encoder.ts';
import { limitSight } from '../snapshot/interest.ts';
import { packSnapshot } from '../snapshot/packer.ts';
import { createViewer, isOwnAlive, voidBaselines, wasServed } from '../snapshot/viewer.ts';
import { encodeToBytes } from '../wire/codec.ts';
import { SERVER_MESSAGE } from '../wire/schema.ts';
import {
  CLIENT_ALL,
  CLIENT_BITS,
  RECORD_EVENT,
  RECORD_GONE,
  RECORD_JOINED,
  RECORD_LEFT,
  RECORD_NEAR,
  RECORD_RESET,
  RECORD_RESPONSE,
  readAscii,
} from '../wire/zone-records.ts';
import { type Connection, closeConnection, type Edge, ENTERING, PLAYING, UNDATED, UNSENT } from './edge.ts';
import { encodeLoad, noteRound, takeZoneLoad } from './load.ts';
import { PREFETCH_VIEWERS, prefetchViewers } from './prefetch.ts';
import { hasTold, sendTold, sendWithin, tell } from './told.ts';

/** Everything there is to send: the zone's messages first, so that a welcome precedes the first snapshot. */
export function serveClients(edge: Edge, nowMs: number): void {
  const heardTick = newestTick(edge.history);
  takeZoneMessages(edge);
  const epoch = historyEpoch(edge.history);
  if (epoch === edge.epoch) edge.heardTick = heardTick;
  else startEpoch(edge, epoch);
  if (takeZoneLoad(edge.zoneLoad, edge.history)) adaptToLoad(edge);
  const newest = newestTick(edge.history);
  if (newest <= edge.servedTick) return;
  let tick = edge.servedTick + 1;
  const isUsed = hasPlayers(edge);
  // One that nobody uses looks less often, and is behind with nothing.
  if (edge.servedTick >= 0) noteRound(edge.effort, isUsed ? newest - edge.servedTick : 1);
  // The clients of a tick that was slept through get theirs from the newest frame, not from an old one.
  if (isUsed && edge.servedTick >= 0 && newest - tick >= FRAME_LAG_TICKS_MAX) {
    edge.counters.words[edge.counters.index.framesSkipped]! += newest - tick;
    tick = newest;
  }
  if (edge.servedTick < 0) tick = newest;
  const first = tick;
  edge.servedTick = newest;
  edge.servedMs = nowMs;
  if (!isUsed || !isFrameHeld(edge.history, newest)) return;
  buildGrid(edge.grid, edge.history, newest);
  const { connections, due } = edge;
  const count = findDue(edge, first, newest);
  for (let place = 0; place < count; place++) {
    if (place % PREFETCH_VIEWERS === 0) prefetchViewers(edge, place, count, newest);
    const connection = connections[due[place]!];
    if (connection?.state === PLAYING) sendSnapshot(edge, connection, newest);
  }
}

/** Without any there is nothing to find in a frame: an edge that nobody uses costs next to nothing. */
function hasPlayers({ connections }: Edge): boolean {
  for (const connection of connections) if (connection?.state === PLAYING) return true;
  return false;
}

/** Into `due`: whose turn came in one of the ticks `first … newest`. Returns how many. */
function findDue({ connections, due, zoneLoad }: Edge, first: number, newest: number): number {
  let dueCount = 0;
  // Each time another one is the first: where bandwidth doesn't last for all, it is not always the same who get nothing.
  for (let count = 0; count < connections.length; count++) {
    const connection = connections[(newest + count) % connections.length];
    if (connection === undefined || connection.state !== PLAYING) continue;
    // Who has only just come in waits for no turn.
    const isNew = !wasServed(connection.viewer!);
    const intervalTicks = Math.max(connection.link.plan.intervalTicks, zoneLoad.intervalTicks);
    if (isNew || isDue(connection.index, intervalTicks, first, newest)) due[dueCount++] = connection.index;
  }
  return dueCount;
}

/** The zone has more to do than before, or less: so much is sent from now on, and all who play are told. */
function adaptToLoad({ connections, messages, packer, zoneLoad }: Edge): void {
  limitSight(packer.interest, zoneLoad.seenMax);
  const bytes = encodeLoad(messages, zoneLoad);
  for (const connection of connections) if (connection?.state === PLAYING) connection.link.send(bytes, true);
}

/** Whether a client's turn comes in one of the ticks `first … last`. */
function isDue(index: number, intervalTicks: number, first: number, last: number): boolean {
  return first + ((((index - first) % intervalTicks) + intervalTicks) % intervalTicks) <= last;
}

/** The zone was resumed: what clients acknowledged may not be what it remembers, and ticks may come again. */
function startEpoch(edge: Edge, epoch: number): void {
  edge.epoch = epoch;
  edge.servedTick = -1;
  edge.heardTick = -1;
  if (edge.resetAsked !== UNSENT) edge.resetAsked = UNDATED;
  for (const [index, asked] of edge.leaves) if (asked !== UNSENT) edge.leaves.set(index, UNDATED);
  for (const connection of edge.connections) if (connection?.state === ENTERING) connection.asked = UNDATED;
  resetEntityEncoder(edge.packer.encoder);
  for (const connection of edge.connections) {
    if (connection?.viewer === undefined) continue;
    voidBaselines(connection.viewer);
    connection.inputBits = 0;
  }
}

function sendSnapshot(edge: Edge, connection: Connection, tick: number): void {
  const { words, index } = edge.counters;
  const backlogBytes = connection.link.backlogBytes();
  if (backlogBytes > SOCKET_BACKLOG_BYTES_MAX) {
    words[index.snapshotSkipped]!++;
    if (backlogBytes > 4 * SOCKET_BACKLOG_BYTES_MAX) {
      words[index.closedBacklog]!++;
      closeConnection(edge, connection, 'backlog');
    }
    return;
  }
  const viewer = connection.viewer!;
  if (!isOwnAlive(viewer, edge.history, tick)) return;
  const { packer } = edge;
  if (!packSnapshot(packer, viewer, tick, connection.link.plan.bytesMax)) {
    words[index.framesOverrun]!++;
    return;
  }
  const { bytes, start, end } = packer;
  if (connection.link.sendSnapshot === undefined) sendWithin(connection.link, bytes, start, end, false);
  else connection.link.sendSnapshot(bytes, start, end);
  words[index.snapshots]!++;
  words[index.snapshotBytes]! += end - start;
  if (connection.isServed) return;
  connection.isServed = true;
  edge.options.watch?.served(connection);
}

function takeZoneMessages(edge: Edge): void {
  readZoneMessages(edge);
  const { toldTo } = edge;
  for (let index = 0; index < edge.toldCount; index++) {
    const connection = toldTo[index]!;
    toldTo[index] = undefined;
    if (connection.state === PLAYING) sendTold(connection.told, connection.link);
  }
  edge.toldCount = 0;
}

function readZoneMessages(edge: Edge): void {
  const { fromZone, reader } = edge;
  while (fromZone.next()) {
    reader.reset(fromZone.bytes, fromZone.offset, fromZone.end);
    const kind = reader.u8();
    const client = reader.u16();
    if (kind === RECORD_RESET && (client & ((1 << CLIENT_BITS) - 1)) === edge.life) edge.isReset = true;
    if (!edge.isReset) continue;
    if (kind === RECORD_GONE) {
      const gone = client & ((1 << CLIENT_BITS) - 1);
      if (edge.leaves.delete(gone)) edge.freeIndexes.push(gone);
      continue;
    }
    if (kind === RECORD_NEAR) {
      forwardNear(edge, reader.u16(), fromZone.bytes, reader.offset, fromZone.end);
      continue;
    }
    if (client === CLIENT_ALL) {
      for (const connection of edge.connections) {
        if (connection?.state === PLAYING) forward(edge, connection, kind, fromZone.bytes, reader.offset, fromZone.end);
      }
      continue;
    }
    const connection = edge.connections[client & ((1 << CLIENT_BITS) - 1)];
    if (connection === undefined) continue;
    if (kind === RECORD_JOINED) welcome(edge, connection, reader.u16(), reader.u16(), reader.u32());
    else if (kind === RECORD_LEFT) dismiss(edge, connection, readAscii(reader));
    else forward(edge, connection, kind, fromZone.bytes, reader.offset, fromZone.end);
  }
}

function welcome(edge: Edge, connection: Connection, slot: number, generation: number, tick: number): void {
  if (connection.state !== ENTERING) return;
  connection.state = PLAYING;
  connection.viewer = createViewer(edge.watchers, connection.index, slot, generation);
  const { zoneId, seed } = edge.options;
  const { name, playerId } = connection;
  connection.link.send(
    encodeToBytes(edge.messages.serverMessage, {
      welcome: {
        protocolVersion: PROTOCOL_VERSION,
        zoneId,
        tickHz: TICK_HZ,
        snapshotIntervalTicks: SNAPSHOT_INTERVAL_TICKS,
        seed,
        slot,
        generation,
        tick,
        name,
        playerId: String(playerId),
      },
    }),
    true,
  );
  if (edge.zoneLoad.word !== 0) connection.link.send(encodeLoad(edge.messages, edge.zoneLoad), true);
  edge.options.watch?.welcomed(connection);
}

/** The zone has let go of the player already: the leave that follows finds nobody. */
function dismiss(edge: Edge, connection: Connection, reason: string): void {
  if (connection.state === ENTERING || connection.state === PLAYING) closeConnection(edge, connection, reason);
}

/** An event for everyone who sees the entity in `slot`. */
function forwardNear(edge: Edge, slot: number, bytes: Uint8Array, from: number, end: number): void {
  const { bits, stride } = edge.watchers;
  for (let word = 0; word < stride; word++) {
    for (let rest = bits[slot * stride + word]!; rest !== 0; rest &= rest - 1) {
      const watcher = edge.connections[word * 32 + lowestBit(rest)];
      if (watcher !== undefined) forward(edge, watcher, RECORD_EVENT, bytes, from, end);
    }
  }
}

/** A response or an event goes out with what else this client is told in this pass, in the same order. */
function forward(edge: Edge, connection: Connection, kind: number, bytes: Uint8Array, from: number, end: number): void {
  if (connection.state !== PLAYING || (kind !== RECORD_EVENT && kind !== RECORD_RESPONSE)) return;
  const field = kind === RECORD_EVENT ? SERVER_MESSAGE.events : SERVER_MESSAGE.responses;
  if (!hasTold(connection.told)) edge.toldTo[edge.toldCount++] = connection;
  tell(connection.told, connection.link, field, bytes, from, end);
  if (kind === RECORD_RESPONSE) edge.options.watch?.answered(connection, edge.messages, bytes, from, end);
  const { words, index } = edge.counters;
  words[index.eventsSent]!++;
  words[index.eventBytes]! += end - from;
}
