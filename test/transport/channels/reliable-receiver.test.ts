import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader } from '../../../src/base/bytes.ts';
import { checkMessages, createPacketHeader, TAKEN } from '../../../src/transport/channels/packet.ts';
import {
  createReliableReceiver,
  findMessage,
  type ReliableReceiver,
  takeSegment,
} from '../../../src/transport/channels/reliable-receiver.ts';
import { segment } from './harness.ts';

const WINDOW = 8;

function varint(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function takeAll(receiver: ReliableReceiver): number[][] {
  const messages: number[][] = [];
  while (findMessage(receiver)) messages.push([...receiver.message.slice(receiver.messageFrom, receiver.messageEnd)]);
  return messages;
}

function give(receiver: ReliableReceiver, id: number, content: readonly number[]): number[][] {
  // In a buffer that is used for something else afterwards, as a socket's is.
  const bytes = Uint8Array.from([9, ...content, 9]);
  takeSegment(receiver, id & 0xffff, bytes, 1, 1 + content.length);
  const messages = takeAll(receiver);
  bytes.fill(255);
  return messages;
}

test('however a stream is cut, and in whatever order its segments come, and come again, its messages are the same', () => {
  const message = fc.array(fc.nat(255), { minLength: 1, maxLength: 300 });
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 20 }),
      cuts,
      fc.infiniteStream(fc.nat(99)),
      (messages, sizes, chance) => {
        const stream = messages.flatMap((bytes) => [...varint(bytes.length), ...bytes]);
        const segments: number[][] = [];
        for (let at = 0; at < stream.length; ) {
          const size = sizes[segments.length % sizes.length]!;
          segments.push(stream.slice(at, at + size));
          at += size;
        }
        const receiver = createReliableReceiver(WINDOW, 300);
        receiver.expected = 65_533;
        const got: number[][] = [];
        const arrived = new Set<number>();
        // Naive model of the order: anything within the window of the first that is missing, the first one now and then.
        for (let oldest = 0; oldest < segments.length; ) {
          const draw = chance.next().value;
          const index = draw < 30 ? oldest : Math.min(segments.length - 1, oldest + (draw % WINDOW));
          got.push(...give(receiver, 65_533 + index, segments[index]!));
          arrived.add(index);
          while (arrived.has(oldest)) oldest++;
          expect(receiver.expected).toBe((65_533 + oldest) & 0xffff);
        }
        expect(got).toEqual(messages);
        expect(receiver.isBroken).toBe(false);
      },
    ),
    { numRuns: 300, seed: 4 },
  );
});

test('of two segments with one id the first counts, early or in time', () => {
  const receiver = createReliableReceiver(WINDOW, 100);
  expect(give(receiver, 1, [1, 7])).toEqual([]);
  expect(give(receiver, 1, [1, 8, 1, 8])).toEqual([]);
  expect(give(receiver, 0, [1, 6])).toEqual([[6], [7]]);
  expect(give(receiver, 0, [1, 5])).toEqual([]);
  expect(give(receiver, 1, [1, 5])).toEqual([]);
  expect(give(receiver, 2, [1, 9])).toEqual([[9]]);
});

test.each<[string, number[]]>([
  ['no message at all', [0]],
  ['more than a message may have', varint(101)],
  ['far more', varint(0x1f_ffff)],
  ['a length of four bytes', [0x81, 0x80, 0x80, 0x01]],
  ['a length that goes on, around its bits', [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['a length with a needless byte', [0x81, 0x00]],
  ['a length in needless many', [0x80, 0x00]],
])('a stream that says %s breaks, at once, and holds nothing', (_, content) => {
  for (const cut of [content.length, 1]) {
    const receiver = createReliableReceiver(WINDOW, 100);
    expect(give(receiver, 0, [2, 5, 6])).toEqual([[5, 6]]);
    give(receiver, 1, content.slice(0, cut));
    if (cut < content.length) give(receiver, 2, content.slice(cut));
    expect(receiver.isBroken).toBe(true);
    expect(give(receiver, receiver.expected, [1, 9])).toEqual([]);
    expect(receiver.assembly.length + receiver.held.length).toBe(0);
  }
});

test('the longest message comes, through many segments, and its buffer is given back', () => {
  const LENGTH = 262_144;
  const receiver = createReliableReceiver(64, LENGTH);
  const stream = Uint8Array.from([...varint(LENGTH), ...new Uint8Array(LENGTH).map((_, at) => at >>> 8)]);
  const held: number[] = [];
  let id = 0;
  for (let at = 0; at < stream.length; at += 1024) {
    takeSegment(receiver, id++, stream, at, Math.min(stream.length, at + 1024));
    if (findMessage(receiver)) break;
    held.push(receiver.assembly.length);
  }
  expect([receiver.messageFrom, receiver.messageEnd]).toEqual([0, LENGTH]);
  expect(receiver.message.slice(0, LENGTH)).toEqual(stream.slice(3));
  // What was claimed at the start cost nothing until it came.
  expect(held[0]).toBe(4096);
  expect(Math.max(...held)).toBe(LENGTH);
  expect(findMessage(receiver)).toBe(false);
  expect(receiver.assembly).toHaveLength(0);
});

test('what an honest receiver could hold is checked before it is taken: one beyond the window never comes here', () => {
  const reader = new Reader(Uint8Array.from(segment(WINDOW - 1, [1])));
  expect(checkMessages(createPacketHeader(), reader, 0, WINDOW)).toBe(TAKEN);
  const receiver = createReliableReceiver(WINDOW, 100);
  for (let id = WINDOW - 1; id > 0; id--) expect(give(receiver, id, [1, id])).toEqual([]);
  expect(give(receiver, 0, [1, 0])).toEqual([[0], [1], [2], [3], [4], [5], [6], [7]]);
});
