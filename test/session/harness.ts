// An edge and its zone in one thread, with links that only remember, a clock that is set by hand, and clients that
// apply what they get and hold it against the zone's own frame.

import { expect } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { LOOK_INTERVAL_TICKS, PROTOCOL_VERSION, SNAPSHOT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import {
  admitConnection,
  type Connection,
  createEdge,
  type Edge,
  forgetConnection,
  forgetStranger,
  type Link,
  openConnection,
  welcomeStranger,
} from '../../src/session/edge.ts';
import { receiveFrame } from '../../src/session/receive.ts';
import { serveClients } from '../../src/session/serve.ts';
import { frameOffset, frameSlotCount, GENERATION, isFrameHeld, KIND, newestTick, ROWS } from '../../src/sim/history.ts';
import { worldTick } from '../../src/sim/world.ts';
import { APPLIED, applySnapshot, createReplicas, newestState, type Replicas } from '../../src/snapshot/replicas.ts';
import { SNAPSHOT_PLANS } from '../../src/transport/channels/degradation.ts';
import { decodeMessage, encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { CLIENT_BITS } from '../../src/wire/zone-records.ts';
import { createTestZone, restartZone, run, type TestZone, testGame } from '../zone/harness.ts';

export const messages = createMessages(testGame);

export interface Client extends Link {
  connection: Connection | undefined;
  readonly playerId: number;
  /** Frames as they came, and decoded. */
  readonly frames: Uint8Array[];
  readonly got: WireObject[];
  welcome: WireObject | undefined;
  readonly replicas: Replicas;
  backlog: number;
  /** For how long it was not to be read, each time. */
  readonly heldUpMs: number[];
  isClosed: boolean;
  /** Snapshots applied, each of them held against the zone. */
  applied: number;
  /** Newest tick applied; what it acknowledges. 0 before the first. */
  acked: number;
}

export interface TestSession {
  readonly zone: TestZone;
  edge: Edge;
  nowMs: number;
  epoch: number;
  /** Connections whose token waits for an answer. */
  readonly asked: { readonly connection: Connection; readonly token: string }[];
}

export function createSession(edgeIndex = 0, edgeCount = 1, capacity = 64): TestSession {
  const zone = createTestZone(testGame, edgeCount, 1, capacity);
  const session = { zone, nowMs: 1000, epoch: 1, asked: [] } as unknown as TestSession;
  session.edge = startEdge(session, edgeIndex);
  return session;
}

/** The edge thread died, or starts: nothing is known of its connections. */
export function startEdge(session: TestSession, edgeIndex = 0): Edge {
  session.asked.length = 0;
  return createEdge({
    game: testGame,
    zoneId: 5,
    edgeIndex,
    seed: 77,
    buffers: session.zone.buffers,
    authenticate: (connection, token) => session.asked.push({ connection, token }),
  });
}

/** The zone thread died and another one goes on. */
export function restart(session: TestSession): void {
  restartZone(session.zone, ++session.epoch);
}

/** A client whose socket is open; without connection where the edge refused it. */
export function open(session: TestSession, playerId = 1, address = `host ${playerId}`): Client {
  const stranger = welcomeStranger(session.edge, address);
  const client: Client = {
    connection: undefined,
    playerId,
    frames: [],
    got: [],
    welcome: undefined,
    replicas: createReplicas(testGame.rows),
    backlog: 0,
    heldUpMs: [],
    isClosed: false,
    applied: 0,
    acked: 0,
    plan: SNAPSHOT_PLANS[0]!,
    send: (bytes) => receive(session, client, bytes),
    backlogBytes: () => client.backlog,
    holdUp: (ms) => void client.heldUpMs.push(ms),
    close: () => {
      client.isClosed = true;
      forgetStranger(session.edge, stranger!);
    },
  };
  if (stranger !== undefined) client.connection = openConnection(session.edge, client, stranger, session.nowMs);
  return client;
}

function receive(session: TestSession, client: Client, bytes: Uint8Array): void {
  expect(client.isClosed, 'nothing is sent after close').toBe(false);
  client.frames.push(bytes.slice());
  const { code, value } = decodeMessage(new Reader(bytes), messages.serverMessage, 'reject');
  expect(code).toBe(0);
  client.got.push(value);
  if (value.welcome !== undefined) {
    expect(client.welcome, 'one welcome').toBeUndefined();
    client.welcome = value.welcome as WireObject;
  }
  if (value.snapshot === undefined) return;
  expect(client.welcome, 'the welcome precedes every snapshot').toBeDefined();
  const reader = new Reader(bytes);
  reader.u8();
  reader.varint();
  const before = client.replicas.tick;
  const code2 = applySnapshot(client.replicas, reader);
  expect(code2, `snapshot after ${before}`).toBe(APPLIED);
  client.applied++;
  client.acked = client.replicas.tick;
  checkWorld(session, client);
}

/** What the client holds is what stands in the frame, and what is near is there unless it was left out. */
function checkWorld(session: TestSession, client: Client): void {
  const { replicas } = client;
  const { history } = session.zone.zone;
  const { records, stride } = history;
  const { rowX, rowZ } = session.edge.grid;
  const tick = replicas.tick;
  expect(tick).toBe(newestTick(history));
  const offset = frameOffset(history, tick);
  const own = offset + Number(client.welcome!.slot) * stride;
  const back = (ticks: number): number =>
    isFrameHeld(history, tick - ticks) ? frameOffset(history, tick - ticks) - offset : 0;
  const sinceLook = back(LOOK_INTERVAL_TICKS);
  const sinceSnapshot = back(SNAPSHOT_INTERVAL_TICKS);
  let missing = 0;
  for (let slot = 0; slot < frameSlotCount(history, tick); slot++) {
    const record = offset + slot * stride;
    const isSame = (shift: number): boolean =>
      records[record + shift + KIND] !== 0 && records[record + shift + GENERATION] === records[record + GENERATION];
    const isNear = (shift: number): boolean => {
      const dx = records[record + shift + rowX]! - records[own + shift + rowX]!;
      const dz = records[record + shift + rowZ]! - records[own + shift + rowZ]!;
      return isSame(shift) && dx * dx + dz * dz <= testGame.limits.interestRadiusMm ** 2;
    };
    // Who came near since the last look may be missing, who has just appeared may not.
    const mustBeThere = isNear(0) && (isNear(sinceLook) || !isSame(sinceSnapshot));
    if (mustBeThere && !replicas.bySlot.has(slot)) missing++;
  }
  // With too much to do only the nearest are sent, and the others not before the next look.
  if (session.edge.zoneLoad.tick === 0) {
    expect(missing, `entities in sight at ${tick}`).toBeLessThanOrEqual(replicas.omitted);
  }
  for (const [slot, replica] of replicas.bySlot) {
    const record = offset + slot * stride;
    expect(slot < frameSlotCount(history, tick) && records[record + KIND], `slot ${slot} at ${tick}`).toBe(
      replica.kind,
    );
    expect(replica.generation).toBe(records[record + GENERATION]);
    if (replica.ticks[replica.count - 1] !== tick && replicas.omitted > 0) continue;
    const at = newestState(replicas, replica);
    for (let row = 0; row < history.rows.length; row++) {
      if (history.rows[row]!.ownerOnly) continue;
      expect(replica.values[at + row], `${history.rows[row]!.name} of ${slot}`).toBe(records[record + ROWS + row]);
    }
  }
}

export function goodbyesOf(client: Client): string[] {
  return client.got.flatMap(({ goodbye }) => (goodbye === undefined ? [] : [String((goodbye as WireObject).reason)]));
}

/** Ticks of the snapshots it got. */
export function snapshotTicks(client: Client): number[] {
  return client.got.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [Number((snapshot as WireObject).tick)]));
}

export function sendBytes(session: TestSession, client: Client, bytes: Uint8Array): void {
  receiveFrame(session.edge, client.connection!, bytes, session.nowMs);
}

export function send(session: TestSession, client: Client, message: WireObject): void {
  sendBytes(session, client, encodeToBytes(messages.clientMessage, message));
}

export const JOIN = { protocolVersion: PROTOCOL_VERSION, game: testGame.name, gameVersion: testGame.version };

export function sendJoin(session: TestSession, client: Client, changes: WireObject = {}): void {
  send(session, client, { join: { token: `token-${client.playerId}`, ...JOIN, ...changes } });
}

export function admit(session: TestSession, client: Client): void {
  const name = `p${client.playerId}`;
  admitConnection(session.edge, client.connection!, { epoch: 1, playerId: client.playerId, name, saved: undefined });
}

/** A tick of the zone, and the edge's turn. */
export function step(session: TestSession, ticks = 1): void {
  for (let tick = 0; tick < ticks; tick++) {
    run(session.zone);
    session.nowMs += 1000 / 60;
    serveClients(session.edge, session.nowMs);
  }
}

/** A client that plays: joined, admitted, welcomed and with its first snapshot. */
export function enter(session: TestSession, playerId = 1): Client {
  const client = open(session, playerId);
  sendJoin(session, client);
  admit(session, client);
  step(session, SNAPSHOT_INTERVAL_TICKS);
  return client;
}

/** What the zone has said and the edge has not read is lost, as when the ring between them is full. */
export function loseAnswers({ edge }: TestSession): void {
  while (edge.fromZone.next());
}

export function leave(session: TestSession, client: Client): void {
  forgetConnection(session.edge, client.connection!);
  forgetStranger(session.edge, client.connection!.stranger);
}

/** An input for the next tick, or any, that acknowledges what the client has. */
export function sendInput(session: TestSession, client: Client, values: WireObject = {}): void {
  const tick = Number(values.tick ?? worldTick(session.zone.zone.world) + 1);
  const ackAge = client.acked === 0 ? 0 : Math.max(0, tick - client.acked);
  send(session, client, { inputs: [{ tick, ackAge, ...values }] });
}

/** Slot of a client's entity in the zone, or −1. */
export function slotOf(session: TestSession, client: Client): number {
  const { options } = session.edge;
  return session.zone.zone.slotOfClient[(options.edgeIndex << CLIENT_BITS) | client.connection!.index]! - 1;
}

type CounterName = keyof Edge['counters']['index'];

export function count(session: TestSession, name: CounterName): number {
  return session.edge.counters.words[session.edge.counters.index[name]]!;
}

/** Counters that differ after `act`, and by how much. */
export function moved(session: TestSession, act: () => void): Partial<Record<CounterName, number>> {
  const { words, index } = session.edge.counters;
  const before = words.slice();
  act();
  const changes: Partial<Record<CounterName, number>> = {};
  for (const [name, at] of Object.entries(index) as [CounterName, number][]) {
    if (words[at] !== before[at]) changes[name] = words[at]! - before[at]!;
  }
  return changes;
}
