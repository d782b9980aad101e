// What the store thread does: drains the zones' save rings into write-behind, carries its batches to the store, answers
// calls, and counts. The thread (workers/store.ts) brings the timer, the ports and the opened store; a test brings a
// fake store and a manual clock.

import { Reader } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { createRingReader } from '../base/ring.ts';
import { readSaveRecord } from '../store/save-record.ts';
import type { Store } from '../store/store.ts';
import { createWriteBehind, type WriteBehindOptions } from '../store/write-behind.ts';
import type { StoreRpc } from './store-client.ts';
import type { RpcMethods } from './thread-rpc.ts';

export interface StoreKeeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly gameName: string;
  readonly savedColumns: readonly string[];
  readonly saveRings: readonly SharedArrayBuffer[];
  readonly counters: SharedArrayBuffer;
  readonly writeBehind?: WriteBehindOptions;
  /** Called when saving begins to fail and when it works again, not for each failure. */
  readonly onSaving?: (state: 'failing' | 'recovered', error?: unknown) => void;
}

export interface StoreKeeper {
  readonly methods: RpcMethods<StoreRpc>;
  /** Drains the rings and writes what is due. Call often; a call while one runs only drains. */
  update(): Promise<void>;
  /** Drains and writes everything, with a few attempts; resolves to the number of characters that stayed unsaved. */
  flush(): Promise<number>;
}

const FLUSH_ATTEMPTS = 5;

export function createStoreKeeper(options: StoreKeeperOptions): StoreKeeper {
  const { store, clock, gameName, savedColumns } = options;
  const writeBehind = createWriteBehind(options.writeBehind);
  const rings = options.saveRings.map(createRingReader);
  const counters = createCounters('store', options.counters);
  const { words, index, histograms } = counters;
  const reader = new Reader();
  let failing = false;
  let writing: Promise<void> | undefined;

  const drain = (): void => {
    for (const ring of rings) {
      while (writeBehind.hasRoom() && ring.next()) {
        reader.reset(ring.bytes, ring.offset, ring.end);
        const save = readSaveRecord(reader, savedColumns);
        if (save === undefined) words[index.errors]!++;
        else writeBehind.put(save, clock.now());
      }
    }
    words[index.pending] = writeBehind.pendingCount();
  };

  const measured = async <T>(work: () => Promise<T>): Promise<T> => {
    const startMs = clock.now();
    try {
      return await work();
    } catch (error) {
      words[index.errors]!++;
      throw error;
    } finally {
      histograms.latency.observe((clock.now() - startMs) / 1000);
    }
  };

  const writeDue = async (flush: boolean): Promise<void> => {
    for (;;) {
      const batch = writeBehind.update(clock.now(), flush);
      if (batch === undefined) return;
      const records = batch.map(({ playerId, columns }) => ({ playerId, game: gameName, columns }));
      try {
        await measured(() => store.saveCharacters(records));
        writeBehind.confirm();
        words[index.saves] = words[index.saves]! + batch.length;
        if (failing) options.onSaving?.('recovered');
        failing = false;
      } catch (error) {
        // Whatever it was, the batch stays pending and is retried; the error is counted and told once.
        writeBehind.fail(clock.now());
        if (!failing) options.onSaving?.('failing', error);
        failing = true;
        return;
      } finally {
        words[index.pending] = writeBehind.pendingCount();
      }
    }
  };

  const write = (flush: boolean): Promise<void> => {
    writing ??= writeDue(flush).finally(() => {
      writing = undefined;
    });
    return writing;
  };

  return {
    methods: {
      createAccount: (account) => measured(() => store.createAccount(account)),
      findAccountByGuestSecret: (hash) => measured(() => store.findAccountByGuestSecret(hash)),
      findAccountByName: (name) => measured(() => store.findAccountByName(name)),
      async loadCharacter(playerId) {
        // A player that left a moment ago and comes back must find what was saved at leaving, written or not.
        drain();
        words[index.loads]!++;
        const pending = writeBehind.find(playerId);
        return pending !== undefined ? pending.columns : measured(() => store.loadCharacter(playerId, gameName));
      },
      async ping() {
        await measured(() => store.ping());
        return undefined;
      },
    },
    async update() {
      drain();
      await write(false);
    },
    async flush() {
      for (let attempt = 0; attempt < FLUSH_ATTEMPTS; attempt++) {
        drain();
        await writing;
        await write(true);
        drain();
        if (writeBehind.pendingCount() === 0) break;
      }
      return writeBehind.pendingCount();
    },
  };
}
