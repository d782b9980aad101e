// The connections of one edge, whatever carries them: who is there, in which state, and how they come and go. Edge
// threads. Bytes and `nowMs` come in, bytes go out through each connection's Link; no socket, no clock. receive.ts
// has what clients send, serve.ts what they get. What must wait (verifying a token, loading a character) is asked for
// with `authenticate` and answered by `admitConnection` or `closeConnection`.
//
// A connection: JOINING (nothing sent yet) → AUTHENTICATING → ENTERING (the zone was asked) → PLAYING → CLOSED.
// Writes the input ring and its counter block; reads history, names and the output ring.

import { Reader, Writer } from '../base/bytes.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { CONNECTIONS_MAX, IDLE_TIMEOUT_MS, JOIN_TIMEOUT_MS, PLAY_IDLE_TIMEOUT_MS } from '../base/limits.ts';
import { createRingReader, createRingWriter, type RingReader, type RingWriter } from '../base/ring.ts';
import type { AnyGame } from '../sim/game.ts';
import { createGrid, type Grid } from '../sim/grid.ts';
import { createHistory, type History, historyEpoch, newestTick } from '../sim/history.ts';
import { createEntityEncoder } from '../snapshot/entity-encoder.ts';
import { cellMmFor, createInterest } from '../snapshot/interest.ts';
import { createPacker, type Packer } from '../snapshot/packer.ts';
import { createSight, type Sight } from '../snapshot/sight.ts';
import { closeViewer, createWatchers, type Viewer, type Watchers } from '../snapshot/viewer.ts';
import type { Channels } from '../transport/channels/channels.ts';
import type { SnapshotPlan } from '../transport/channels/degradation.ts';
import { type ClientFrame, createClientFrame } from '../wire/client-frame.ts';
import { encodeToBytes } from '../wire/codec.ts';
import { createMessages, type Messages } from '../wire/schema.ts';
import {
  CLIENT_BITS,
  type EvictRecord,
  type JoinRecord,
  RECORD_BYTES_MAX,
  RECORD_LEAVE,
  RECORD_RESET,
  writeBareRecord,
  writeEvictRecord,
  writeJoinRecord,
} from '../wire/zone-records.ts';
import { createEdgeEffort, createZoneLoad, type EdgeEffort, type ZoneLoad } from './load.ts';
import { createRateBudget, type RateBudget } from './rate-budget.ts';
import {
  createStrangers,
  leaveDoor,
  meetStranger,
  releaseStranger,
  type Stranger,
  type Strangers,
  seatPlayer,
} from './strangers.ts';
import { createTold, sendTold, type Told } from './told.ts';
import type { EdgeWatch } from './watch.ts';

/** What carries a connection. The bytes given to `send` are the caller's again after the call. */
export interface Link {
  /** How often its client gets a snapshot, and how large; a carrier that knows its line's limits changes it. */
  readonly plan: SnapshotPlan;
  /** Whom the carrier has admitted, if it asks: then no other player joins through it. */
  readonly playerId: number | undefined;
  /** How many inputs a frame of its client shall wait for, which the next pong says; undefined: for none. */
  readonly inputsPerFrame?: number;
  /** What carries it where that is datagrams: prefetch.ts looks ahead into it. */
  readonly channels?: Channels;
  /** What is not reliable (snapshots, pongs) a carrier may lose, and drops when something newer has come. */
  send(bytes: Uint8Array, isReliable: boolean): void;
  /** The same with `bytes[from, end)`, where a carrier needs no object of its own for that. */
  sendWithin?(bytes: Uint8Array, from: number, end: number, isReliable: boolean): void;
  /**
   * Where a carrier can send a snapshot from where it was packed: `bytes[from, end)` are the caller's again after the
   * call, and so are the SNAPSHOT_HEADROOM_BYTES before them. Without it `send` gets them.
   */
  sendSnapshot?(bytes: Uint8Array, from: number, end: number): void;
  /** Bytes that wait to be sent. */
  backlogBytes(): number;
  /** Reads nothing for so long; a carrier that can't make its peer wait drops what comes. */
  holdUp(ms: number): void;
  close(): void;
}

export const CLOSED = 0;
export const JOINING = 1;
export const AUTHENTICATING = 2;
export const ENTERING = 3;
export const PLAYING = 4;

/** In the place of the tick that was the newest when the zone was asked: there was no room to ask. */
export const UNSENT = -2;
/** The same: there was none, or it was of an epoch that has ended. Also what `newestTick` says before the first. */
export const UNDATED = -1;

export interface Connection {
  readonly index: number;
  readonly link: Link;
  readonly stranger: Stranger;
  readonly budget: RateBudget;
  readonly openedMs: number;
  heardMs: number;
  /** When it last did something in the world. */
  playedMs: number;
  state: number;
  /** When the zone was asked to let it in. */
  asked: number;
  name: string;
  playerId: number;
  viewer: Viewer | undefined;
  /** Inputs that the zone was given, by tick: bit i is that for `inputTick − i`. */
  inputTick: number;
  inputBits: number;
  /** Whether it was sent a snapshot. */
  isServed: boolean;
  readonly told: Told;
}

/** The parts of a zone's shared memory that an edge uses. */
export interface EdgeBuffers {
  readonly capacity: number;
  readonly history: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  readonly inputRings: readonly SharedArrayBuffer[];
  readonly outputRings: readonly SharedArrayBuffer[];
  readonly edgeCounters: readonly SharedArrayBuffer[];
}

export interface EdgeOptions {
  readonly game: AnyGame;
  readonly zoneId: number;
  readonly edgeIndex: number;
  readonly seed: number;
  readonly buffers: EdgeBuffers;
  /** Connections beyond the usual, for benches. */
  readonly connectionsMax?: number;
  /** 0: no limit; undefined: the usual one, but for this machine itself. */
  readonly playersPerAddress?: number | undefined;
  /** Called once a connection has sent a join of the right version; answered later. */
  readonly authenticate: (connection: Connection, token: string) => void;
  /** Undefined: nobody times what happens. */
  readonly watch?: EdgeWatch;
}

export interface Edge {
  readonly options: EdgeOptions;
  readonly messages: Messages;
  readonly counters: Counters<'edge'>;
  readonly history: History;
  readonly grid: Grid;
  readonly packer: Packer;
  /** Who sees whom, by the indexes of connections. */
  readonly watchers: Watchers;
  readonly toZone: RingWriter;
  readonly fromZone: RingReader;
  readonly frame: ClientFrame;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly strangers: Strangers;
  readonly connections: (Connection | undefined)[];
  /** Indexes of connections whose snapshot is due in the round of serving that goes on. */
  readonly due: Int32Array;
  /** The first `toldCount`: those for whom something waits that the zone said, while its messages are read. */
  readonly toldTo: (Connection | undefined)[];
  toldCount: number;
  readonly freeIndexes: number[];
  /** Indexes of connections that are gone; they are free once the zone has answered the leave. When it was asked. */
  readonly leaves: Map<number, number>;
  /** Which start of this edge it is: an answer to the reset of an earlier one is none to this. */
  readonly life: number;
  /** When the reset was put on the ring: nothing may precede it, the zone would take it back. */
  resetAsked: number;
  /** Whether the zone has answered this edge's reset; nothing from before is listened to. */
  isReset: boolean;
  epoch: number;
  /** All that the zone had said when it published this tick has been read. */
  heardTick: number;
  /** Newest tick served, and when it was seen. */
  servedTick: number;
  servedMs: number;
  /** How busy the zone says it is, and how well this edge keeps up. */
  readonly zoneLoad: ZoneLoad;
  readonly effort: EdgeEffort;
}

export function createEdge(options: EdgeOptions): Edge {
  const { game, buffers, edgeIndex } = options;
  const history = createHistory(game.rows, buffers.capacity, buffers.history);
  const counters = createCounters('edge', buffers.edgeCounters[edgeIndex]!);
  const grid = createGrid(history, cellMmFor(game.limits.interestRadiusMm));
  const names = new Uint8Array(buffers.names);
  const encoder = createEntityEncoder(history, names, names.length / buffers.capacity);
  const sight = createSightOf(game, options.seed);
  const edge: Edge = {
    options,
    messages: createMessages(game),
    counters,
    history,
    grid,
    packer: createPacker(encoder, createInterest(grid, game.limits.interestRadiusMm, sight), counters),
    watchers: createWatchers(buffers.capacity, options.connectionsMax ?? CONNECTIONS_MAX),
    toZone: createRingWriter(buffers.inputRings[edgeIndex]!),
    fromZone: createRingReader(buffers.outputRings[edgeIndex]!),
    frame: createClientFrame(game),
    reader: new Reader(),
    writer: new Writer(new Uint8Array(RECORD_BYTES_MAX)),
    strangers: createStrangers(),
    connections: [],
    due: new Int32Array(options.connectionsMax ?? CONNECTIONS_MAX),
    toldTo: [],
    toldCount: 0,
    freeIndexes: [],
    leaves: new Map(),
    life: ++counters.words[counters.index.starts]! & ((1 << CLIENT_BITS) - 1),
    resetAsked: UNSENT,
    isReset: false,
    epoch: historyEpoch(history),
    heardTick: -1,
    servedTick: -1,
    servedMs: 0,
    zoneLoad: createZoneLoad(),
    effort: createEdgeEffort(),
  };
  counters.words[counters.index.connections] = 0;
  counters.words[counters.index.loadPercent] = 0;
  sendReset(edge);
  return edge;
}

/** Until it is answered: the ring to the zone may be full, and the answer may have found the other one full. */
function sendReset(edge: Edge): void {
  if (edge.isReset) return;
  edge.resetAsked = datedAgain(edge, edge.resetAsked);
  if (!mustAsk(edge, edge.resetAsked)) return;
  // Whoever asked to come in since the one before is thrown out by this one.
  for (const connection of edge.connections) {
    if (connection?.state === ENTERING) closeConnection(edge, connection, 'zone_full');
  }
  edge.writer.reset();
  writeBareRecord(edge.writer, RECORD_RESET, (edge.options.edgeIndex << CLIENT_BITS) | edge.life);
  if (pushToZone(edge)) edge.resetAsked = newestTick(edge.history);
}

/** The same map as the zone's, from the same seed. */
function createSightOf(game: AnyGame, seed: number): Sight | undefined {
  if (game.blocksSight === undefined) return undefined;
  const map = game.createMap(seed);
  return createSight((fromX, fromZ, toX, toZ) => game.blocksSight!(map, fromX, fromZ, toX, toZ));
}

/** A socket was accepted, before anything of it was read; undefined refuses it (counted): the caller ends it. */
export function welcomeStranger(edge: Edge, address: string, isLoopback = false): Stranger | undefined {
  const { words, index } = edge.counters;
  const stranger = meetStranger(edge.strangers, address, isLoopback);
  if (typeof stranger !== 'string') return stranger;
  words[stranger === 'address' ? index.refusedAddress : index.refusedDoorFull]!++;
  return undefined;
}

/** The socket is gone. Until then a connection that was closed counts: who ends none of them opens no more. */
export function forgetStranger(edge: Edge, stranger: Stranger): void {
  releaseStranger(edge.strangers, stranger);
}

/** A connection was opened; undefined when the edge is full (counted): the caller closes it. */
export function openConnection(edge: Edge, link: Link, stranger: Stranger, nowMs: number): Connection | undefined {
  const { words, index } = edge.counters;
  const free = edge.freeIndexes.pop() ?? edge.connections.length;
  if (free >= (edge.options.connectionsMax ?? CONNECTIONS_MAX)) {
    words[index.refusedFull]!++;
    return undefined;
  }
  const connection: Connection = {
    index: free,
    link,
    stranger,
    budget: createRateBudget(nowMs),
    openedMs: nowMs,
    heardMs: nowMs,
    playedMs: nowMs,
    state: JOINING,
    asked: UNSENT,
    name: '',
    playerId: 0,
    viewer: undefined,
    inputTick: 0,
    inputBits: 0,
    isServed: false,
    told: createTold(),
  };
  edge.connections[free] = connection;
  words[index.accepted]!++;
  words[index.connections]!++;
  return connection;
}

/** The server ends a connection: says why, then closes. Also when the link is gone already. */
export function closeConnection(edge: Edge, connection: Connection, reason: string): void {
  if (connection.state === CLOSED) return;
  sendTold(connection.told, connection.link);
  connection.link.send(encodeToBytes(edge.messages.serverMessage, { goodbye: { reason } }), true);
  connection.link.close();
  forgetConnection(edge, connection, reason);
}

/** The link is gone. The zone is told if the player had entered, or was about to. */
export function forgetConnection(edge: Edge, connection: Connection, reason = ''): void {
  if (connection.state === CLOSED) return;
  edge.options.watch?.gone(connection, reason);
  const hasEntered = connection.state >= ENTERING;
  connection.state = CLOSED;
  if (connection.viewer !== undefined) closeViewer(connection.viewer);
  connection.viewer = undefined;
  edge.connections[connection.index] = undefined;
  edge.counters.words[edge.counters.index.connections]!--;
  if (hasEntered) {
    edge.leaves.set(connection.index, UNSENT);
    sendLeave(edge, connection.index);
  } else edge.freeIndexes.push(connection.index);
}

function sendLeave(edge: Edge, leaving: number): boolean {
  edge.writer.reset();
  writeBareRecord(edge.writer, RECORD_LEAVE, (edge.options.edgeIndex << CLIENT_BITS) | leaving);
  if (!pushToZone(edge)) return false;
  edge.leaves.set(leaving, newestTick(edge.history));
  return true;
}

/** Without its leave an entity would stay in the world forever, without the answer the index would be lost. */
function repeatLeaves(edge: Edge): void {
  for (const [leaving, asked] of edge.leaves) {
    const dated = datedAgain(edge, asked);
    edge.leaves.set(leaving, dated);
    if (mustAsk(edge, dated) && !sendLeave(edge, leaving)) return;
  }
}

/**
 * Whether to put something on the ring to the zone, again or at last. What was put there while `asked` was the newest
 * tick was taken by the second tick after it at the latest, whose answers were out before its frame: when they have all
 * been read the answer is lost, and not on its way. So nothing is ever answered twice.
 */
function mustAsk(edge: Edge, asked: number): boolean {
  return asked === UNSENT || (asked !== UNDATED && edge.heardTick >= asked + 2);
}

/** What was asked of a zone that died since is as if asked now. */
function datedAgain(edge: Edge, asked: number): number {
  return asked === UNDATED ? newestTick(edge.history) : asked;
}

/** The token was good, and nothing was asked yet: false when the address has no place left; it is told (counted). */
export function takePlace(edge: Edge, connection: Connection): boolean {
  if (seatPlayer(edge.strangers, connection.stranger, edge.options.playersPerAddress)) return true;
  if (connection.state !== CLOSED) edge.counters.words[edge.counters.index.refusedAddressFull]!++;
  closeConnection(edge, connection, 'address_full');
  return false;
}

/** The token was good: asks the zone to let the player in. The welcome follows when the zone has. */
export function admitConnection(edge: Edge, connection: Connection, join: JoinRecord): void {
  if (connection.state !== AUTHENTICATING) return;
  edge.writer.reset();
  writeJoinRecord(edge.writer, clientOf(edge, connection), join);
  if (edge.resetAsked === UNSENT || !pushToZone(edge)) {
    closeConnection(edge, connection, 'zone_full');
    return;
  }
  connection.state = ENTERING;
  connection.asked = newestTick(edge.history);
  leaveDoor(edge.strangers, connection.stranger);
  connection.name = join.name;
  connection.playerId = join.playerId;
}

/** The player is in another zone now. What stands of it in this one may linger. */
export function dropPlayer(edge: Edge, playerId: number): void {
  for (const connection of edge.connections) {
    if (connection?.playerId === playerId) closeConnection(edge, connection, 'replaced');
  }
}

/**
 * What stands of the player goes, through whichever edge it came; then the zone has its connection closed. Where there is no
 * room to say so, the next save of it is refused like the one before, and it is said again.
 */
export function evictPlayer(edge: Edge, evicted: EvictRecord): void {
  edge.writer.reset();
  writeEvictRecord(edge.writer, edge.options.edgeIndex << CLIENT_BITS, evicted);
  pushToZone(edge);
}

/** Time passes: who never joined, fell silent or got no answer is closed. A few times a second is enough. */
export function updateEdge(edge: Edge, nowMs: number): void {
  sendReset(edge);
  repeatLeaves(edge);
  for (const connection of edge.connections) {
    if (connection === undefined) continue;
    if (connection.state === ENTERING) {
      connection.asked = datedAgain(edge, connection.asked);
      if (mustAsk(edge, connection.asked)) closeConnection(edge, connection, 'zone_full');
    } else if (connection.state < ENTERING && nowMs - connection.openedMs > JOIN_TIMEOUT_MS) {
      edge.counters.words[edge.counters.index.refusedJoinTimeout]!++;
      closeConnection(edge, connection, 'idle');
    }
    const isSilent = nowMs - connection.heardMs > IDLE_TIMEOUT_MS || nowMs - connection.playedMs > PLAY_IDLE_TIMEOUT_MS;
    if (connection.state !== CLOSED && isSilent) {
      edge.counters.words[edge.counters.index.closedIdle]!++;
      closeConnection(edge, connection, 'idle');
    }
  }
}

export function clientOf(edge: Edge, connection: Connection): number {
  return (edge.options.edgeIndex << CLIENT_BITS) | connection.index;
}

/** What was written to `edge.writer` goes to the zone; false when the ring is full (counted). */
export function pushToZone(edge: Edge): boolean {
  if (edge.toZone.push(edge.writer.bytes, 0, edge.writer.offset)) return true;
  edge.counters.words[edge.counters.index.dropRingFull]!++;
  return false;
}
