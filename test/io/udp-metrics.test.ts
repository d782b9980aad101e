import { expect, test } from 'vitest';
import { copyUdpCounts, createUdpCounterBuffer, UDP_ROWS } from '../../src/io/udp-metrics.ts';
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
  copyUdpCounts(buffer, counts, { ...createUdpCounts(), receiveDropped: 9 });
  const words = new Uint32Array(buffer);
  const countOf = (name: string): number => words[names.indexOf(name)]!;
  expect(countOf('udp_packets_dropped_total forged')).toBe(3);
  expect(countOf('udp_packets_in_total ')).toBe(4_000_000_000);
  expect(countOf('udp_socket_receive_dropped_total ')).toBe(9);
});
