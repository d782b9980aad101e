import { expect, test } from 'vitest';
import * as layout from '../../src/transport/layout.ts';

test('the sizes are those of the standard', () => {
  expect(layout.VERSION.length).toBe(13);
  expect(layout.REQUEST_BYTES).toBe(1078);
  expect(layout.PACKET_BYTES_MAX).toBe(1225);
  expect(layout.PACKET_BYTES_MIN).toBe(18);
});

test('a challenge is at most 0.31 times a request', () => {
  const challenge = 1 + 8 + layout.PACKET_TYPES[layout.CHALLENGE]!.bytesMax + layout.TAG_BYTES;
  expect(challenge).toBe(333);
  expect(challenge / layout.REQUEST_BYTES).toBeLessThan(0.31);
});

test('the table has a row for each number, under its name', () => {
  const names = layout.PACKET_TYPES.map(({ name }) => name.replace('-', '_').toUpperCase());
  const numbers = layout as unknown as Record<string, number>;
  expect(names.map((name) => numbers[name])).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test('keep-alives come ten in a timeout, between ten a second and one', () => {
  expect([1, 5, 10, 60].map((timeoutS) => layout.keepAliveMs(layout.timeoutMsOf(timeoutS)))).toEqual([
    100, 500, 1000, 1000,
  ]);
  expect(layout.keepAliveMs(layout.timeoutMsOf(-1))).toBe(1000);
});
