// Packets beyond the standard at the server, types 8 and 9: found by their connection id, wherever they come from; under
// the token's keys, which have none, by their address. Edge threads; nothing allocates but for an exchange of keys. The
// order is that of server.ts: what costs nothing, the key, the replay window, the seal, and only then may anything change.

import { openBoundPacket, readBoundPrefix, TOKEN_ID } from './bound-packet.ts';
import { controlKind, KEEP, LEAVE, OFFER, PATH_RESPONSE, PROBE } from './control.ts';
import { ACCEPTED, COUNT } from './counts.ts';
import { findKey } from './key-table.ts';
import { BOUND_CONTROL, BOUND_PAYLOAD } from './layout.ts';
import { isNewest, markReceived, wasReceived } from './replay-window.ts';
import { switchKeys, takeOffer } from './server-keys.ts';
import { notePath, takePathResponse } from './server-paths.ts';
import { CLIENT_DISCONNECTED, confirmSlot, drop, note, release, type Server } from './server-state.ts';
import { ANSWERED } from './states.ts';
import { FEATURE_REKEY } from './token.ts';

/**
 * From the wire: a packet whose first byte says that it is of this form. Answers as `receiveFromClient` does: the slot of
 * a payload, else −1.
 */
export function takeBound(
  server: Server,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { slots } = server;
  const { codec, keySets } = server.rekeys!;
  const reason = readBoundPrefix(codec, bytes, from, end);
  if (reason !== ACCEPTED) return drop(server, reason);
  if (codec.id[0] === TOKEN_ID) return takeUnderToken(server, nowMs, address, at, bytes, from, end);
  const pair = findKey(keySets.byId, codec.id, 0);
  if (pair < 0) return drop(server, COUNT.dropStranger);
  const { windows } = keySets;
  const { sequenceLow, sequenceHigh } = codec;
  if (wasReceived(windows, sequenceLow, sequenceHigh, pair)) return drop(server, COUNT.dropReplayed);
  const length = openBoundPacket(codec, keySets.clientKeys[pair]!, bytes, from, end, server.payload);
  if (length < 0) return drop(server, COUNT.dropForged);
  const isAhead = isNewest(windows, sequenceLow, sequenceHigh, pair);
  markReceived(windows, sequenceLow, sequenceHigh, pair);
  const slot = pair >> 1;
  slots.heardMs[slot] = nowMs;
  if (pair !== keySets.current[slot] && server.rekeys!.states[slot] === ANSWERED) switchKeys(server, nowMs, slot, pair);
  if (pair === keySets.current[slot]) notePath(server, nowMs, slot, address, at, end - from, isAhead);
  if (codec.type === BOUND_CONTROL) return takeControl(server, nowMs, slot, address, at, length);
  server.payloadBytes = length;
  return slot;
}

/** Only offers come so: the first one of a connection. */
function takeUnderToken(
  server: Server,
  nowMs: number,
  address: Uint32Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  const { slots } = server;
  const { codec, hasForgotten } = server.rekeys!;
  const slot = findKey(slots.byAddress, address, at);
  if (slot < 0) return drop(server, COUNT.dropStranger);
  if (codec.type === BOUND_PAYLOAD || (slots.features[slot]! & FEATURE_REKEY) === 0)
    return drop(server, COUNT.dropType);
  if (hasForgotten[slot] === 1) return drop(server, COUNT.dropForgotten);
  const { sequenceLow, sequenceHigh } = codec;
  if (wasReceived(slots.windows, sequenceLow, sequenceHigh, slot)) return drop(server, COUNT.dropReplayed);
  const length = openBoundPacket(codec, slots.clientKeys[slot]!, bytes, from, end, server.payload);
  if (length < 0) return drop(server, COUNT.dropForged);
  markReceived(slots.windows, sequenceLow, sequenceHigh, slot);
  slots.heardMs[slot] = nowMs;
  confirmSlot(server, slot);
  if (controlKind(server.payload, length) !== OFFER) return drop(server, COUNT.controlMalformed);
  return takeOffer(server, nowMs, slot);
}

/** An authentic control message of a client, in `server.payload`. */
function takeControl(
  server: Server,
  nowMs: number,
  slot: number,
  address: Uint32Array,
  at: number,
  length: number,
): -1 {
  switch (controlKind(server.payload, length)) {
    case KEEP:
    case PROBE:
      return -1;
    case LEAVE:
      return takeLeave(server, slot);
    case OFFER:
      return takeOffer(server, nowMs, slot);
    case PATH_RESPONSE:
      return takePathResponse(server, slot, address, at);
    default:
      return drop(server, COUNT.controlMalformed);
  }
}

/** The client says that it goes, or comes anew from where it was. */
export function takeLeave(server: Server, slot: number): -1 {
  release(server, slot);
  server.counts[COUNT.disconnects]!++;
  note(server, CLIENT_DISCONNECTED, slot);
  return -1;
}
