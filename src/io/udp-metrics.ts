// What a UDP edge counts beside the session layer, as a block for /metrics: packets and refusals of the transport, what
// the socket knows of losses, and how many connections have which kind of line. The edge thread writes the block, the main thread reads it.

import { type CounterRow, counter } from '../base/counters.ts';
import { BAND_WORDS, LINE_FIGURES } from '../session/lines.ts';
import { COUNT, type CountName, DROP_REASONS } from '../transport/counts.ts';
import { createUdpCounts, type UdpCounts } from '../transport/udp-port.ts';

/** Of what happened, by zone. */
const BY_ZONE: ReadonlySet<string> = new Set<CountName>([
  ...(['packetsIn', 'bytesIn', 'packetsOut', 'bytesOut'] as const),
  ...(['connects', 'disconnects', 'timeouts'] as const),
]);

const TRANSPORT_NAMES = Object.keys(COUNT) as CountName[];
const SOCKET_NAMES = Object.keys(createUdpCounts()) as (keyof UdpCounts)[];
const DROPS: ReadonlySet<string> = new Set(DROP_REASONS);

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** By zone is told what says that its server can't keep up; a player's distance from us is the same in each. */
const BAND_ROWS = LINE_FIGURES.flatMap(({ metric, help, bounds }): CounterRow[] =>
  [...bounds, '+Inf'].map((le) => {
    const row: CounterRow = { metric, kind: 'gauge', help, labels: { le: String(le) } };
    return metric.includes('loss') ? row : { ...row, isOfNode: true };
  }),
);

const RECEIVE_BUFFER_ROW: CounterRow = {
  metric: 'udp_receive_buffer_bytes',
  kind: 'gauge',
  help: 'Room for packets that wait at the socket, as the system counts it: Linux says twice what fits',
};

function transportRow(name: CountName): CounterRow {
  const row = DROPS.has(name)
    ? counter('udp_packets_dropped_total', 'Packets dropped, by reason', { reason: snake(name).replace(/^drop_/, '') })
    : counter(`udp_${snake(name)}_total`, `Transport: ${snake(name).replaceAll('_', ' ')}`);
  return BY_ZONE.has(name) ? row : { ...row, isOfNode: true };
}

const LOST_ROW = counter('udp_packets_lost_total', 'Packets to clients of which none said that they came');

/** What is counted here, and the gauges, are behind what is copied. */
export const UDP_ROWS: readonly CounterRow[] = [
  ...TRANSPORT_NAMES.map(transportRow),
  ...SOCKET_NAMES.map((name) =>
    counter(`udp_socket_${snake(name)}_total`, `Socket: ${snake(name).replaceAll('_', ' ')}`),
  ),
  LOST_ROW,
  RECEIVE_BUFFER_ROW,
  ...BAND_ROWS,
];
export const BANDS_AT = UDP_ROWS.length - BAND_WORDS;
export const RECEIVE_BUFFER_AT = BANDS_AT - 1;
export const LOST_AT = RECEIVE_BUFFER_AT - 1;

export function createUdpCounterBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(UDP_ROWS.length * 4);
}

/**
 * Copies both into the block; they wrap there as everything does. Made once by each start of an edge: what its
 * forerunners counted stays, or a scraper would take the step back for billions.
 */
export function createUdpCountsWriter(buffer: SharedArrayBuffer): (transport: Uint32Array, socket: UdpCounts) => void {
  const words = new Uint32Array(buffer);
  const before = words.slice();
  return (transport, socket) => {
    for (let index = 0; index < transport.length; index++) words[index] = before[index]! + transport[index]!;
    for (const [index, name] of SOCKET_NAMES.entries()) {
      const at = transport.length + index;
      words[at] = before[at]! + socket[name];
    }
  };
}
