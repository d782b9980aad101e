// How much one peer can make the other hold, whatever it sends.

import { expect, test } from 'vitest';
import { createChannels, heldBytes, isBroken } from '../../../src/transport/channels/channels.ts';
import { type Direction, DOWN, UP } from '../../../src/transport/channels/directions.ts';
import { TAKEN } from '../../../src/transport/channels/packet.ts';
import { forge, queue, segment, take } from './harness.ts';

const SEGMENT = Array.from({ length: 1024 }, () => 0xff);

test.each<[string, Direction, number]>([
  ['a server for a client', UP, 16 * 1024 + 4096],
  ['a client for a server', DOWN, 64 * 1024 + 262_144],
])('%s holds what the window and one message take, and no more', (_, into, bound) => {
  const channels = createChannels(into === UP ? DOWN : UP, into, undefined, 0);
  expect(heldBytes(channels)).toBe(0);
  // Every segment of the window but the first, again and again, in packets without end.
  let sequence = 0;
  for (let round = 0; round < 3; round++) {
    for (let id = into.segments - 1; id > 0; id--) {
      expect(take(channels, forge(sequence++, segment(id, SEGMENT)), 0).code).toBe(TAKEN);
    }
  }
  expect(heldBytes(channels)).toBe(into.segments * 1024);
  // The first: the longest message there is, a byte short of whole with all that is held, or as far as that goes.
  const length = into.messageBytesMax;
  const bytes = length < 0x4000 ? [(length & 0x7f) | 0x80, length >> 7] : [0x80, 0x80, 0x10];
  take(channels, forge(sequence++, segment(0, bytes)), 0);
  for (let id = into.segments; id < 300 && !isBroken(channels); id++) {
    take(channels, forge(sequence++, segment(id, SEGMENT)), 0);
    expect(heldBytes(channels)).toBeLessThanOrEqual(bound);
  }
  expect(isBroken(channels)).toBe(true);
});

test.each<[string, Direction, number]>([
  ['down', DOWN, 524_288],
  ['up', UP, 16_384],
])('%s: a peer that acknowledges nothing makes the sender hold its queue, and the rest is refused', (_, out, bound) => {
  const channels = createChannels(out, out === DOWN ? UP : DOWN, undefined, 0);
  const message = new Uint8Array(3000);
  let queued = 0;
  while (queue(channels, message)) queued++;
  expect(queued).toBe(Math.floor(bound / 3003));
  expect([heldBytes(channels), channels.stats.reliableRefused]).toEqual([bound, 1]);
});

test('a message longer than the direction allows is refused, and costs nothing', () => {
  const client = createChannels(UP, DOWN, undefined, 0);
  expect(queue(client, new Uint8Array(4097))).toBe(false);
  expect(heldBytes(client)).toBe(0);
  expect(queue(client, new Uint8Array(4096))).toBe(true);
});
