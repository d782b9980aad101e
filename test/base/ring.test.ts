import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import {
  createKeepingRingReader,
  createRingBuffer,
  createRingReader,
  createRingWriter,
  createStagedRingWriter,
  readRingDropped,
} from '../../src/base/ring.ts';
import { fillMessage } from './ring-message.ts';
import type { ProducerData } from './ring-producer.ts';

/** The words of ring.ts that hold its two positions, to start a ring anywhere. */
const WRITTEN = 0;
const READ = 8;

function ringAt(capacity: number, position: number): SharedArrayBuffer {
  const buffer = createRingBuffer(capacity);
  const words = new Int32Array(buffer, 0, 16);
  words[WRITTEN] = position;
  words[READ] = position;
  return buffer;
}

interface Entry {
  readonly bytes: number[];
  readonly begin: number;
  readonly end: number;
}

/** The naive ring: a queue of messages, and positions that never wrap. */
class Model {
  readonly queue: Entry[] = [];
  written: number;
  read: number;
  dropped = 0;
  readonly capacity: number;

  constructor(capacity: number, start: number) {
    this.capacity = capacity;
    this.written = start;
    this.read = start;
  }

  push(bytes: number[]): boolean {
    const need = 4 + Math.ceil(bytes.length / 4) * 4;
    const place = this.written % this.capacity;
    const begin = place + need > this.capacity ? this.written + this.capacity - place : this.written;
    if (begin + need - this.read > this.capacity) {
      this.dropped++;
      return false;
    }
    this.written = begin + need;
    this.queue.push({ bytes, begin, end: this.written });
    return true;
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), size: fc.nat(1000), seed: fc.nat(255) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('next' as const), size: fc.nat(0), seed: fc.nat(0) }) },
  ),
  { maxLength: 300 },
);

/** Positions near the wrap of u32, near that of int32, and at the start. */
const starts = fc.oneof(
  fc.nat(200).map((words) => 2 ** 32 - words * 4),
  fc.nat(200).map((words) => 2 ** 31 - words * 4),
  fc.nat(200).map((words) => words * 4),
);

test('any order of pushes and reads is what a queue does, wherever the positions start', () => {
  fc.assert(
    fc.property(fc.integer({ min: 6, max: 11 }), starts, steps, (power, start, actions) => {
      const capacity = 1 << power;
      const buffer = ringAt(capacity, start);
      const writer = createRingWriter(buffer);
      const reader = createRingReader(buffer);
      const model = new Model(capacity, start);
      let held: Entry | undefined;
      for (const { kind, size, seed } of actions) {
        if (kind === 'push') {
          const bytes = Array.from({ length: size % (capacity / 4 - 3) }, (_, index) => (seed + index) & 255);
          // An odd offset into the source, so that copying from somewhere else would show.
          expect(writer.push(Uint8Array.from([9, 9, 9, ...bytes, 9]), 3, 3 + bytes.length)).toBe(model.push(bytes));
        } else {
          if (held !== undefined) model.read = held.end;
          held = model.queue.shift();
          expect(reader.next()).toBe(held !== undefined);
          if (held !== undefined) {
            model.read = held.begin; // what was skipped to reach it is free at once
            expect([...reader.bytes.subarray(reader.offset, reader.end)]).toEqual(held.bytes);
          }
        }
      }
      expect(readRingDropped(buffer)).toBe(model.dropped);
    }),
    { numRuns: 300 },
  );
});

test('a full ring refuses, counts, and takes again once something was read', () => {
  const buffer = createRingBuffer(64);
  const writer = createRingWriter(buffer);
  const reader = createRingReader(buffer);
  const message = Uint8Array.of(1, 2, 3, 4, 5);
  for (let count = 0; count < 5; count++) expect(writer.push(message, 0, 5)).toBe(true);
  expect(writer.push(message, 0, 5)).toBe(false);
  expect(writer.push(message, 0, 1)).toBe(false);
  expect(readRingDropped(buffer)).toBe(2);
  expect(reader.next()).toBe(true);
  // Still held by the reader: what it reads in place must not be written over.
  expect(writer.push(message, 0, 5)).toBe(false);
  expect(reader.next()).toBe(true);
  expect(writer.push(message, 0, 5)).toBe(true);
  expect(readRingDropped(buffer)).toBe(3);
});

test('messages of no bytes arrive, and the largest does; a larger one is our bug', () => {
  const buffer = createRingBuffer(256);
  const writer = createRingWriter(buffer);
  const reader = createRingReader(buffer);
  const source = new Uint8Array(100).fill(7);
  expect(writer.push(source, 50, 50)).toBe(true);
  expect(writer.push(source, 0, 60)).toBe(true);
  expect(() => writer.push(source, 0, 61)).toThrow(/a quarter/);
  expect(() => writer.push(source, 5, 4)).toThrow(/assertion/);
  expect(reader.next()).toBe(true);
  expect(reader.end - reader.offset).toBe(0);
  expect(reader.next()).toBe(true);
  expect(reader.end - reader.offset).toBe(60);
  expect(reader.next()).toBe(false);
  expect(reader.next()).toBe(false);
});

test('a new reader of the same ring begins with the message that the last one held', () => {
  const buffer = createRingBuffer(256);
  const writer = createRingWriter(buffer);
  for (const value of [1, 2]) writer.push(Uint8Array.of(value), 0, 1);
  const first = createRingReader(buffer);
  first.next();
  const second = createRingReader(buffer);
  expect(second.next()).toBe(true);
  expect(second.bytes[second.offset]).toBe(1);
});

test('what a staged writer said and a keeping reader took counts from the moment they say so', () => {
  const buffer = createRingBuffer(64);
  const writer = createStagedRingWriter(buffer);
  const reader = createKeepingRingReader(buffer);
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  for (let lap = 0; lap < 10; lap++) {
    for (let count = 0; count < 4; count++) expect(writer.push(bytes, count, 12)).toBe(true);
    expect(writer.push(bytes, 0, 12), 'full, though nobody sees it yet').toBe(false);
    expect(reader.next()).toBe(false);
    expect(createStagedRingWriter(buffer).push(bytes, 0, 12), 'the next writer begins where it was').toBe(true);
    writer.publish();
    for (let count = 0; count < 4; count++) {
      expect(reader.next()).toBe(true);
      expect(reader.end - reader.offset).toBe(12 - count);
    }
    expect(writer.push(bytes, 0, 12), 'nothing is free yet').toBe(false);
    expect(createKeepingRingReader(buffer).next(), 'the next reader finds them again').toBe(true);
    reader.release();
  }
});

test.for([48, 63, 65, 100, 1000])('a capacity of %i is refused', (capacity) => {
  expect(() => createRingBuffer(capacity)).toThrow(/power of two/);
});

test('300,000 random messages cross a real worker thread in order, past the wrap of the positions', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  const data: ProducerData = { buffer: ringAt(4096, 2 ** 32 - 4096 * 100), seed, messages: 300_000, bytesMax: 97 };
  const worker = new Worker(new URL('./ring-producer.ts', import.meta.url), { workerData: data });
  const refused = new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const reader = createRingReader(data.buffer);
  const random = createRandom(seed);
  const expected = new Uint8Array(data.bytesMax);
  const until = performance.now() + 15_000;
  for (let count = 0; count < data.messages; count++) {
    while (!reader.next()) {
      expect(performance.now(), `SEED=${seed}: stuck at message ${count}`).toBeLessThan(until);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const length = fillMessage(random, expected);
    let isSame = reader.end - reader.offset === length;
    for (let index = 0; index < length; index++) isSame &&= reader.bytes[reader.offset + index] === expected[index];
    if (!isSame) expect.fail(`SEED=${seed}: message ${count} differs`);
  }
  expect(reader.next()).toBe(false);
  expect(readRingDropped(data.buffer)).toBe(await refused);
  await worker.terminate();
});
