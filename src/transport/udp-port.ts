// The UDP socket as transport, edges and bots see it: packets in batches, in memory that is made once, addresses as
// words (address.ts). No string, no object and no exception a packet: what can't be sent or received is counted.
// src/io/udp.ts opens one; an outbox (outbox.ts) is a batch. Edge threads, clients, tools.

import { assert } from '../base/assert.ts';
import { ADDRESS_WORDS } from './address.ts';

/** Packets of one size at most behind each other. A packet is only ever named by its index, 0 … count − 1. */
export interface PacketBatch {
  readonly capacity: number;
  /** Packet i begins at `i * stride`, and `stride` is `bytes.length / capacity`. */
  readonly bytes: Uint8Array;
  /** As it came, −1 for one longer than a stride: nothing of that one is kept. */
  readonly lengths: Int32Array;
  /** The peer's, ADDRESS_WORDS each. */
  readonly addresses: Uint32Array;
  /** Our own: where a packet came to, or shall come from, the port left out. All zeros: the system chooses. */
  readonly locals?: Uint32Array;
  count: number;
}

/** @param hasLocals whether its packets know their own address; see `UdpSocket.hasLocals`. */
export function createPacketBatch(capacity: number, stride: number, hasLocals = false): PacketBatch {
  assert(capacity > 0 && stride > 0, 'a batch has room for something');
  return {
    capacity,
    bytes: new Uint8Array(capacity * stride),
    lengths: new Int32Array(capacity),
    addresses: new Uint32Array(capacity * ADDRESS_WORDS),
    ...(hasLocals && { locals: new Uint32Array(capacity * ADDRESS_WORDS) }),
    count: 0,
  };
}

export interface UdpSocket {
  readonly port: number;
  /** What the system granted, in its own way of counting; far less than asked for means packets lost in a burst. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /**
   * Whether `incoming.locals` is filled and `locals` of what is sent are obeyed: a socket on all addresses answers
   * from the one that was asked, and thousands of bots share one socket. An adapter that can't do it says false.
   */
  readonly hasLocals: boolean;
  /** Whether `receive` sees what came since the event loop last turned. If not, waiting in one turn brings nothing. */
  readonly receivesAtOnce: boolean;
  /** What `receive` found; stands until the next `receive`, or the next turn of the event loop. */
  readonly incoming: PacketBatch;
  /** Fills `incoming` with what waits, never waits itself; returns how many. Less than its capacity: no more waits. */
  receive(): number;
  /** Sends a batch and empties it. What the socket has no room for is lost and counted, as on the line. */
  send(batch: PacketBatch): void;
  /** Called in a turn of the event loop whenever packets wait, again if some are left; keeps the thread alive. */
  onReadable(listener: () => void): void;
  /** Since it was opened. Asks the system, so not for every packet; the object is the same each time. */
  counts(): UdpCounts;
  /** Frees the port at once. Afterwards nothing is received, sent or called back. */
  close(): void;
}

export interface UdpCounts {
  received: number;
  sent: number;
  /** Lost because nobody read them in time, as far as the system tells: node:dgram doesn't know the kernel's part. */
  receiveDropped: number;
  /** Longer than `incoming` takes. */
  receiveTooLong: number;
  /** Errors the network reported instead of a packet, such as a closed port of a peer. */
  receiveFailed: number;
  /** Not sent because the socket's buffer was full. */
  sendDropped: number;
  /** Refused by the system: no route, no such source, a firewall. */
  sendFailed: number;
}

export function createUdpCounts(): UdpCounts {
  return {
    received: 0,
    sent: 0,
    receiveDropped: 0,
    receiveTooLong: 0,
    receiveFailed: 0,
    sendDropped: 0,
    sendFailed: 0,
  };
}
