// What the main thread itself knows at a scrape: whether the node is ready and which zones tick, what it is, and how much of
// memory, disk and certificate is left. Main thread.

import { X509Certificate } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { LiveMetric } from './prometheus.ts';

export interface NodeMetricsOptions {
  readonly version: string;
  readonly game: { readonly name: string; readonly version: number };
  readonly protocol: string;
  readonly zoneIds: readonly number[];
  readonly playersMax: number;
  readonly dataFolder: string;
  /** PEM, the chain included; undefined without TLS. */
  readonly certificate: string | undefined;
  isReady(): Promise<boolean>;
  /** Indices of zones that do not tick. */
  stuckZones(): readonly number[];
}

type Values = readonly (readonly [Readonly<Record<string, string>>, number])[];
type Read = (options: NodeMetricsOptions) => Values | Promise<Values>;

interface NodeMetric extends Omit<LiveMetric, 'read'> {
  /** Names of its labels. */
  readonly labels?: readonly string[];
  readonly read: Read;
}

const gauge = (metric: string, help: string, read: Read, labels?: readonly string[]): NodeMetric => ({
  ...{ metric, kind: 'gauge', help, read },
  ...(labels && { labels }),
});

const one = (value: number | undefined): Values => (value === undefined ? [] : [[{}, value]]);

export const NODE_METRICS: readonly NodeMetric[] = [
  gauge('ready', '1 while every zone ticks and the store answers, as /readyz says', async ({ isReady }) =>
    one((await isReady()) ? 1 : 0),
  ),
  gauge(
    'zone_up',
    '1 while the zone ticks',
    ({ zoneIds, stuckZones }) => {
      const stuck = new Set(stuckZones());
      return zoneIds.map((zoneId, index) => [{ zone_id: String(zoneId) }, stuck.has(index) ? 0 : 1]);
    },
    ['zone_id'],
  ),
  gauge(
    'zone_capacity_players',
    'Players that the zone has room for',
    ({ zoneIds, playersMax }) => zoneIds.map((zoneId) => [{ zone_id: String(zoneId) }, playersMax]),
    ['zone_id'],
  ),
  gauge(
    'build_info',
    'What runs; always 1',
    ({ version, game, protocol }) => [[{ version, game: game.name, game_version: String(game.version), protocol }, 1]],
    ['version', 'game', 'game_version', 'protocol'],
  ),
  gauge(
    'memory_limit_bytes',
    'Memory that the process may take: the limit of its control group, else what the machine has',
    () => one(memoryLimitBytes(process.constrainedMemory(), totalmem())),
  ),
  gauge('disk_free_bytes', 'Room left for the data folder', async ({ dataFolder }) =>
    one((await diskOf(dataFolder))?.freeBytes),
  ),
  gauge('disk_size_bytes', 'Size of the disk that the data folder is on', async ({ dataFolder }) =>
    one((await diskOf(dataFolder))?.sizeBytes),
  ),
  gauge(
    'certificate_expiry_timestamp_seconds',
    'When the certificate ends, in seconds since 1970; the first of its chain to end',
    ({ certificate }) => one(certificate === undefined ? undefined : expiryS(certificate)),
  ),
];

export function nodeMetrics(options: NodeMetricsOptions): LiveMetric[] {
  return NODE_METRICS.filter(
    ({ metric }) => options.certificate !== undefined || !metric.startsWith('certificate'),
  ).map(({ metric, kind, help, read }) => ({ metric, kind, help, read: () => read(options) }));
}

/** @param limit as the system says it: 0 where there is none, or more than there is */
export function memoryLimitBytes(limit: number, total: number): number {
  return limit > 0 && limit < total ? limit : total;
}

/** Undefined when the folder can't be looked at: no figure is better than a wrong one. */
export async function diskOf(folder: string): Promise<{ freeBytes: number; sizeBytes: number } | undefined> {
  try {
    // What a program without the privileges of root may use.
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export function expiryS(pem: string): number {
  const ends = (pem.match(CERTIFICATE) ?? []).map((text) => Date.parse(new X509Certificate(text).validTo) / 1000);
  return Math.min(...ends);
}
