import { expect, test } from 'vitest';
import { ADDRESS_WORDS } from '../../src/transport/address.ts';
import { createOutbox } from '../../src/transport/outbox.ts';
import { createPacketBatch, createUdpCounts, type PacketBatch } from '../../src/transport/udp-port.ts';

test('a batch has room for each packet, its length and its addresses', () => {
  const batch = createPacketBatch(7, 100, true);
  expect(batch).toMatchObject({ capacity: 7, count: 0 });
  expect(batch.bytes.length).toBe(700);
  expect(batch.lengths.length).toBe(7);
  expect(batch.addresses.length).toBe(7 * ADDRESS_WORDS);
  expect(batch.locals!.length).toBe(7 * ADDRESS_WORDS);
  expect(createPacketBatch(7, 100)).not.toHaveProperty('locals');
  expect(() => createPacketBatch(0, 100)).toThrow('assertion failed');
});

test('an outbox of the transport is a batch', () => {
  const batch: PacketBatch = createOutbox(5, () => undefined);
  expect(Number.isInteger(batch.bytes.length / batch.capacity)).toBe(true);
});

test('counts begin at zero', () => {
  expect(new Set(Object.values(createUdpCounts()))).toEqual(new Set([0]));
});
