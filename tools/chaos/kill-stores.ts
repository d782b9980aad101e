// Where the server of `npm run chaos:kill` keeps things: in its folder, or in a Redis and a Cassandra that are started for it
// and are not killed. Chaos process.

import { openEmbeddedAudit } from '../../src/io/audit-sources.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import type { AuditSource } from '../../src/store/audit.ts';
import type { Store } from '../../src/store/store.ts';
import {
  openServicesAudit,
  openServicesStore,
  servicesFlags,
  startRedisScylla,
  stopRedisScylla,
} from '../services/redis-scylla.ts';

export const STORE_KINDS = ['embedded', 'redis+scylla'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

export interface KillStore {
  /** Of the server. */
  readonly flags: readonly string[];
  /** Between a player's commands: what can be followed. */
  readonly pauseMsMax: number;
  /** For when the server has ended. */
  openStore(): Promise<Store>;
  openAudit(): Promise<AuditSource & { close(): unknown }>;
  stop(): Promise<void>;
}

const NAME = 'kill';
/** One machine's Cassandra takes some hundred commits a second, beside a server and its players. */
const SCYLLA_PAUSE_MS_MAX = 300;

/** @param minutesMax how long it is needed, at most */
export async function startKillStore(kind: StoreKind, folder: string, minutesMax: number): Promise<KillStore> {
  if (kind === 'embedded') {
    return {
      flags: [],
      pauseMsMax: 0,
      openStore: async () => openEmbeddedStore(folder),
      openAudit: async () => openEmbeddedAudit(folder),
      stop: async () => {},
    };
  }
  const services = await startRedisScylla(NAME, { minutesMax }, { minutesMax });
  return {
    flags: servicesFlags(services, NAME),
    pauseMsMax: SCYLLA_PAUSE_MS_MAX,
    openStore: () => openServicesStore(services, NAME),
    openAudit: () => openServicesAudit(services, NAME),
    stop: () => stopRedisScylla(services),
  };
}
