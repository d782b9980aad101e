// A client's connection over UDP behind the `Socket` of ports.ts: netcode (transport/client.ts), and in it channels. For
// clients that have UDP: bots, not pages. No socket and no clock of its own: whoever has them hands in what came with
// `receiveDatagram`, calls `updateDatagramSocket` some twenty times a second or more often, and sends what is then in the
// outbox, after `send` and `close` as well.
//
// A message that need not arrive leaves at once, in a packet with acknowledgements and what is due of the reliable
// stream; between frames of inputs a packet of its own takes these. Nothing here throws for what a server sends.

import type { Clock } from '../base/clock.ts';
import type { Aead } from '../transport/aead.ts';
import { createTokenBucket, refillBucket, refillBudget, type TokenBucket } from '../transport/channels/budget.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  isBroken,
  isPacketDue,
  nextMessage,
  receivePacket,
  sendReliable,
  writeMessage,
} from '../transport/channels/channels.ts';
import { DOWN, UP } from '../transport/channels/directions.ts';
import { MESSAGE_AT, MESSAGE_BYTES_MAX, UNRELIABLE } from '../transport/channels/packet.ts';
import type { ConnectionStats } from '../transport/channels/stats.ts';
import {
  createClient,
  leaveServer,
  moveClient,
  receiveFromServer,
  sendToServer,
  updateClient,
} from '../transport/client.ts';
import type { Client as TransportClient } from '../transport/client-state.ts';
import type { KeyExchange } from '../transport/key-exchange.ts';
import { PAYLOAD_BYTES_MAX } from '../transport/layout.ts';
import type { Outbox } from '../transport/outbox.ts';
import { createGuest, type Guest, receiveAsGuest, updateGuest } from '../transport/rendezvous/guest.ts';
import { isRendezvous } from '../transport/rendezvous/layout.ts';
import { CONNECTED, DISCONNECTED, TOKEN_EXPIRED, WAS_DENIED } from '../transport/states.ts';
import type { Socket, SocketEvents } from './ports.ts';

/** Packets at once beside those of inputs; further segments and acknowledgements leave with the next update. */
const PACKETS_AT_ONCE = 4;

/** Within so many bytes a second precautions are taken while the line loses nothing; beyond it only once it does. */
const CALM_BYTES_PER_SECOND = 2_000;
const CALM_BYTES_BURST = 300;
const LOSS_SHARE_CALM = 0.01;

/** Why it closed, as the server's goodbye would say it; of other states only that the server isn't there. */
const CLOSED_REASONS: ReadonlyMap<number, string> = new Map([
  [WAS_DENIED, 'zone_full'],
  [TOKEN_EXPIRED, 'token_expired'],
]);

export interface DatagramSocketOptions {
  readonly aead: Aead;
  /** Without it the token's keys are all there is, and the connection ends with its address. */
  readonly keyExchange?: KeyExchange;
  /** netcode's, 2,048 bytes; anything else closes it with the first update. */
  readonly token: Uint8Array;
  /** Where the server may be behind a NAT: asks to be introduced while it connects. */
  readonly invitation?: Uint8Array | undefined;
  /** Where its packets go; it is never flushed here but when it is full. */
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly events: SocketEvents;
}

export interface DatagramSocket extends Socket {
  readonly clock: Clock;
  readonly events: SocketEvents;
  readonly transport: TransportClient;
  readonly guest: Guest | undefined;
  readonly channels: Channels;
  readonly line: ConnectionStats;
  readonly calm: TokenBucket;
  /** Whether `opened` was told, and whether `closed` was or is not wanted any more. */
  isOpen: boolean;
  isClosed: boolean;
  /**
   * Its packets leave by another socket from now on: the connection goes with them, a round trip later. False: it can't
   * yet, or the server doesn't know how. Where a NAT changes the address unasked nothing has to be done.
   */
  migrate(): boolean;
}

/** Begins to connect: the first request is in the outbox. */
export function createDatagramSocket(options: DatagramSocketOptions): DatagramSocket {
  const { aead, keyExchange, token, invitation, outbox, clock, events } = options;
  const channels = createChannels(UP, DOWN, undefined, clock.now());
  const socket: DatagramSocket = {
    clock,
    events,
    transport: createClient(aead, token, outbox, clock.now(), keyExchange),
    guest: invitation && createGuest(aead, invitation, outbox, clock.now()),
    channels,
    line: channels.stats,
    calm: createTokenBucket(CALM_BYTES_PER_SECOND, CALM_BYTES_BURST, clock.now()),
    isOpen: false,
    isClosed: false,
    send: (bytes, isReliable) => sendMessage(socket, bytes, isReliable),
    spareBytes: () => spareBytes(socket),
    migrate: () => !socket.isClosed && moveClient(socket.transport, clock.now()),
    close() {
      if (!socket.isClosed) leave(socket);
    },
  };
  return socket;
}

function leave(socket: DatagramSocket): void {
  socket.isClosed = true;
  leaveServer(socket.transport, socket.clock.now());
}

/** Tells what has become of the connection. */
function tellState(socket: DatagramSocket): void {
  const { transport, events } = socket;
  if (transport.state === CONNECTED && !socket.isOpen) {
    socket.isOpen = true;
    events.opened();
  } else if (transport.state <= DISCONNECTED) {
    socket.isClosed = true;
    events.closed(CLOSED_REASONS.get(transport.state));
  }
}

// --- out

/** The packet being written: one at a time, sealed into the outbox before the next. */
const packet = new Uint8Array(PAYLOAD_BYTES_MAX);

function sendMessage(socket: DatagramSocket, bytes: Uint8Array, isReliable: boolean): void {
  const { channels, clock } = socket;
  if (!socket.isOpen || socket.isClosed) return;
  const nowMs = clock.now();
  spendCalm(socket, nowMs, bytes.length);
  // What doesn't fit a packet needs the stream, which cuts it.
  if (isReliable || bytes.length > MESSAGE_BYTES_MAX) {
    // No room is counted by the channels; whoever waits for an answer learns by its own timeout.
    sendReliable(channels, bytes, 0, bytes.length);
    sendDue(socket, nowMs);
    return;
  }
  beginPacket(channels, packet, 0, nowMs);
  writeMessage(channels, UNRELIABLE, bytes, 0, bytes.length);
  sendPacket(socket, nowMs);
}

/** Acknowledgements and segments that are due. */
function sendDue(socket: DatagramSocket, nowMs: number): void {
  const { channels } = socket;
  for (let count = 0; count < PACKETS_AT_ONCE && isPacketDue(channels, nowMs); count++) {
    beginPacket(channels, packet, 0, nowMs);
    if (!sendPacket(socket, nowMs)) return;
  }
}

/** Ends the packet that was begun; false when there was nothing in it. */
function sendPacket(socket: DatagramSocket, nowMs: number): boolean {
  const end = endPacket(socket.channels, nowMs);
  if (end > 0) sendToServer(socket.transport, nowMs, packet, 0, end);
  return end > 0;
}

/** Debts are forgotten but for one burst: whoever had to send much is not silent for long. */
function spendCalm({ calm }: DatagramSocket, nowMs: number, bytes: number): void {
  refillBucket(calm, nowMs);
  calm.bytes = Math.max(calm.bytes - bytes, -calm.bytesBurst);
}

/** Half of what may leave at once is kept for what has to. */
function spareBytes({ channels, calm, clock, line }: DatagramSocket): number {
  const { budget } = channels;
  refillBudget(budget, clock.now());
  refillBucket(calm, clock.now());
  const spare = budget.own.bytes - budget.own.bytesBurst / 2;
  return line.lossOutShare < LOSS_SHARE_CALM ? Math.min(spare, calm.bytes) : spare;
}

// --- in

/** From the wire: `bytes[from, end)` came from `address[at …]`. */
export function receiveDatagram(
  socket: DatagramSocket,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): void {
  if (socket.isClosed) return;
  const { transport, guest, channels, events, clock } = socket;
  const nowMs = clock.now();
  if (guest !== undefined && isRendezvous(bytes[from])) {
    receiveAsGuest(guest, nowMs, address, at, bytes, from, end);
    return;
  }
  const length = receiveFromServer(transport, nowMs, address, at, bytes, from, end);
  if (length < 0) {
    tellState(socket);
    return;
  }
  receivePacket(channels, transport.payload, 0, length, nowMs);
  // Whoever hears a goodbye closes the socket.
  while (!socket.isClosed && nextMessage(channels)) {
    events.received(messageOf(socket));
  }
  if (!socket.isClosed && isBroken(channels)) {
    leave(socket);
    events.closed();
  }
}

/** Views of the messages that begin where most do, by their end: one for each packet would be garbage. */
let views: Uint8Array[] = [];
/** What they are views of: the payload that all clients of the thread share (transport/client.ts). */
let viewed: Uint8Array | undefined;

/** The message that was found; until the next one is. */
function messageOf({ channels: { bytes, from, end }, transport: { payload } }: DatagramSocket): Uint8Array {
  if (bytes !== payload || from !== MESSAGE_AT) return bytes.subarray(from, end);
  if (viewed !== payload) views = [];
  viewed = payload;
  views[end] ??= payload.subarray(from, end);
  return views[end];
}

/** Time passes: timeouts, what is sent again, acknowledgements that no frame of inputs took along. */
export function updateDatagramSocket(socket: DatagramSocket): void {
  if (socket.isClosed) return;
  const nowMs = socket.clock.now();
  updateClient(socket.transport, nowMs);
  // Who is connected needs no introduction.
  if (socket.guest !== undefined && !socket.isOpen) updateGuest(socket.guest, nowMs);
  tellState(socket);
  if (socket.isOpen && !socket.isClosed) sendDue(socket, nowMs);
}
