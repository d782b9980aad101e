// What a packet costs at the socket, out and in, nothing sealed: the socket that openUdp gives (in batches on Linux),
// our portable one, and node:dgram as anyone would use it. By turns in one run, so that all three meet the same noise.
// Out are packets as long as a snapshot, over loopback, where the sender also pays for the delivery; in, as an input.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createRandom } from '../../src/base/random.ts';
import { openUdp } from '../../src/io/udp.ts';
import { ADDRESS_WORDS, parseAddress } from '../../src/transport/address.ts';
import { createPacketBatch, type PacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';
import { type Bench, type Figure, median, threadCpuMicros } from '../bench.ts';

/** What any system's default buffer holds of the longer ones. */
const PACKETS = 64;
const OUT_BYTES = 1000;
const IN_BYTES = 100;
const ROUNDS = 600;

/** One of the three under measurement. */
interface Subject {
  readonly port: number;
  /** Sends a batch, until all of it is out. */
  send(batch: PacketBatch): void | Promise<void>;
  /** Takes so many packets, and adds their sum. */
  receive(count: number): Promise<void>;
  sum: number;
  close(): void;
}

export const bench: Bench = {
  figures: [
    'udp.socket.outCpuMicros',
    'udp.socket.inCpuMicros',
    'udp.socket.portableOutCpuMicros',
    'udp.socket.portableInCpuMicros',
    'udp.socket.outRatioToStock',
    'udp.socket.inRatioToStock',
  ],
  async run(seed, isSmall) {
    const host = '127.0.0.1';
    const chosen = createOwn(await openUdp({ host, port: 0 }));
    const portable = createOwn(await openUdp({ host, port: 0, adapter: 'portable' }));
    const stock = await openStock(host);
    const subjects = [chosen, portable, stock];
    const sink = createOwn(await openUdp({ host, port: 0 }));
    const out = subjects.map((): number[] => []);
    const into = subjects.map((): number[] => []);
    const random = createRandom(seed);
    for (let round = 0; round < (isSmall ? 3 : ROUNDS); round++) {
      const packets = createPackets(random.u32(), OUT_BYTES);
      for (const [index, subject] of subjects.entries()) {
        addressTo(packets, sink.port);
        out[index]!.push(await measure(() => subject.send(packets)));
        await sink.receive(PACKETS);
      }
      const inputs = createPackets(random.u32(), IN_BYTES);
      for (const [index, subject] of subjects.entries()) {
        addressTo(inputs, subject.port);
        await sink.send(inputs);
        into[index]!.push(await measure(() => subject.receive(PACKETS)));
      }
    }
    for (const subject of [...subjects, sink]) subject.close();
    const checksum = [...subjects, sink].map(({ sum }) => sum.toString(16)).join('-');
    return report({ seed, checksum, out: out.map(median), into: into.map(median) });
  },
};

function report(run: { seed: number; checksum: string; out: number[]; into: number[] }): Figure[] {
  const { seed, checksum, out, into } = run;
  const micros = (name: string, value: number): Figure => ({
    figure: `udp.socket.${name}`,
    value: value / PACKETS,
    unit: 'µs',
    seed,
    checksum,
  });
  const ratio = (name: string, value: number): Figure => ({ ...micros(name, value * PACKETS), unit: '' });
  return [
    micros('outCpuMicros', out[0]!),
    micros('inCpuMicros', into[0]!),
    micros('portableOutCpuMicros', out[1]!),
    micros('portableInCpuMicros', into[1]!),
    ratio('outRatioToStock', out[0]! / out[2]!),
    ratio('inRatioToStock', into[0]! / into[2]!),
  ];
}

/** Microseconds of CPU, asking for them left out. */
async function measure(work: () => void | Promise<void>): Promise<number> {
  const before = exactCpuMicros();
  const start = exactCpuMicros();
  await work();
  return exactCpuMicros() - start - (start - before);
}

const idle = new Int32Array(new SharedArrayBuffer(4));

/** Linux adds to a thread's time when it is interrupted, every few milliseconds, or sleeps: so it sleeps a little. */
function exactCpuMicros(): number {
  Atomics.wait(idle, 0, 0, 0.01);
  return threadCpuMicros();
}

/** The first word of each is all that is summed at the other end. */
function createPackets(seed: number, bytes: number): PacketBatch {
  const random = createRandom(seed);
  const batch = createPacketBatch(PACKETS, bytes);
  const view = new DataView(batch.bytes.buffer);
  for (let index = 0; index < PACKETS; index++) view.setUint32(index * bytes, random.u32(), true);
  batch.lengths.fill(bytes);
  return batch;
}

function addressTo(batch: PacketBatch, port: number): void {
  const address = parseAddress(`127.0.0.1:${port}`)!;
  for (let index = 0; index < PACKETS; index++) batch.addresses.set(address, index * ADDRESS_WORDS);
  batch.count = PACKETS;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function createOwn(socket: UdpSocket): Subject {
  const { incoming } = socket;
  const view = new DataView(incoming.bytes.buffer);
  const stride = incoming.bytes.length / incoming.capacity;
  let sent = 0;
  return {
    port: socket.port,
    sum: 0,
    async send(batch) {
      sent += batch.count;
      socket.send(batch);
      while (socket.counts().sent < sent) await nextTurn();
    },
    async receive(expected) {
      for (let received = 0; received < expected; ) {
        const count = socket.receive();
        for (let index = 0; index < count; index++) {
          this.sum = (this.sum + view.getUint32(index * stride, true)) >>> 0;
        }
        received += count;
        if (count === 0) await nextTurn();
      }
    },
    close: () => socket.close(),
  };
}

async function openStock(host: string): Promise<Subject> {
  const socket: Socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  let received = 0;
  let sent = 0;
  const subject: Subject = {
    port: socket.address().port,
    sum: 0,
    async send({ bytes, addresses, lengths, capacity, count }) {
      const stride = bytes.length / capacity;
      const target = sent + count;
      for (let index = 0; index < count; index++) {
        socket.send(bytes, index * stride, lengths[index]!, addresses[index * ADDRESS_WORDS + 4]!, host, () => sent++);
      }
      while (sent < target) await nextTurn();
    },
    async receive(expected) {
      while (received < expected) await nextTurn();
      received -= expected;
    },
    close: () => socket.close(),
  };
  socket.on('message', (packet) => {
    received++;
    subject.sum = (subject.sum + packet.readUInt32LE()) >>> 0;
  });
  return subject;
}
