// Opens whichever store was asked for. Store thread. The data folder is locked in any case: it holds more than a database.

import type { Store } from '../store/store.ts';
import { lockFolder } from './data-folder.ts';
import { openEmbeddedStore, type StoreHelp } from './embedded-store.ts';
import type { RedisScyllaOptions } from './redis-scylla-store.ts';
import type { StoreTrouble } from './store-trouble.ts';

/** Plain values, handed from thread to thread. */
export type StoreOptions =
  | { readonly kind: 'embedded'; readonly folder: string }
  | ({ readonly kind: 'redis+scylla'; readonly folder: string } & Omit<
      RedisScyllaOptions,
      keyof StoreReports | keyof StoreHelp
    >);

export interface StoreReports {
  /** Something did not work that was made up for; may be called often. */
  onRedisTrouble(error: unknown): void;
  onAdvice(sentence: string): void;
  readonly trouble: StoreTrouble;
}

/** Throws ServerError DARKAGES_STORE_… with a sentence. */
export async function openStore(options: StoreOptions, reports: StoreReports & StoreHelp): Promise<Store> {
  if (options.kind === 'embedded') return openEmbeddedStore(options.folder, reports);
  const lock = lockFolder(options.folder);
  try {
    // Only now: its drivers take a while to load, and most nodes never need them.
    const { openRedisScyllaStore } = await import('./redis-scylla-store.ts');
    const store = await openRedisScyllaStore({ ...options, ...reports });
    return {
      ...store,
      async close() {
        await store.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}
