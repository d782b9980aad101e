// Opens the UDP socket that suits the machine, and says when to read it. Edge threads, bots.
//
// How an edge waits, for packets and for the zone's frames (io/tick-wait): the event loop watches the socket.
// Measured against a loop that sleeps in ppoll or Atomics.wait for 1 ms at a time: idle 1.2 % of a core (2.4, 2.4), a
// lone packet is seen after 0.04 ms (0.04, 0.5), a frame after 0.7 ms (0.6, 0.04); timers and messages run. Packets
// that come one by one would cost a turn of the loop each, 30 % of a core at 60,000 a second. So `readInBatches` sleeps
// half a millisecond when the last ones are hardly older, which brings it to 8 %, and 20,000 a second from 15 to 7 %.

import { lookup } from 'node:dns/promises';
import { ServerError } from '../base/errors.ts';
import type { UdpSocket } from '../transport/udp-port.ts';
import { loadLibc } from './udp-libc.ts';
import { openLinuxUdp } from './udp-linux.ts';
import { openPortableUdp } from './udp-portable.ts';

/** Room for what comes while a thread is busy for a tenth of a second. */
const BUFFER_BYTES = 8 << 20;
const BATCH_PACKETS = 256;
/** No packet of ours is longer than 1,225 bytes, and none of Ethernet's than this. */
const PACKET_BYTES_MAX = 1536;

export interface UdpOptions {
  /** A name or an address; `0.0.0.0` and `::` are all of them. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** `batched`: Linux with koffi. The default is `batched` where there is that, else `portable`. */
  readonly adapter?: 'batched' | 'portable';
  /** Whether packets tell their own address; see `UdpSocket.hasLocals`. */
  readonly hasLocals?: boolean;
  readonly batchPackets?: number;
  readonly packetBytesMax?: number;
  readonly bufferBytes?: number;
  /** Packets are never cut on their way; over IPv4, on Linux: the kernel need not number each then. */
  readonly isUncut?: boolean;
}

/** Rejects with a ServerError that says what to do. */
export async function openUdp(options: UdpOptions): Promise<UdpSocket> {
  const { host, port, adapter } = options;
  const binding = {
    address: await findAddress(host),
    port,
    hasLocals: options.hasLocals ?? false,
    batchPackets: options.batchPackets ?? BATCH_PACKETS,
    packetBytesMax: options.packetBytesMax ?? PACKET_BYTES_MAX,
    bufferBytes: options.bufferBytes ?? BUFFER_BYTES,
    isUncut: options.isUncut ?? false,
  };
  const libc = adapter === 'portable' ? undefined : await loadLibc();
  if (libc !== undefined) return openLinuxUdp(libc, binding);
  if (adapter !== 'batched') return openPortableUdp(binding);
  throw new ServerError(
    'DARKAGES_LISTEN_FAILED',
    'Sockets in batches need Linux on x64 or arm64 and the package koffi; leave --udp out to do without.',
  );
}

/**
 * A sentence for the operator when a socket got less than half the room for packets that it asked for, else undefined.
 * @param grantedBytes as the socket says it
 */
export function describeSmallBuffer(grantedBytes: number, platform = process.platform): string | undefined {
  // Linux counts what it needs beside the packets, and says twice what was asked for.
  const bytes = platform === 'linux' ? grantedBytes / 2 : grantedBytes;
  if (bytes >= BUFFER_BYTES / 2) return undefined;
  return (
    `UDP packets are lost in bursts: the system grants a socket ${Math.floor(bytes / 1024)} KiB for those that wait, of ` +
    `${BUFFER_BYTES / 1024} asked for; set the sysctl net.core.rmem_max to ${BUFFER_BYTES}.`
  );
}

async function findAddress(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new ServerError('DARKAGES_LISTEN_FAILED', `There is no host called ${host}.`, { cause: error });
  }
}

/** Packets that come within so long of the last ones are a stream, and worth waiting for. */
const STREAM_MS = 0.3;
const NAP_MS = 0.5;
/** In one turn of the event loop: a flood must leave time for frames, timers and messages. */
const BATCHES_MAX = 4;

/**
 * Calls `take` with each batch that comes, in `socket.incoming`.
 * @param nap sleeps for so many milliseconds, less than a tick, since nobody wakes it
 */
export function readInBatches(socket: UdpSocket, take: () => void, now: () => number, nap: (ms: number) => void): void {
  let lastMs = Number.NEGATIVE_INFINITY;
  socket.onReadable(() => {
    const isEmpty = readSome(socket, take);
    if (isEmpty && socket.receivesAtOnce && now() - lastMs < STREAM_MS) {
      nap(NAP_MS);
      readSome(socket, take);
    }
    lastMs = now();
  });
}

/** Returns whether nothing is left; if something is, the event loop says so again. */
function readSome(socket: UdpSocket, take: () => void): boolean {
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const count = socket.receive();
    if (count > 0) take();
    if (count < socket.incoming.capacity) return true;
  }
  return false;
}
