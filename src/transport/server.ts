// A server of netcode 1.02: clients that come with a token from whoever issues them, sealed packets to and from each.
// Edge threads; no socket, no clock: `(nowMs, address, bytes)` come in, packets go to the outbox, and what became of
// clients is in `server.happened`. Time is milliseconds that never go back; how they relate to the date, by which tokens
// expire, `updateServer` is told. What comes in is never answered with an error, never logged and never throws: one
// counter moves. After the start nothing is allocated for a packet.

import { assert } from '../base/assert.ts';
import { sendKeepAlive, takeRequest, takeResponse, updateHandshakes } from './admission.ts';
import { isBoundPrefix } from './bound-packet.ts';
import { ACCEPTED, COUNT } from './counts.ts';
import { findKey } from './key-table.ts';
import {
  DISCONNECT,
  DISCONNECT_PACKETS,
  KEEP_ALIVE,
  keepAliveMs,
  PACKET_BYTES_MIN,
  PAYLOAD,
  PAYLOAD_BYTES_MAX,
  REQUEST,
  RESEND_MS,
  RESPONSE,
} from './layout.ts';
import { FROM_CLIENT, openPacket, readPrefix } from './packet.ts';
import { markReceived, wasReceived } from './replay-window.ts';
import { takeBound, takeLeave } from './server-bound.ts';
import { updateKeys } from './server-keys.ts';
import { CLIENT_TIMED_OUT, confirmSlot, drop, note, release, type Server, sendToSlot } from './server-state.ts';
import { STRANGER, UNCONFIRMED } from './states.ts';

/**
 * From the wire: `bytes[from, end)` came from `address[at …]`. Answers the slot whose payload is now in
 * `server.payload[0, payloadBytes)`, or −1 when it was anything else.
 */
export function receiveFromClient(
  server: Server,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { codec, counts, slots } = server;
  counts[COUNT.packetsIn]!++;
  counts[COUNT.bytesIn]! += end - from;
  if (end - from >= PACKET_BYTES_MIN && bytes[from] === REQUEST) {
    return takeRequest(server, nowMs, address, at, bytes, from, end);
  }
  if (server.rekeys !== undefined && isBoundPrefix(bytes[from]!)) {
    return takeBound(server, nowMs, address, at, bytes, from, end);
  }
  const reason = readPrefix(codec, bytes, from, end, FROM_CLIENT);
  if (reason !== ACCEPTED) return drop(server, reason);
  const slot = findKey(slots.byAddress, address, at);
  if (codec.type === RESPONSE) return takeResponse(server, nowMs, address, at, bytes, from, end, slot);
  if (slot < 0) return drop(server, COUNT.dropStranger);
  if (server.rekeys?.hasForgotten[slot] === 1) return drop(server, COUNT.dropForgotten);
  const { sequenceLow, sequenceHigh } = codec;
  if (wasReceived(slots.windows, sequenceLow, sequenceHigh, slot)) return drop(server, COUNT.dropReplayed);
  const length = openPacket(codec, slots.clientKeys[slot]!, bytes, from, end, server.payload);
  if (length < 0) return drop(server, COUNT.dropForged);
  markReceived(slots.windows, sequenceLow, sequenceHigh, slot);
  slots.heardMs[slot] = nowMs;
  return takeData(server, slot, length);
}

/** An authentic packet of a client: a payload, a keep-alive or a disconnect. */
function takeData(server: Server, slot: number, length: number): number {
  const { codec } = server;
  if (codec.type === DISCONNECT) return takeLeave(server, slot);
  confirmSlot(server, slot);
  if (codec.type === KEEP_ALIVE) return -1;
  server.payloadBytes = length;
  return slot;
}

/** Sends `data[from, end)`, 1 to 1,200 bytes, to a connected client. */
export function sendToClient(
  server: Server,
  nowMs: number,
  slot: number,
  data: Uint8Array,
  from: number,
  end: number,
): void {
  const { states } = server.slots;
  assert(states[slot] !== STRANGER, 'payloads go to who is connected');
  assert(end > from && end - from <= PAYLOAD_BYTES_MAX, 'a payload has 1 to 1,200 bytes');
  // A payload means nothing to who doesn't know yet that it is connected, and its keep-alive may have been lost.
  if (states[slot] === UNCONFIRMED) sendKeepAlive(server, nowMs, slot);
  sendToSlot(server, nowMs, slot, PAYLOAD, data, from, end);
}

/** Ends a connection from our side; the client hears of it, and nothing is noted in `happened`. */
export function disconnectClient(server: Server, nowMs: number, slot: number): void {
  assert(server.slots.states[slot] !== STRANGER, 'who is disconnected was connected');
  for (let count = 0; count < DISCONNECT_PACKETS; count++) {
    sendToSlot(server, nowMs, slot, DISCONNECT, server.text, 0, 0);
  }
  release(server, slot);
}

/**
 * Timeouts and keep-alives; to be called some ten times a second or more often.
 * @param unixMs milliseconds since 1970 as whoever issues the tokens has them. A clock that never goes back doesn't follow
 *   when the machine's is set, and every token would be expired, or from the future, until the next start.
 */
export function updateServer(server: Server, nowMs: number, unixMs = nowMs): void {
  server.unixOffsetMs = unixMs - nowMs;
  const { capacity, states, timeoutMs, heardMs, sentMs } = server.slots;
  updateHandshakes(server, nowMs);
  for (let slot = 0; slot < capacity; slot++) {
    if (states[slot] === STRANGER) continue;
    if (nowMs - heardMs[slot]! > timeoutMs[slot]!) {
      disconnectClient(server, nowMs, slot);
      server.counts[COUNT.timeouts]!++;
      note(server, CLIENT_TIMED_OUT, slot);
    } else {
      updateKeys(server, nowMs, slot);
      const intervalMs = states[slot] === UNCONFIRMED ? RESEND_MS : keepAliveMs(timeoutMs[slot]!);
      if (nowMs - sentMs[slot]! >= intervalMs) sendKeepAlive(server, nowMs, slot);
    }
  }
}
