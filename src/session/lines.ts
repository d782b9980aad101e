// What is known of the lines of an edge's clients that come by UDP, once a second, in shared memory: how many have which
// round trip, jitter, loss and rate of snapshots, for /metrics; and a row for each, for people who look for one of them.
// Edge threads write, the main thread reads. A label for each connection would be more series than Prometheus bears.
//
//   a row, u32 words: [0] player id, low; [1] high; 0 and 0: none  [2] round trip, tenths of a ms  [3] jitter, the same
//                     [4] loss out, hundredths of a percent  [5] loss in  [6] bytes out, modulo 2³²  [7] bytes in
//                     [8] ticks between two snapshots

import { CONNECTIONS_MAX, SNAPSHOT_INTERVAL_TICKS, TICK_HZ } from '../base/limits.ts';
import type { DatagramLink, Datagrams } from './datagrams.ts';

export interface LineFigure {
  readonly metric: string;
  readonly help: string;
  /** Upper bounds of its bands, ascending; a last band without bound follows. */
  readonly bounds: readonly number[];
  readonly read: (link: DatagramLink) => number;
}

const LOSS_BOUNDS = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2];

export const LINE_FIGURES: readonly LineFigure[] = [
  {
    metric: 'udp_connections_by_rtt_seconds',
    help: 'Connections whose round trip is at most le seconds, now',
    bounds: [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1],
    read: ({ channels: { stats } }) => stats.rttMs / 1000,
  },
  {
    metric: 'udp_connections_by_jitter_seconds',
    help: 'Connections whose jitter is at most le seconds, now',
    bounds: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
    read: ({ channels: { stats } }) => stats.jitterMs / 1000,
  },
  {
    metric: 'udp_connections_by_loss_out',
    help: 'Connections of whose packets from us at most the share le was lost lately',
    bounds: LOSS_BOUNDS,
    read: ({ channels: { stats } }) => stats.lossOutShare,
  },
  {
    metric: 'udp_connections_by_loss_in',
    help: 'Connections of whose packets to us at most the share le was lost lately',
    bounds: LOSS_BOUNDS,
    read: ({ channels: { stats } }) => stats.lossInShare,
  },
  {
    metric: 'udp_connections_by_snapshot_hz',
    help: 'Connections that may get at most le snapshots a second, now: fewer than 20 for lack of bandwidth',
    bounds: [5, 10],
    read: ({ plan }) => TICK_HZ / plan.intervalTicks,
  },
];

/** Words of all bands, in the order of LINE_FIGURES. */
export const BAND_WORDS = LINE_FIGURES.reduce((sum, { bounds }) => sum + bounds.length + 1, 0);

/** Counts all connections whose round trip is known into `words[from …]`: each band with all below it. */
export function countLines({ links }: Datagrams, words: Uint32Array, from: number): void {
  let at = from;
  for (const { bounds, read } of LINE_FIGURES) {
    const counts = new Uint32Array(bounds.length + 1);
    for (const link of links) {
      if (link === undefined || link.channels.stats.rttMs < 0) continue;
      const value = read(link);
      let band = 0;
      while (band < bounds.length && value > bounds[band]!) band++;
      counts[band]!++;
    }
    for (let band = 1; band < counts.length; band++) counts[band]! += counts[band - 1]!;
    words.set(counts, at);
    at += counts.length;
  }
}

/** Adds to `words[at]` what the lines have lost since the call before: once a second. Of one that went meanwhile, nothing. */
export function createLossCounter(words: Uint32Array, at: number): (datagrams: Pick<Datagrams, 'links'>) => void {
  const last = new Map<DatagramLink, number>();
  return ({ links }) => {
    for (const [link] of last) if (links[link.slot] !== link) last.delete(link);
    for (const link of links) {
      if (link === undefined) continue;
      const { packetsLost } = link.channels.stats;
      words[at]! += packetsLost - (last.get(link) ?? 0);
      last.set(link, packetsLost);
    }
  };
}

const ROW_WORDS = 9;

export function createLineTable(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONNECTIONS_MAX * ROW_WORDS * 4);
}

/**
 * A `parts`th of the rows, the one whose turn it is by `turn`: all of a thousand at once would be a hitch.
 * @param words the whole table
 */
export function writeLines({ links }: Datagrams, words: Uint32Array, turn: number, parts: number): void {
  for (let slot = turn % parts; slot < CONNECTIONS_MAX; slot += parts) {
    const link = links[slot];
    const at = slot * ROW_WORDS;
    if (link === undefined || link.channels.stats.rttMs < 0) {
      words[at] = 0;
      words[at + 1] = 0;
      continue;
    }
    const { channels, playerId, plan } = link;
    const { rttMs, jitterMs, lossOutShare, lossInShare, bytesOut, bytesIn } = channels.stats;
    words[at] = playerId! >>> 0;
    words[at + 1] = Math.floor(playerId! / 0x1_0000_0000);
    words[at + 2] = Math.round(rttMs * 10);
    words[at + 3] = Math.round(jitterMs * 10);
    words[at + 4] = Math.round(lossOutShare * 10_000);
    words[at + 5] = Math.round(lossInShare * 10_000);
    words[at + 6] = bytesOut >>> 0;
    words[at + 7] = bytesIn >>> 0;
    words[at + 8] = plan.intervalTicks;
  }
}

export interface LineRow {
  readonly playerId: number;
  readonly rttMs: number;
  readonly jitterMs: number;
  readonly lossOutPercent: number;
  readonly lossInPercent: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly snapshotsPerSecond: number;
}

/** Of the last second. A row that is being written just then may be half of this second. */
export function readLines(table: SharedArrayBuffer): LineRow[] {
  const words = new Uint32Array(table);
  const rows: LineRow[] = [];
  for (let at = 0; at < words.length; at += ROW_WORDS) {
    const playerId = words[at]! + words[at + 1]! * 0x1_0000_0000;
    if (playerId === 0) continue;
    rows.push({
      playerId,
      rttMs: words[at + 2]! / 10,
      jitterMs: words[at + 3]! / 10,
      lossOutPercent: words[at + 4]! / 100,
      lossInPercent: words[at + 5]! / 100,
      bytesOut: words[at + 6]!,
      bytesIn: words[at + 7]!,
      snapshotsPerSecond: TICK_HZ / (words[at + 8]! || SNAPSHOT_INTERVAL_TICKS),
    });
  }
  return rows;
}
