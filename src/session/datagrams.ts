// The connections of an edge that come by UDP: joins the secure transport (netcode and channels) to the session layer.
// Edge threads; pure. Datagrams and `nowMs` come in, datagrams go to the transport's outbox; whoever owns the socket
// sends them after each call. Time is milliseconds since 1970 that never go back, here and in the session layer.
//
// A client is admitted twice: by the transport, which proves its address and its token, and by the session layer like
// everyone else. `Link.playerId` is what the first has found, and the second holds the join to it.

import { assert } from '../base/assert.ts';
import { PACKET_BYTES_MAX, SNAPSHOT_HEADROOM_BYTES } from '../base/limits.ts';
import { ADDRESS_WORDS, hostKey, isLoopback } from '../transport/address.ts';
import { chargeBucket } from '../transport/channels/budget.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  isBroken,
  isPacketDue,
  nextMessage,
  placeMessage,
  receivePacket,
  sendReliable,
  writeMessage,
} from '../transport/channels/channels.ts';
import {
  createDegradation,
  type Degradation,
  type SnapshotPlan,
  snapshotPlan,
  updateDegradation,
} from '../transport/channels/degradation.ts';
import { DOWN, UP } from '../transport/channels/directions.ts';
import { type NodeShare, updateNodeShare } from '../transport/channels/node-share.ts';
import { MESSAGE_AT, MESSAGE_BYTES_MAX, SEQUENCED, TAKEN } from '../transport/channels/packet.ts';
import { backlogBytes } from '../transport/channels/reliable-sender.ts';
import { COUNT } from '../transport/counts.ts';
import { disconnectClient, receiveFromClient, sendToClient, updateServer } from '../transport/server.ts';
import { CLIENT_CONNECTED, type Server } from '../transport/server-state.ts';
import {
  CLOSED,
  type Connection,
  closeConnection,
  type Edge,
  forgetConnection,
  forgetStranger,
  type Link,
  openConnection,
  welcomeStranger,
} from './edge.ts';
import { receiveFrame } from './receive.ts';
import type { Stranger } from './strangers.ts';

/** A connection that is over is kept for so long at most, so that its goodbye arrives. */
const LINGER_MS_MAX = 1_000;
/** Connections of which nothing came and to which nothing was said are looked at so often: for what time alone makes due. */
const SWEEP_MS = 10;
/** What IPv4 and UDP put before each packet. */
const LINE_BYTES = 28;

assert(SNAPSHOT_HEADROOM_BYTES >= MESSAGE_AT, 'a packet begins in the room before a snapshot');

export interface Datagrams {
  readonly edge: Edge;
  readonly server: Server;
  /** What all its connections may send together; undefined: as much as each may. */
  readonly node: NodeShare | undefined;
  /** Packets and bytes that left, as the server counts them, when the node was charged last. */
  chargedPackets: number;
  chargedBytes: number;
  /** By slot of the server. */
  readonly links: (DatagramLink | undefined)[];
  /** Slots of connections that were heard or spoken to since they were flushed, and when all were. */
  readonly touched: Int32Array;
  touchedCount: number;
  sweptMs: number;
  /** The payload being written. */
  readonly packet: Uint8Array;
  /** Of the call that is going on: what is sent in it is sent then. */
  nowMs: number;
}

export interface DatagramLink extends Link {
  readonly slot: number;
  readonly channels: Channels;
  readonly degradation: Degradation;
  readonly stranger: Stranger;
  plan: SnapshotPlan;
  connection: Connection | undefined;
  isTouched: boolean;
  /** Whether it was sent a message that may be lost. */
  isGreeted: boolean;
  /** What comes before then is dropped. */
  heldUntilMs: number;
  /** When the session layer closed it; Infinity while it is open. */
  closedMs: number;
}

export function createDatagrams(edge: Edge, server: Server, node: NodeShare | undefined): Datagrams {
  const { capacity } = server.slots;
  return {
    edge,
    server,
    node,
    chargedPackets: 0,
    chargedBytes: 0,
    links: Array.from({ length: capacity }),
    touched: new Int32Array(capacity),
    touchedCount: 0,
    sweptMs: 0,
    packet: new Uint8Array(PACKET_BYTES_MAX),
    nowMs: 0,
  };
}

/** From the wire: `bytes[from, end)` came from `address[at …]`. */
export function receiveDatagram(
  datagrams: Datagrams,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): void {
  const { server } = datagrams;
  datagrams.nowMs = nowMs;
  const slot = receiveFromClient(server, nowMs, address, at, bytes, from, end);
  takeHappened(datagrams);
  if (slot < 0) return;
  const link = datagrams.links[slot];
  if (link === undefined || nowMs < link.heldUntilMs) return;
  const { channels } = link;
  if (receivePacket(channels, server.payload, 0, server.payloadBytes, nowMs) !== TAKEN) {
    endBroken(datagrams, link);
    return;
  }
  while (nextMessage(channels)) {
    const { connection } = link;
    // What follows the end of a session is read, so that what it acknowledges counts, and not listened to.
    if (connection === undefined || connection.state === CLOSED) continue;
    receiveFrame(datagrams.edge, connection, channels.bytes, nowMs, channels.from, channels.end);
  }
  if (isPacketDue(channels, nowMs)) touch(datagrams, link);
  endBroken(datagrams, link);
}

/** A peer whose reliable stream is broken can say nothing more that would be understood. */
function endBroken(datagrams: Datagrams, link: DatagramLink): void {
  if (!isBroken(link.channels) || link.connection === undefined) return;
  closeConnection(datagrams.edge, link.connection, 'malformed');
}

/** Clients that came and went while the server was called. */
function takeHappened(datagrams: Datagrams): void {
  const { happened } = datagrams.server;
  for (let index = 0; index < happened.count; index++) {
    const slot = happened.slots[index]!;
    if (happened.kinds[index] === CLIENT_CONNECTED) openLink(datagrams, slot);
    else dropLink(datagrams, slot);
  }
  happened.count = 0;
}

function openLink(datagrams: Datagrams, slot: number): void {
  const { edge, server, nowMs } = datagrams;
  const { addresses, clientIds } = server.slots;
  const at = slot * ADDRESS_WORDS;
  const stranger = welcomeStranger(edge, hostKey(addresses, at), isLoopback(addresses, at));
  if (stranger === undefined) {
    disconnectClient(server, nowMs, slot);
    return;
  }
  const channels = createChannels(DOWN, UP, datagrams.node?.bucket, nowMs);
  const degradation = createDegradation(nowMs);
  const link: DatagramLink = {
    slot,
    channels,
    degradation,
    stranger,
    plan: snapshotPlan(degradation),
    playerId: clientIds[slot * 2]! + clientIds[slot * 2 + 1]! * 0x1_0000_0000,
    connection: undefined,
    isTouched: false,
    isGreeted: false,
    heldUntilMs: 0,
    closedMs: Number.POSITIVE_INFINITY,
    send: (bytes, isReliable) => send(datagrams, link, bytes, 0, bytes.length, isReliable),
    sendWithin: (bytes, from, end, isReliable) => send(datagrams, link, bytes, from, end, isReliable),
    sendSnapshot: (bytes, from, end) => sendSnapshot(datagrams, link, bytes, from, end),
    backlogBytes: () => backlogBytes(channels.sender),
    holdUp(ms) {
      link.heldUntilMs = datagrams.nowMs + ms;
    },
    close() {
      link.closedMs = Math.min(link.closedMs, datagrams.nowMs);
      touch(datagrams, link);
    },
  };
  datagrams.links[slot] = link;
  link.connection = openConnection(edge, link, stranger, nowMs);
  if (link.connection === undefined) {
    disconnectClient(server, nowMs, slot);
    dropLink(datagrams, slot);
  }
}

/** The transport has let go of it. */
function dropLink(datagrams: Datagrams, slot: number): void {
  const link = datagrams.links[slot];
  if (link === undefined) return;
  datagrams.links[slot] = undefined;
  forgetStranger(datagrams.edge, link.stranger);
  if (link.connection !== undefined) forgetConnection(datagrams.edge, link.connection);
}

/** Something may be due now that wasn't. */
function touch(datagrams: Datagrams, link: DatagramLink): void {
  if (link.isTouched) return;
  link.isTouched = true;
  datagrams.touched[datagrams.touchedCount++] = link.slot;
}

function send(
  datagrams: Datagrams,
  link: DatagramLink,
  bytes: Uint8Array,
  from: number,
  end: number,
  isReliable: boolean,
): void {
  const { channels } = link;
  touch(datagrams, link);
  // The first snapshot is worth nothing before the welcome, which would leave after it.
  if (!isReliable && !link.isGreeted) sendDue(datagrams, link);
  link.isGreeted ||= !isReliable;
  if (!isReliable && sendAtOnce(datagrams, link, bytes, from, end)) return;
  if (sendReliable(channels, bytes, from, end)) return;
  // It reads nothing, or far too slowly: without this message the rest would mean something else.
  if (link.connection !== undefined && link.closedMs === Number.POSITIVE_INFINITY) {
    link.closedMs = datagrams.nowMs;
    closeConnection(datagrams.edge, link.connection, 'backlog');
  }
}

/** Seals it where it was packed, with the packet's header written in front. */
function sendSnapshot(datagrams: Datagrams, link: DatagramLink, bytes: Uint8Array, from: number, end: number): void {
  const { channels, slot } = link;
  const { nowMs } = datagrams;
  if (!link.isGreeted || end - from > MESSAGE_BYTES_MAX) {
    send(datagrams, link, bytes, from, end, false);
    return;
  }
  const start = from - MESSAGE_AT;
  beginPacket(channels, bytes, start, nowMs);
  placeMessage(channels, SEQUENCED, end - from);
  const packetEnd = endPacket(channels, nowMs);
  if (packetEnd > start) sendPacket(datagrams, nowMs, slot, bytes, start, packetEnd);
  if (isPacketDue(channels, nowMs)) touch(datagrams, link);
}

/** False when it is too long for a packet. One for which there is no bandwidth is lost, as on the line. */
function sendAtOnce(
  datagrams: Datagrams,
  { slot, channels }: DatagramLink,
  bytes: Uint8Array,
  from: number,
  to: number,
): boolean {
  if (to - from > MESSAGE_BYTES_MAX) return false;
  const { packet, nowMs } = datagrams;
  beginPacket(channels, packet, 0, nowMs);
  writeMessage(channels, SEQUENCED, bytes, from, to);
  const end = endPacket(channels, nowMs);
  if (end > 0) sendPacket(datagrams, nowMs, slot, packet, 0, end);
  return true;
}

/** @param nowMs handed on: whoever reads it from the object makes another number on the heap. */
function sendPacket(
  datagrams: Datagrams,
  nowMs: number,
  slot: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): void {
  sendToClient(datagrams.server, nowMs, slot, bytes, from, end);
  chargeNode(datagrams);
}

/** For all that left since the last time, handshakes and keep-alives too, as long as it is on the line. */
function chargeNode(datagrams: Datagrams): void {
  const { node, server } = datagrams;
  if (node === undefined) return;
  const packetsOut = server.counts[COUNT.packetsOut]!;
  const bytesOut = server.counts[COUNT.bytesOut]!;
  const packets = (packetsOut - datagrams.chargedPackets) >>> 0;
  chargeBucket(node.bucket, ((bytesOut - datagrams.chargedBytes) >>> 0) + packets * LINE_BYTES);
  datagrams.chargedPackets = packetsOut;
  datagrams.chargedBytes = bytesOut;
}

/**
 * What is due of reliable messages and acknowledgements; after each round of receiving and serving. With thousands of
 * connections it costs what those with something new cost, and a look at all of them now and then.
 */
export function flushDatagrams(datagrams: Datagrams, nowMs: number): void {
  const { links, touched } = datagrams;
  datagrams.nowMs = nowMs;
  const isSweep = nowMs - datagrams.sweptMs >= SWEEP_MS;
  // What is sent in here touches nobody new.
  for (let index = 0; index < datagrams.touchedCount; index++) {
    const link = links[touched[index]!];
    if (link !== undefined && !isSweep) flushLink(datagrams, link);
  }
  datagrams.touchedCount = 0;
  if (!isSweep) return;
  datagrams.sweptMs = nowMs;
  for (const link of links) if (link !== undefined) flushLink(datagrams, link);
}

function flushLink(datagrams: Datagrams, link: DatagramLink): void {
  const { server, nowMs } = datagrams;
  const { slot, channels } = link;
  link.isTouched = false;
  sendDue(datagrams, link);
  if (nowMs < link.closedMs) return;
  if (backlogBytes(channels.sender) > 0 && nowMs - link.closedMs < LINGER_MS_MAX) return;
  disconnectClient(server, nowMs, slot);
  dropLink(datagrams, slot);
}

function sendDue(datagrams: Datagrams, { slot, channels }: DatagramLink): void {
  const { packet, nowMs } = datagrams;
  while (isPacketDue(channels, nowMs)) {
    beginPacket(channels, packet, 0, nowMs);
    const end = endPacket(channels, nowMs);
    if (end === 0) return;
    sendPacket(datagrams, nowMs, slot, packet, 0, end);
  }
}

/**
 * Time passes: who is silent is gone, who has no bandwidth gets less. Ten times a second is enough.
 * @param unixMs the wall clock, by which tokens expire.
 */
export function updateDatagrams(datagrams: Datagrams, nowMs: number, unixMs: number): void {
  const { server, node } = datagrams;
  datagrams.nowMs = nowMs;
  updateServer(server, nowMs, unixMs);
  takeHappened(datagrams);
  chargeNode(datagrams);
  if (node !== undefined) updateNodeShare(node, server.slots.capacity - server.slots.freeCount, nowMs);
  for (const link of datagrams.links) {
    if (link === undefined) continue;
    updateDegradation(link.degradation, link.channels.budget.own, node?.bucket, nowMs);
    link.plan = snapshotPlan(link.degradation);
  }
}

/** Whether goodbyes are still on their way. */
export function hasClosing({ links }: Datagrams): boolean {
  return links.some((link) => link !== undefined && link.closedMs < Number.POSITIVE_INFINITY);
}
