import { expect, test } from 'vitest';
import {
  createUdpCounterBuffer,
  createUdpCountsWriter,
  RECEIVE_BUFFER_AT,
  UDP_ROWS,
} from '../../src/io/udp-metrics.ts';
import { COUNT, createCounts, DROP_REASONS } from '../../src/transport/counts.ts';
import { createUdpCounts } from '../../src/transport/udp-port.ts';

test('each count has a row of its own, and finds its way there', () => {
  const names = UDP_ROWS.map(({ metric, labels }) => `${metric} ${labels?.reason ?? labels?.le ?? ''}`);
  expect(new Set(names).size).toBe(UDP_ROWS.length);
  expect(names.filter((name) => name.startsWith('udp_packets_dropped_total'))).toHaveLength(DROP_REASONS.length);
  const counts = createCounts();
  counts[COUNT.dropForged] = 3;
  counts[COUNT.packetsIn] = 4_000_000_000;
  const buffer = createUdpCounterBuffer();
  createUdpCountsWriter(buffer)(counts, { ...createUdpCounts(), receiveDropped: 9 });
  const words = new Uint32Array(buffer);
  const countOf = (name: string): number => words[names.indexOf(name)]!;
  expect(countOf('udp_packets_dropped_total forged')).toBe(3);
  expect(countOf('udp_packets_in_total ')).toBe(4_000_000_000);
  expect(countOf('udp_socket_receive_dropped_total ')).toBe(9);
  expect(names[RECEIVE_BUFFER_AT]).toBe('udp_receive_buffer_bytes ');
});

test('an edge that starts again goes on from what was counted, however often it tells, and wraps as everything does', () => {
  const buffer = createUdpCounterBuffer();
  const words = new Uint32Array(buffer);
  const counts = createCounts();
  counts[COUNT.packetsIn] = 4_294_967_290;
  const socket = { ...createUdpCounts(), received: 5 };
  createUdpCountsWriter(buffer)(counts, socket);
  const writeAgain = createUdpCountsWriter(buffer);
  for (const packets of [1, 8]) {
    counts[COUNT.packetsIn] = packets;
    writeAgain(counts, { ...socket, received: packets });
  }
  expect([words[COUNT.packetsIn], words[counts.length]]).toEqual([2, 13]);
});
