// A client over UDP made of a node:dgram socket, netcode, channels and the wire, which does what it is told, honest or
// not. It keeps what it sent, for who wants to send it again, and notes when what came first.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { Reader } from '../../src/base/bytes.ts';
import { PROTOCOL_VERSION } from '../../src/base/limits.ts';
import {
  createDatagramSocket,
  type DatagramSocket,
  receiveDatagram,
  updateDatagramSocket,
} from '../../src/client/datagram-socket.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { steadyMs } from '../../src/io/system.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { ADDRESS_WORDS, formatAddress, parseAddress } from '../../src/transport/address.ts';
import { createOutbox, OUTBOX_STRIDE, type Outbox } from '../../src/transport/outbox.ts';
import { decodeMessage, encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages, type Messages } from '../../src/wire/schema.ts';
import { openSession } from './raw-client.ts';

const UPDATE_MS = 5;
const SENT_KEPT = 64;
const SNAPSHOT_TAG = 0x12;
const aead = createSodiumAead();

export interface UdpTicket {
  /** netcode's, and the one to join with. */
  readonly connectToken: Uint8Array;
  readonly token: string;
  /** Of a guest made just now. */
  readonly guestSecret: string;
}

/** A guest's way into the first zone: a new one's, unless its secret is given. */
export async function openUdpSession(url: string, secret?: string): Promise<UdpTicket> {
  const { status, token, zones, guestSecret } = await openSession(url, { transport: 'udp', guestSecret: secret });
  const udp = (zones[0] as { readonly udp?: { readonly token: string } } | undefined)?.udp;
  if (udp === undefined) throw new Error(`no way in by UDP: ${status}`);
  return { connectToken: new Uint8Array(Buffer.from(udp.token, 'base64')), token, guestSecret };
}

export interface UdpClient {
  readonly game: AnyGame;
  readonly messages: Messages;
  readonly udp: UdpSocket;
  readonly outbox: Outbox;
  readonly socket: DatagramSocket;
  /** The first datagrams, as they left. */
  readonly sent: Uint8Array[];
  readonly startedMs: number;
  /** Since the start; undefined: not yet. */
  openMs: number | undefined;
  welcomeMs: number | undefined;
  snapshotMs: number | undefined;
  snapshots: number;
  goodbye: string;
  isClosed: boolean;
  readonly timer: NodeJS.Timeout;
}

/** Sends its first request; joins with `token` as soon as the transport lets it, if it is given one. */
export async function startUdpClient(
  game: AnyGame,
  connectToken: Uint8Array,
  token?: string,
  host = '127.0.0.1',
  port = 0,
): Promise<UdpClient> {
  const udp = createSocket('udp4');
  udp.bind(port, host);
  await once(udp, 'listening');
  const outbox = createOutbox(16, () => flush(client));
  const events = {
    opened: () => {
      client.openMs = steadyMs() - client.startedMs;
      if (token !== undefined) join(client, token);
    },
    received: (bytes: Uint8Array) => hear(client, bytes),
    closed: () => end(client),
  };
  const client: UdpClient = {
    game,
    messages: createMessages(game),
    udp,
    outbox,
    startedMs: steadyMs(),
    socket: createDatagramSocket({ aead, token: connectToken, outbox, clock: { now: steadyMs }, events }),
    sent: [],
    openMs: undefined,
    welcomeMs: undefined,
    snapshotMs: undefined,
    snapshots: 0,
    goodbye: '',
    isClosed: false,
    timer: setInterval(() => {
      updateDatagramSocket(client.socket);
      flush(client);
    }, UPDATE_MS),
  };
  udp.on('message', (bytes, { address, port }) => {
    receiveDatagram(client.socket, parseAddress(`${address}:${port}`)!, 0, bytes, 0, bytes.length);
    flush(client);
  });
  flush(client);
  return client;
}

function flush({ outbox, udp, isClosed, sent }: UdpClient): void {
  for (let index = 0; index < outbox.count && !isClosed; index++) {
    const from = index * OUTBOX_STRIDE;
    const [host, port] = formatAddress(outbox.addresses, index * ADDRESS_WORDS).split(':');
    const bytes = outbox.bytes.slice(from, from + outbox.lengths[index]!);
    if (sent.length < SENT_KEPT) sent.push(bytes);
    udp.send(bytes, Number(port), host);
  }
  outbox.count = 0;
}

function join({ game, messages, socket }: UdpClient, token: string): void {
  const join = { token, protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version };
  socket.send(encodeToBytes(messages.clientMessage, { join }), true);
}

function hear(client: UdpClient, bytes: Uint8Array): void {
  const sinceMs = steadyMs() - client.startedMs;
  if (bytes[0] === SNAPSHOT_TAG) {
    // One that comes before the welcome can't be used.
    if (client.welcomeMs === undefined) return;
    client.snapshotMs ??= sinceMs;
    client.snapshots++;
    return;
  }
  const { value } = decodeMessage(new Reader(bytes), client.messages.serverMessage, 'reject');
  if (value.welcome !== undefined) client.welcomeMs = sinceMs;
  if (value.goodbye !== undefined) client.goodbye = String((value.goodbye as { reason: string }).reason);
}

function end(client: UdpClient): void {
  if (client.isClosed) return;
  flush(client);
  client.isClosed = true;
  clearInterval(client.timer);
  client.udp.close();
}

/** As if its program died: says nothing. Its port is free then. */
export async function vanish(client: UdpClient): Promise<void> {
  client.isClosed = true;
  clearInterval(client.timer);
  await new Promise<void>((resolve) => client.udp.close(resolve));
}

/** Says goodbye. */
export function leaveUdp(client: UdpClient): void {
  client.socket.close();
  end(client);
}
