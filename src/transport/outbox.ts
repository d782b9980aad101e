// Packets on their way out, with their addresses, in memory made once: a batch as `sendmmsg` takes it. Edge threads,
// clients. At its bound it is handed to `flush`, which sends them all and sets `count` to 0; whoever owns the socket
// does the same after each round.

import { assert } from '../base/assert.ts';
import { ADDRESS_WORDS, copyAddress } from './address.ts';
import { PACKET_BYTES_MAX } from './layout.ts';

/** Bytes from one packet to the next: the longest, on a cache line. */
export const OUTBOX_STRIDE = Math.ceil(PACKET_BYTES_MAX / 64) * 64;

export interface Outbox {
  /** Packet i begins at `i * OUTBOX_STRIDE`. */
  readonly bytes: Uint8Array;
  readonly lengths: Int32Array;
  /** ADDRESS_WORDS each. */
  readonly addresses: Uint32Array;
  /** Where they come from, of a socket on all addresses of a machine; as `PacketBatch.locals`. */
  readonly locals?: Uint32Array;
  readonly capacity: number;
  count: number;
  readonly flush: (outbox: Outbox) => void;
}

/** The system chooses. */
const ANY = new Uint32Array(ADDRESS_WORDS);

/** @param hasLocals whether its packets say where they come from; see `UdpSocket.hasLocals`. */
export function createOutbox(capacity: number, flush: (outbox: Outbox) => void, hasLocals = false): Outbox {
  return {
    bytes: new Uint8Array(capacity * OUTBOX_STRIDE),
    lengths: new Int32Array(capacity),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    ...(hasLocals && { locals: new Uint32Array(capacity * ADDRESS_WORDS) }),
    capacity,
    count: 0,
    flush,
  };
}

/** Where the next packet is to be written in `bytes`, OUTBOX_STRIDE of it at most. */
export function nextPlace(outbox: Outbox): number {
  if (outbox.count === outbox.capacity) {
    outbox.flush(outbox);
    assert(outbox.count === 0, 'a flushed outbox is empty');
  }
  return outbox.count * OUTBOX_STRIDE;
}

/** The packet of `length` bytes that was written there goes to `address[at …]`, from `local[localAt …]`. */
export function putPacket(
  outbox: Outbox,
  length: number,
  address: Uint32Array,
  at: number,
  local: Uint32Array = ANY,
  localAt = 0,
): void {
  const to = outbox.count * ADDRESS_WORDS;
  outbox.lengths[outbox.count] = length;
  copyAddress(address, at, outbox.addresses, to);
  if (outbox.locals !== undefined) copyAddress(local, localAt, outbox.locals, to);
  outbox.count++;
}
