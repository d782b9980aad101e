import { expect, test } from 'vitest';
import { Writer } from '../../../src/base/bytes.ts';
import {
  ackSegments,
  backlogBytes,
  createReliableSender,
  isSegmentDue,
  nextSegment,
  queueMessage,
  type ReliableSender,
  writeSegment,
} from '../../../src/transport/channels/reliable-sender.ts';
import { messageOf } from './harness.ts';

const RETRY_MS = 100;

function put(sender: ReliableSender, length: number, index = 0): boolean {
  return queueMessage(sender, messageOf(index, length), 0, length);
}

/** All segments that would leave now, each in a packet of its own with that room: [id, length] and their bytes. */
function leave(
  sender: ReliableSender,
  nowMs: number,
  room = 1190,
): { ids: number[]; lengths: number[]; bytes: number[] } {
  const left = { ids: [] as number[], lengths: [] as number[], bytes: [] as number[] };
  for (let index = 0; ; index++) {
    index = nextSegment(sender, nowMs, RETRY_MS, room, index);
    if (index < 0) return left;
    const writer = new Writer(new Uint8Array(1200));
    const length = writeSegment(sender, index, writer, nowMs);
    expect(writer.offset).toBe(length + 4);
    left.lengths.push(length);
    left.ids.push(writer.bytes[2]! | (writer.bytes[3]! << 8));
    left.bytes.push(...writer.bytes.slice(4, writer.offset));
  }
}

test('small messages share a segment, a large one takes many, and their lengths precede them', () => {
  const sender = createReliableSender(16, 4096, 16_384);
  put(sender, 1, 7);
  put(sender, 2, 8);
  put(sender, 3000, 9);
  const { ids, lengths, bytes } = leave(sender, 0);
  expect(ids).toEqual([0, 1, 2]);
  expect(lengths).toEqual([1024, 1024, 959]);
  expect(bytes.slice(0, 7)).toEqual([1, 7, 2, 8, 0, 0xb8, 0x17]);
  expect(bytes.slice(7)).toEqual([...messageOf(9, 3000)]);
});

test('a segment leaves again when it is time, the same as it was, and not once it arrived', () => {
  const sender = createReliableSender(16, 4096, 16_384);
  put(sender, 10, 1);
  const first = leave(sender, 0);
  put(sender, 10, 2);
  expect(leave(sender, 50).ids).toEqual([1]);
  expect(isSegmentDue(sender, 99, RETRY_MS)).toBe(false);
  expect(isSegmentDue(sender, 100, RETRY_MS)).toBe(true);
  expect(leave(sender, 100)).toEqual(first);
  ackSegments(sender, 0, 0b10, 0);
  expect(leave(sender, 300).ids).toEqual([0]);
  expect(backlogBytes(sender)).toBe(22);
  ackSegments(sender, 0, 0b01, 0);
  expect([backlogBytes(sender), sender.oldest, isSegmentDue(sender, 1e6, RETRY_MS)]).toEqual([0, 2, false]);
});

test('no more than the window is on the way, counted from the oldest that has not arrived', () => {
  const sender = createReliableSender(64, 262_144, 524_288);
  put(sender, 200_000);
  expect(leave(sender, 0).ids).toEqual(Array.from({ length: 64 }, (_, id) => id));
  ackSegments(sender, 0, ~1, -1);
  expect(leave(sender, 1).ids).toEqual([]);
  expect(isSegmentDue(sender, 1, RETRY_MS)).toBe(false);
  ackSegments(sender, 0, 1, 0);
  expect(leave(sender, 1).ids).toEqual(Array.from({ length: 64 }, (_, id) => 64 + id));
  // Known by a packet that was written when 32 was the oldest: bits 32 … 63 of the second word.
  ackSegments(sender, 32, 0, -1);
  expect(sender.oldest).toBe(96);
});

test('ids wrap, and acknowledgements of before and after it count', () => {
  const sender = createReliableSender(16, 4096, 16_384);
  sender.oldest = 65_534;
  put(sender, 4000);
  expect(leave(sender, 0).ids).toEqual([65_534, 65_535, 0, 1]);
  ackSegments(sender, 65_534, 0b0110, 0);
  ackSegments(sender, 65_534, 0b0001, 0);
  expect(sender.oldest).toBe(1);
  ackSegments(sender, 65_534, 0b1000, 0);
  expect([sender.oldest, backlogBytes(sender)]).toEqual([2, 0]);
});

test('the rest of a packet takes no small piece of a long message, but all that waits', () => {
  const sender = createReliableSender(16, 4096, 16_384);
  put(sender, 3000);
  expect(leave(sender, 0, 259).lengths).toEqual([]);
  expect(leave(sender, 0, 260).lengths[0]).toBe(256);
  const small = createReliableSender(16, 4096, 16_384);
  put(small, 20);
  expect(leave(small, 0, 24).lengths).toEqual([]);
  expect(leave(small, 0, 25).lengths).toEqual([21]);
});

test('a packet with little room repeats a small segment and leaves the large one before it to the next', () => {
  const sender = createReliableSender(16, 4096, 16_384);
  put(sender, 500, 1);
  leave(sender, 0);
  put(sender, 5, 2);
  leave(sender, 0);
  expect(leave(sender, 200, 100).ids).toEqual([1]);
  expect(leave(sender, 200).ids).toEqual([0]);
});

test('what doesn’t fit the queue, or no message can be, is refused, and the rest arrives whole around the ring', () => {
  const sender = createReliableSender(16, 1000, 4096);
  expect(put(sender, 1001)).toBe(false);
  expect(sender.queue).toHaveLength(0);
  let refused = 0;
  const sizes = [1000, 999, 800, 37, 1000, 513];
  let expected: number[] = [];
  let got: number[] = [];
  for (let round = 0; round < 200; round++) {
    const length = sizes[round % sizes.length]!;
    if (put(sender, length, round))
      expected = [
        ...expected,
        ...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]),
        ...messageOf(round, length),
      ];
    else refused++;
    expect(sender.queue.length).toBeLessThanOrEqual(4096);
    if (round % 3 !== 2) continue;
    got = [...got, ...leave(sender, round).bytes];
    if (round % 2 === 0) ackSegments(sender, sender.oldest, -1, 0);
  }
  got = [...got, ...leave(sender, 0).bytes];
  expect(refused).toBeGreaterThan(10);
  expect(Buffer.compare(Uint8Array.from(got), Uint8Array.from(expected))).toBe(0);
});

test('a queue that grew large is given back when it is empty, a small one is kept', () => {
  const sender = createReliableSender(64, 262_144, 524_288);
  put(sender, 10);
  leave(sender, 0);
  ackSegments(sender, 0, 1, 0);
  expect(sender.queue).toHaveLength(512);
  put(sender, 30_000);
  expect(sender.queue).toHaveLength(32_768);
  const { ids } = leave(sender, 0);
  ackSegments(sender, ids[0]!, -1, -1);
  expect(sender.queue).toHaveLength(0);
});
