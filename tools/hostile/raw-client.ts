// A client made of the ws package and the wire alone, without src/client: it does what it is told, honest or not, and
// remembers what came back. Snapshots are applied and must be applicable.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { Reader } from '../../src/base/bytes.ts';
import { PROTOCOL_VERSION, TICK_HZ } from '../../src/base/limits.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { APPLIED, applySnapshot, createReplicas, type Replicas, readColumns } from '../../src/snapshot/replicas.ts';
import { decodeMessage, encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages, type Messages } from '../../src/wire/schema.ts';

const WAIT_MS_MAX = 20_000;
/** Of a longer silence a server that stood still makes up for CATCH_UP_MS_MAX alone: the rest is no ticks of its own. */
const SILENT_MS_MAX = 250;

export interface Session {
  readonly status: number;
  readonly playerId: string;
  readonly token: string;
  readonly guestSecret: string;
  /** Ticket to come back with, and the node and process that gave it. */
  readonly resume: string;
  readonly node: string;
  readonly boot: string;
  readonly zones: readonly { readonly zoneId: number; readonly url: string }[];
}

export async function openSession(
  url: string,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Session> {
  const response = await fetch(`${url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { ...((await response.json()) as Session), status: response.status };
}

export interface RawClient {
  readonly game: AnyGame;
  readonly messages: Messages;
  readonly socket: WebSocket;
  readonly replicas: Replicas;
  readonly responses: WireObject[];
  welcome: WireObject | undefined;
  goodbye: string;
  snapshots: number;
  /** When the newest snapshot came. */
  heardMs: number;
  /** Tick of the newest input sent. */
  inputTick: number;
  isClosed: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** A socket that is open and has said nothing yet. */
export async function connect(game: AnyGame, url: string, options: WebSocket.ClientOptions = {}): Promise<RawClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
  const client: RawClient = {
    game,
    messages: createMessages(game),
    socket,
    replicas: createReplicas(game.rows),
    responses: [],
    welcome: undefined,
    goodbye: '',
    snapshots: 0,
    heardMs: 0,
    inputTick: 0,
    isClosed: false,
    timer: undefined,
  };
  socket.on('message', (bytes: Buffer) => receive(client, bytes));
  socket.on('close', () => {
    client.isClosed = true;
    clearInterval(client.timer);
  });
  await once(socket, 'open');
  socket.on('error', () => {});
  return client;
}

function receive(client: RawClient, bytes: Buffer): void {
  if (bytes[0] === 0x12) {
    const reader = new Reader(bytes);
    reader.u8();
    reader.varint();
    const code = applySnapshot(client.replicas, reader);
    if (code !== APPLIED) throw new Error(`a snapshot after ${client.replicas.tick} could not be applied: ${code}`);
    client.snapshots++;
    client.heardMs = performance.now();
    return;
  }
  const { code, value } = decodeMessage(new Reader(bytes), client.messages.serverMessage, 'reject');
  if (code !== 0) throw new Error(`a message of the server is broken: ${code}`);
  if (value.welcome !== undefined) client.welcome = value.welcome as WireObject;
  if (value.goodbye !== undefined) client.goodbye = String((value.goodbye as WireObject).reason);
  client.responses.push(...(value.responses as WireObject[]));
}

export function send(client: RawClient, message: WireObject): void {
  client.socket.send(encodeToBytes(client.messages.clientMessage, message));
}

export function joinMessage({ game }: RawClient, token: string): WireObject {
  return { join: { token, protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version } };
}

/** Joins and waits for the first snapshot, or for the end. */
export async function join(client: RawClient, token: string): Promise<void> {
  send(client, joinMessage(client, token));
  await waitFor('a snapshot, or a goodbye', () => client.snapshots > 0 || client.isClosed);
}

/** A guest, new or known by its secret, in the zone that the server names first, or in that of a number, round and round. */
export async function enter(
  game: AnyGame,
  url: string,
  guestSecret?: string,
  zone?: number,
): Promise<{ client: RawClient; session: Session }> {
  const session = await openSession(url, guestSecret === undefined ? {} : { guestSecret });
  const { zones } = session;
  const wanted = zone === undefined ? undefined : ((zone - 1) % zones.length) + 1;
  const client = await connect(game, (zones.find(({ zoneId }) => zoneId === wanted) ?? zones[0]!).url);
  await join(client, session.token);
  if (client.welcome === undefined) throw new Error(`no welcome: ${client.goodbye}`);
  return { client, session };
}

/** The tick an input should be meant for now: the server's, as far as is known, and a little ahead. */
export function nextTick({ replicas, heardMs }: RawClient): number {
  const silentMs = Math.min(performance.now() - heardMs, SILENT_MS_MAX);
  return replicas.tick + Math.floor((silentMs * TICK_HZ) / 1000) + 6;
}

/** Sends an honest input for each tick from now on, made by `values`; acknowledges what came. */
export function play(client: RawClient, values: (tick: number) => WireObject): void {
  clearInterval(client.timer);
  client.timer = setInterval(() => {
    const until = nextTick(client);
    const inputs: WireObject[] = [];
    for (let tick = Math.max(client.inputTick + 1, until - 7); tick <= until; tick++) {
      inputs.push({ tick, ackAge: tick - client.replicas.tick, ...values(tick) });
      client.inputTick = tick;
    }
    if (inputs.length > 0 && client.socket.readyState === WebSocket.OPEN) send(client, { inputs });
  }, 1000 / TICK_HZ);
}

/** What it knows of its own entity. */
export function ownColumns({ replicas, welcome }: RawClient): Record<string, number> {
  const replica = replicas.bySlot.get(Number(welcome!.slot));
  if (replica === undefined) throw new Error('the own entity is not in sight');
  return readColumns(replicas, replica);
}

export async function hangUp(client: RawClient): Promise<void> {
  client.socket.terminate();
  await waitFor('the socket is closed', () => client.isClosed);
}

async function waitFor(what: string, isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await sleep(20);
  }
}
