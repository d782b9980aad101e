// What a packet costs in the channels, sealing and sockets left out: one out is written with a snapshot-sized sequenced
// message and what is due of the reliable stream, one in is checked, acknowledged and its messages taken. 500
// connections in turn, as an edge has them; one packet in fifty is lost, so that segments are repeated and held.

import { createRandom, type Random } from '../../src/base/random.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  nextMessage,
  nextOutcome,
  receivePacket,
  sendReliable,
  writeMessage,
} from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import { SEQUENCED } from '../../src/transport/channels/packet.ts';
import { type Bench, threadCpuMicros } from '../bench.ts';

const CONNECTIONS = 500;
const SNAPSHOT = new Uint8Array(600).map((_, at) => at);
const INPUT = new Uint8Array(30).map((_, at) => at);
const EVENT = new Uint8Array(40).map((_, at) => at);
const TICK_MS = 1000 / 60;
const SLOT_BYTES = 1200;

interface Connection {
  readonly server: Channels;
  readonly client: Channels;
}

/** What one thread of one side does in a tick: its packets lie in `packets`, one slot a connection. */
interface Batch {
  readonly packets: Uint8Array;
  readonly ends: Int32Array;
  bytes: number;
}

export const bench: Bench = {
  figures: ['udp.channels.out.cpuMicros', 'udp.channels.in.cpuMicros', 'udp.channels.bytesEach'],
  run(seed, isSmall) {
    const count = isSmall ? 20 : CONNECTIONS;
    const random = createRandom(seed);
    const heapBefore = process.memoryUsage();
    const connections = Array.from({ length: count }, () => ({
      server: createChannels(DOWN, UP, undefined, 0),
      client: createChannels(UP, DOWN, undefined, 0),
    }));
    const heapAfter = process.memoryUsage();
    const down = createBatch(count);
    const up = createBatch(count);
    const micros = { out: 0, in: 0 };
    const packets = { out: 0, in: 0 };
    const warmTicks = isSmall ? 20 : 300;
    for (let tick = 0; tick < warmTicks + (isSmall ? 60 : 900); tick++) {
      const nowMs = tick * TICK_MS;
      const start = threadCpuMicros();
      const written = writeAll(connections, down, tick, nowMs);
      const middle = threadCpuMicros();
      exchange(connections, down, up, random, nowMs);
      const before = threadCpuMicros();
      const read = readAll(connections, up, nowMs);
      if (tick < warmTicks) continue;
      micros.in += threadCpuMicros() - before;
      micros.out += middle - start;
      packets.out += written;
      packets.in += read;
    }
    const checksum = (down.bytes + up.bytes).toString(16);
    const grown = heapAfter.heapUsed - heapBefore.heapUsed + heapAfter.arrayBuffers - heapBefore.arrayBuffers;
    return [
      { figure: 'udp.channels.out.cpuMicros', value: micros.out / packets.out, unit: 'µs', seed, checksum },
      { figure: 'udp.channels.in.cpuMicros', value: micros.in / packets.in, unit: 'µs', seed, checksum },
      { figure: 'udp.channels.bytesEach', value: grown / (2 * count), unit: 'bytes', seed, checksum },
    ];
  },
};

function createBatch(count: number): Batch {
  return { packets: new Uint8Array(count * SLOT_BYTES), ends: new Int32Array(count), bytes: 0 };
}

/** The server's side of a tick: a third of the clients get a snapshot, some an event, all what is due. */
function writeAll(connections: readonly Connection[], batch: Batch, tick: number, nowMs: number): number {
  let written = 0;
  for (let index = 0; index < connections.length; index++) {
    const { server } = connections[index]!;
    const start = index * SLOT_BYTES;
    if ((tick + index) % 20 === 0) sendReliable(server, EVENT, 0, EVENT.length);
    beginPacket(server, batch.packets, start, nowMs);
    if (tick % 3 === index % 3) writeMessage(server, SEQUENCED, SNAPSHOT, 0, SNAPSHOT.length);
    const end = endPacket(server, nowMs);
    batch.ends[index] = end;
    batch.bytes += end - start;
    if (end > start) written++;
  }
  return written;
}

/** The clients take what arrived and send an input each. Not measured. */
function exchange(connections: readonly Connection[], down: Batch, up: Batch, random: Random, nowMs: number): void {
  for (let index = 0; index < connections.length; index++) {
    const { client } = connections[index]!;
    const start = index * SLOT_BYTES;
    if (down.ends[index]! > start && random.below(50) > 0) readOne(client, down, index, nowMs);
    beginPacket(client, up.packets, start, nowMs);
    writeMessage(client, SEQUENCED, INPUT, 0, INPUT.length);
    up.ends[index] = endPacket(client, nowMs);
    up.bytes += up.ends[index]! - start;
    if (random.below(50) === 0) up.ends[index] = start;
  }
}

/** The server's side of what the clients sent. */
function readAll(connections: readonly Connection[], batch: Batch, nowMs: number): number {
  let read = 0;
  for (let index = 0; index < connections.length; index++) {
    if (batch.ends[index] === index * SLOT_BYTES) continue;
    readOne(connections[index]!.server, batch, index, nowMs);
    read++;
  }
  return read;
}

function readOne(channels: Channels, batch: Batch, index: number, nowMs: number): void {
  receivePacket(channels, batch.packets, index * SLOT_BYTES, batch.ends[index]!, nowMs);
  while (nextMessage(channels)) batch.bytes += channels.end - channels.from;
  while (nextOutcome(channels) !== -1) batch.bytes++;
}
