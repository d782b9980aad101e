import { expect, test } from 'vitest';
import { parseAddress } from '../../src/transport/address.ts';
import { PACKET_BYTES_MAX } from '../../src/transport/layout.ts';
import { createOutbox, nextPlace, OUTBOX_STRIDE, putPacket } from '../../src/transport/outbox.ts';

test('packets lie one behind the other with their addresses; when it is full it is flushed, and goes on', () => {
  const flushed: number[][] = [];
  const outbox = createOutbox(3, (box) => {
    flushed.push([...box.lengths.subarray(0, box.count)]);
    box.count = 0;
  });
  for (let length = 1; length <= 7; length++) {
    outbox.bytes[nextPlace(outbox)] = length;
    putPacket(outbox, length, Uint32Array.of(0, ...parseAddress(`10.0.0.${length}:9`)!), 1);
  }
  expect(flushed).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(outbox.count).toBe(1);
  expect(outbox.bytes[0]).toBe(7);
  expect(outbox.bytes[OUTBOX_STRIDE]).toBe(5);
  expect(outbox.addresses.slice(5, 10)).toEqual(parseAddress('10.0.0.5:9'));
  expect(OUTBOX_STRIDE).toBeGreaterThanOrEqual(PACKET_BYTES_MAX);
});

test('whoever flushes must empty it', () => {
  const outbox = createOutbox(1, () => {});
  putPacket(outbox, 1, new Uint32Array(5), 0);
  expect(() => nextPlace(outbox)).toThrow('empty');
});

test('where a packet comes from is said for each anew: nothing stays of what was in its place', () => {
  const local = parseAddress('10.0.0.7:0')!;
  const outbox = createOutbox(2, (box) => (box.count = 0), true);
  for (const own of [undefined, local, local, undefined]) {
    nextPlace(outbox);
    putPacket(outbox, 1, parseAddress('10.0.0.1:9')!, 0, own);
  }
  expect([...outbox.locals!]).toEqual([...local, 0, 0, 0, 0, 0]);
  expect(createOutbox(2, () => {}).locals).toBeUndefined();
});
