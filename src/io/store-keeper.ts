// What the store thread does: drains the zones' save rings into write-behind, carries its batches to the store, answers
// calls, and counts. It is the one place of a node that sees every edge and every zone, so it also knows which tokens
// were used and which zone owns each player. The thread (workers/store.ts) brings the timer, the ports and the opened
// store; a test brings a fake store and a manual clock.

import { Reader } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { ServerError } from '../base/errors.ts';
import type { Trace } from '../base/histogram.ts';
import { createRingReader } from '../base/ring.ts';
import type { LedgerEntry } from '../store/ledger.ts';
import { readSaveRecord } from '../store/save-record.ts';
import type { Store } from '../store/store.ts';
import {
  type CharacterSave,
  createWriteBehind,
  WRITE_BEHIND_DEFAULTS,
  type WriteBehind,
  type WriteBehindOptions,
} from '../store/write-behind.ts';
import { createZoneOwners, type ZoneOwners } from '../store/zone-owners.ts';
import { createCharacterWriter } from './character-writer.ts';
import type { ExportedAccount, PlayerMoved, StoreRpc } from './store-client.ts';
import type { StoreTrouble } from './store-trouble.ts';
import type { RpcMethods } from './thread-rpc.ts';
import { createZoneEntries, type ZoneEntries } from './zone-entries.ts';

export interface StoreKeeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Seconds since 1970, by which tokens expire. */
  nowS(): number;
  /** Tokens issued before are taken for used: those that were used, an earlier store thread knew. Seconds since 1970. */
  readonly tokensFromS: number;
  readonly gameName: string;
  /** By which the store knows this node from others, also after a restart. */
  readonly nodeId: string;
  readonly savedColumns: readonly string[];
  readonly assets: readonly string[];
  /** Resolves once all that the player was promised so far is in the store's ledger. */
  readonly whenApplied?: (playerId: number) => Promise<void>;
  /** Something that was promised may not be on disk yet: it failed. */
  readonly isJournalBehind?: () => boolean;
  /** The first is zone 1's, and so on. */
  readonly saveRings: readonly SharedArrayBuffer[];
  readonly counters: SharedArrayBuffer;
  readonly writeBehind?: WriteBehindOptions;
  /** Says how long to wait before a batch is tried again, and when too much waits for new players to come in. */
  readonly trouble?: StoreTrouble;
  /** Called when saving begins to fail and when it works again, not for each failure. */
  readonly onSaving?: (state: 'failing' | 'recovered', error?: unknown) => void;
  /** What the operation that has just ended is an example of. */
  readonly exemplar?: () => Trace | undefined;
}

export interface StoreKeeper {
  readonly methods: RpcMethods<StoreRpc>;
  /** No zone of this node may go on with the player as it was taken in that epoch: what it has of it does not count. */
  letGo(playerId: number, epoch: number): void;
  /** `tell` hears of every player that other zones are to let go of; returns how to stop that. */
  onMoved(tell: (moved: PlayerMoved) => void): () => void;
  /** Drains the rings and writes what is due. Call often; a call while one runs only drains. */
  update(): Promise<void>;
  /** Drains and writes everything, with a few attempts; resolves to the number of characters that stayed unsaved. */
  flush(): Promise<number>;
}

const FLUSH_ATTEMPTS = 5;
const LAG_INTERVAL_MS = 500;
const EXPORTED_ENTRIES_MAX = 10_000;
const ENTRIES_AT_ONCE = 1_000;

export function createStoreKeeper(options: StoreKeeperOptions): StoreKeeper {
  const { store, clock, gameName, savedColumns, assets, nodeId, trouble, isJournalBehind = () => false } = options;
  const writeBehind = createWriteBehind({
    ...(options.writeBehind ?? WRITE_BEHIND_DEFAULTS),
    ...(trouble !== undefined && { pauseMs: trouble.retries.patientPauseMs }),
  });
  const countWaitingBytes = trouble?.backPressure.part() ?? (() => {});
  const rings = options.saveRings.map(createRingReader);
  const counters = createCounters('store', options.counters);
  const { words, index } = counters;
  const measured = createMeasure(clock, counters, options.exemplar);
  const reader = new Reader();
  const owners = createZoneOwners();
  const characters = createCharacterWriter({
    ...{ store, gameName, assets, nodeId, isJournalBehind },
    onFenced(playerId, epoch) {
      words[index.savesFenced]!++;
      entries.tellLost(playerId, epoch);
    },
  });
  /** Of the longest save so far: all are of the same columns. */
  let saveBytes = 0;
  let failing = false;
  let lagDueMs = Number.NEGATIVE_INFINITY;

  const drain = (): void => {
    const now = clock.now();
    for (const [ringIndex, ring] of rings.entries()) {
      while (writeBehind.hasRoom() && ring.next()) {
        reader.reset(ring.bytes, ring.offset, ring.end);
        saveBytes = Math.max(saveBytes, ring.end - ring.offset);
        const save = readSaveRecord(reader, savedColumns);
        if (save === undefined) words[index.errors]!++;
        else if (!owners.takeSave(save.playerId, ringIndex + 1, save.final, now)) words[index.savesIgnored]!++;
        else {
          characters.hear(save, now);
          writeBehind.put(save, now);
        }
      }
    }
    if (writeBehind.hasRoom()) owners.sweep(now);
    showPending();
  };
  const showPending = (): void => {
    const count = writeBehind.pendingCount();
    words[index.pending] = count;
    countWaitingBytes(count * saveBytes);
  };
  /** Now and then: tens of thousands may wait. */
  const showLag = (): void => {
    const now = clock.now();
    if (now < lagDueMs) return;
    lagDueMs = now + LAG_INTERVAL_MS;
    words[index.lagSavesMs] = now - (writeBehind.oldestMs() ?? now);
  };
  const refuseWhilePaused = (): void => {
    if (trouble?.backPressure.isPaused() !== true) return;
    throw new ServerError('DARKAGES_STORE_BUSY', 'Too much waits for the store: try again in a while.');
  };

  /** Resolves to why it failed, if it did. Whatever it was, the batch stays pending; the error is counted and told once. */
  const land = async (batch: readonly CharacterSave[]): Promise<unknown> => {
    trouble?.retries.countCalls();
    try {
      await measured(() => characters.write(batch));
      writeBehind.confirm();
      words[index.saves] = words[index.saves]! + batch.length;
      if (failing) options.onSaving?.('recovered');
      failing = false;
      return undefined;
    } catch (error) {
      writeBehind.fail(clock.now());
      if (!failing) options.onSaving?.('failing', error);
      failing = true;
      return error;
    } finally {
      showPending();
    }
  };

  const batches = createBatches(writeBehind, clock, land);

  /** Resolves once nothing of the player waits to be written, promises included; throws what the store says instead. */
  const settle = async (playerId: number): Promise<void> => {
    await batches.settle(playerId);
    await options.whenApplied?.(playerId);
  };

  const isSettled = (playerId: number): Promise<boolean> => measured(() => characters.isSettled(playerId, clock.now()));

  /** What waits of the player, and what it was promised, comes first: it belongs to the epoch that the taking ends. */
  const take = async (playerId: number, zoneId: number, isWanted: () => boolean) => {
    words[index.loads]!++;
    await settle(playerId);
    if (!(await isSettled(playerId))) return undefined;
    return measured(() => characters.take(playerId, zoneId, isWanted));
  };

  const entries = createZoneEntries({
    owners,
    clock,
    nowS: () => options.nowS(),
    tokensFromS: options.tokensFromS,
    takeSaves() {
      drain();
      return writeBehind.hasRoom();
    },
    lostEpoch: characters.lostEpoch,
    useToken: ({ tokenId, expiresS }) =>
      measured(() => store.useToken(tokenId, Math.max(expiresS - options.nowS(), 1) * 1000)),
    take,
  });

  return {
    letGo(playerId, epoch) {
      characters.forgetLeft(playerId);
      if (owners.zoneOf(playerId) !== undefined) characters.lose(playerId, epoch);
      entries.tellLost(playerId, epoch);
    },
    onMoved: entries.onMoved,
    methods: {
      async createAccount(account) {
        refuseWhilePaused();
        return measured(() => store.createAccount(account));
      },
      findAccountByGuestSecret: (hash) => measured(() => store.findAccountByGuestSecret(hash)),
      findAccountByName: (name) => measured(() => store.findAccountByName(name)),
      ...ownerMethods(options, owners, entries, { drain, settle, isSettled, measured }),
      async enterZone(request) {
        refuseWhilePaused();
        return entries.enterZone(request);
      },
      claimPlayers: entries.claimPlayers,
      async ping() {
        await measured(() => store.ping());
        return undefined;
      },
    },
    async update() {
      drain();
      showLag();
      await batches.write(false);
    },
    async flush() {
      for (let attempt = 0; attempt < FLUSH_ATTEMPTS; attempt++) {
        drain();
        await batches.ended();
        await batches.write(true);
        drain();
        if (writeBehind.pendingCount() === 0) break;
      }
      return writeBehind.pendingCount();
    },
  };
}

/** Write-behind's batches, one after the other. `land` resolves to why one failed, if it did; then it waits again. */
function createBatches(
  writeBehind: WriteBehind,
  clock: Clock,
  land: (batch: readonly CharacterSave[]) => Promise<unknown>,
) {
  let writing: Promise<void> | undefined;
  /** Of the newest batch. */
  let landing: Promise<unknown> | undefined;
  const begin = (batch: readonly CharacterSave[]): Promise<unknown> => {
    landing = land(batch);
    return landing;
  };
  const writeDue = async (flush: boolean): Promise<void> => {
    for (;;) {
      const batch = writeBehind.update(clock.now(), flush);
      if (batch === undefined || (await begin(batch)) !== undefined) return;
    }
  };
  return {
    /** Whatever is due, and what comes to be due meanwhile: without an end where the store is slow. */
    write(flush: boolean): Promise<void> {
      writing ??= writeDue(flush).finally(() => {
        writing = undefined;
      });
      return writing;
    },
    async ended(): Promise<void> {
      await writing;
      await landing;
    },
    /** Resolves once nothing of the player waits; throws why it could not be written. */
    async settle(playerId: number): Promise<void> {
      while (writeBehind.find(playerId) !== undefined) {
        const batch = writeBehind.updateFor(playerId);
        if (batch === undefined) await landing;
        else {
          const error = await begin(batch);
          if (error !== undefined) throw error;
        }
      }
    },
  };
}

/** Counts what fails, and how long each takes. */
function createMeasure(
  clock: Clock,
  { words, index, histograms }: Counters<'store'>,
  exemplar?: () => Trace | undefined,
) {
  return async <T>(work: () => Promise<T>): Promise<T> => {
    const startMs = clock.now();
    try {
      return await work();
    } catch (error) {
      words[index.errors]!++;
      throw error;
    } finally {
      histograms.latency.observe((clock.now() - startMs) / 1000, exemplar?.());
    }
  };
}

interface OwnerWork {
  /** Takes what zones have saved. */
  drain(): void;
  /** Until nothing of the player waits to be written. */
  settle(playerId: number): Promise<void>;
  /** Whether all that it was promised when it left is in the ledger. */
  isSettled(playerId: number): Promise<boolean>;
  measured<T>(work: () => Promise<T>): Promise<T>;
}

/** What is asked of one player, mostly by itself. */
function ownerMethods(
  { store, gameName }: Pick<StoreKeeperOptions, 'store' | 'gameName'>,
  owners: ZoneOwners,
  entries: ZoneEntries,
  { drain, settle, isSettled, measured }: OwnerWork,
): Pick<RpcMethods<StoreRpc>, 'findZone' | 'replacePasswordHash' | 'exportPlayer' | 'deletePlayer'> {
  return {
    findZone: async (playerId) => owners.zoneOf(playerId),
    replacePasswordHash: ({ playerId, before, after }) =>
      measured(() => store.replacePasswordHash(playerId, before, after)),
    // A kind of thing that is kept of players has its section here.
    async exportPlayer(playerId) {
      drain();
      await settle(playerId);
      const characters = await measured(() => store.listCharacters(playerId));
      const games = new Set([gameName, ...characters.map(({ game }) => game)]);
      const accounts = await measured(() => exportAccounts(store, playerId, games));
      return { characters, accounts, presence: (await measured(() => store.findPresence(playerId))) ?? null };
    },
    async deletePlayer({ playerId, nameKeptMs }) {
      drain();
      if (owners.zoneOf(playerId) !== undefined) return 'in_play';
      // What it promised others counts, though it goes: some of it may wait for a disk.
      await settle(playerId);
      if (!(await isSettled(playerId)) || owners.zoneOf(playerId) !== undefined) return 'in_play';
      await entries.keepOut(playerId, async () => {
        // It may have come and gone while that was asked.
        await settle(playerId);
        await measured(() => store.deleteAccount(playerId, nameKeptMs));
      });
      return 'deleted';
    },
  };
}

/** What the player owns in each game, how that came about, and what it was answered: the newest of each account. */
async function exportAccounts(store: Store, playerId: number, games: Iterable<string>): Promise<ExportedAccount[]> {
  const accounts: ExportedAccount[] = [];
  for (const game of games) {
    const { seq, balances } = await store.loadBalances(playerId, game);
    const answers = await store.recentAnswers(playerId, game);
    if (seq === 0 && answers.length === 0) continue;
    const first = Math.max(1, seq - EXPORTED_ENTRIES_MAX + 1);
    const entries: LedgerEntry[] = [];
    for (let from = first; from <= seq; from += ENTRIES_AT_ONCE) {
      entries.push(...(await store.listEntries(playerId, game, from, Math.min(ENTRIES_AT_ONCE, seq - from + 1))));
    }
    accounts.push({ game, balances, answers, entries, olderEntries: first - 1 });
  }
  return accounts;
}
