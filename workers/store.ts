// The store thread: owns the store and the data folder's lock, answers main and edges over their ports, and writes
// what zones put into their save rings. Composition only; the work is in io/store-keeper.
//
//   in   { type: 'port', port }   one more client to answer        { type: 'stop', isAll }   write everything and end
//   out  { type: 'working' }  while it starts, which takes as long as the journal is long
//        { type: 'recovered', recovered }  how zones begin, at the start of the process
//        { type: 'ready' } | { type: 'failed', code, message }     { type: 'stopped', unsaved }

import { join } from 'node:path';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { errorCode } from '../src/base/errors.ts';
import { createCommitApplier } from '../src/io/commit-applier.ts';
import { keepCompiled } from '../src/io/compile-cache.ts';
import { openJournalFiles } from '../src/io/journal-files.ts';
import { type Journal, openJournal } from '../src/io/journal-keeper.ts';
import { createJournalPool, type JournalPool } from '../src/io/journal-pool.ts';
import { createLog, type Log, type LogShared } from '../src/io/log.ts';
import { openStore, type StoreOptions } from '../src/io/open-store.ts';
import { createStoreKeeper, type StoreKeeper } from '../src/io/store-keeper.ts';
import { createStoreTrouble, type StoreTrouble } from '../src/io/store-trouble.ts';
import { systemClock, wallClockS } from '../src/io/system.ts';
import { takeThreadData } from '../src/io/thread-data.ts';
import { type AroundRpc, serveRpc, tellRpcClient } from '../src/io/thread-rpc.ts';
import { reportCollections, reportLoopDelay } from '../src/io/thread-stats.ts';
import type { WorkingMessage } from '../src/io/threads.ts';
import { createTracer, type TraceData, type Tracer } from '../src/io/tracing.ts';
import { recordKept, traceCalls, traceLedger, traceStore } from '../src/io/tracing-store.ts';
import { createZoneJournals, type RecoveredStart, takeRecovered, type ZoneStart } from '../src/io/zone-journals.ts';
import type { JournalMark } from '../src/store/journal/format.ts';
import type { Store } from '../src/store/store.ts';
import type { ZoneJournalBuffers } from '../src/store/zone-journal.ts';

export interface StoreThreadData {
  readonly store: StoreOptions;
  readonly nodeId: string;
  readonly gameName: string;
  readonly savedColumns: readonly string[];
  readonly assets: readonly string[];
  readonly saveRings: readonly SharedArrayBuffer[];
  /** Of each zone. */
  readonly journals: readonly ZoneJournalBuffers[];
  /** Of all of them: what their commits name. */
  readonly start: ZoneStart;
  readonly counters: SharedArrayBuffer;
  readonly loopDelay: SharedArrayBuffer;
  readonly threadCounters: SharedArrayBuffer;
  readonly trace: TraceData;
  readonly log: LogShared;
  readonly logCounters: SharedArrayBuffer;
  /** Takes the place of one that died: of the tokens of before nobody knows which were used. */
  readonly isRestart: boolean;
  /** Of clients that were there before it: answered once it is up. */
  readonly ports?: readonly MessagePort[];
}

/** `isAll`: every zone has handed over all it had. */
export type StoreThreadMessage = { type: 'port'; port: MessagePort } | { type: 'stop'; isAll?: boolean };

const POLL_MS = 20;
/** How long a promise waits for its group at most; beside that the disk takes its time. The second: while there are many. */
const JOURNAL_POLL_MS = 6;
const BUSY_POLL_MS = 1;
/** The embedded store stops the thread for a batch, and promises wait behind it: half a millisecond. */
const EMBEDDED_BATCH_MAX = 16;
const APPLY_MS = 1;
/** Three times what Cassandra takes at most, by default, until it syncs what it has acknowledged. */
const SCYLLA_SETTLE_MS = 30_000;
const JOURNAL_FOLDER = 'journal';
/** Guests who never played within it are deleted at start: anybody can make them. */
const UNUSED_GUEST_MS_MAX = 24 * 60 * 60 * 1000;

async function run(data: StoreThreadData): Promise<void> {
  const log = createLog(data.log, { thread: 'store', counters: data.logCounters });
  const tracer = createTracer(data.trace);
  const trouble = openTrouble(data, tracer, log);
  const opened = await openStore(data.store, {
    trouble,
    onRedisTrouble: (error) => log.event('save_not_cached', { error }),
    onAdvice: (sentence) => log.event('advice', { detail: sentence }),
    checkpoint: (file) => pool.checkpoint(file),
    onCheckpointFailed: (error) => log.event('checkpoint_failed', { error }),
    onWorking: tellWorking,
  });
  const store = traceStore(opened, tracer);
  const applier = createCommitApplier({
    ledger: traceLedger(store, tracer),
    clock: systemClock,
    counters: data.counters,
    pauseMs: trouble.retries.patientPauseMs,
    ...(data.store.kind === 'embedded' && { batchMax: EMBEDDED_BATCH_MAX }),
    onFenced: (playerId, epoch) => keeper.letGo(playerId, epoch),
    onTrouble: ({ event, players, detail }) => log.event(event, { players: players.join(' '), detail }),
  });
  const keeper = createStoreKeeper({
    ...data,
    store,
    trouble,
    whenApplied: (playerId) => zones.whenApplied(playerId),
    isJournalBehind: () => zones.isFailing(),
    clock: systemClock,
    nowS: wallClockS,
    // Tokens say the second in which they were issued: those of this one may have been used before it began. Redis
    // remembers them.
    tokensFromS: data.isRestart && data.store.kind === 'embedded' ? Math.floor(wallClockS()) + 1 : 0,
    exemplar: () => tracer.exemplar(),
    onSaving: (state, error) => {
      if (state === 'failing') log.event('saving_failed', { error });
      else log.event('saving_works', {});
    },
  });
  const { journal, pool } = openZoneJournal(data, log);
  const starts = takeRecovered(journal, data.journals.length, wallClockS());
  if (!data.isRestart) tellRecovered(starts);
  const zones = createZoneJournals({
    ...data,
    buffers: data.journals,
    journal,
    now: systemClock.now,
    settleMs: data.store.kind === 'embedded' ? 0 : SCYLLA_SETTLE_MS,
    applier,
    ledger: store,
    onMarkFailed: (error) => log.event('mark_failed', { error }),
    backPressure: trouble.backPressure,
    onKept: (commits, tookMs) => recordKept(tracer, commits, tookMs),
    onKeeping(state, error) {
      if (state === 'failing') log.event('journal_failed', { error });
      else log.event('journal_works', {});
    },
  });
  reportLoopDelay(data.loopDelay);
  reportCollections(data.threadCounters);
  zones.replayCommits(await findMark(store, data.nodeId, log));
  // What zones have put on their rings before: nobody is let in who was promised something there.
  zones.update(true);
  const keeping = setInterval(() => void keeper.update(), POLL_MS);
  const look = (): void => {
    zones.update();
    void applier.update(APPLY_MS);
    looking = setTimeout(look, zones.isBusy() ? BUSY_POLL_MS : JOURNAL_POLL_MS);
  };
  let looking = setTimeout(look, JOURNAL_POLL_MS);
  for (const port of data.ports ?? []) serve(keeper, port, traceCalls(tracer));
  parentPort?.on('message', (message: StoreThreadMessage) => {
    if (message.type === 'port') serve(keeper, message.port, traceCalls(tracer));
    else void stop(message.isAll === true);
  });
  let isStopping = false;
  const stop = async (isAll: boolean): Promise<void> => {
    isStopping = true;
    clearInterval(keeping);
    clearTimeout(looking);
    zones.update(true);
    const unapplied = await applier.flush();
    zones.update(true);
    await zones.keepMark();
    const unsaved = await keeper.flush();
    if (unapplied > 0) log.event('commits_wait', { count: unapplied });
    await journal.close(isAll && unapplied === 0 && unsaved === 0);
    await store.close();
    parentPort?.postMessage({ type: 'stopped', unsaved });
    process.exit(0);
  };
  parentPort?.postMessage({ type: 'ready' });
  // Now, and not when others have been answered: see the store's contract.
  if (!data.isRestart) void deleteUnusedGuests(store, log, () => isStopping);
  keepCompiled();
}

function openTrouble({ counters }: StoreThreadData, tracer: Tracer, log: Log): StoreTrouble {
  return createStoreTrouble({
    counters,
    around: (span, work) => tracer.child(span, {}, work),
    onBreaker: (backend, state, cause) => {
      if (state === 'open') log.event('breaker_opened', { backend, error: cause });
      else log.event('breaker_closed', { backend });
    },
  });
}

function openZoneJournal({ store, nodeId }: StoreThreadData, log: Log): { journal: Journal; pool: JournalPool } {
  const folder = join(store.folder, JOURNAL_FOLDER);
  const files = openJournalFiles(folder, tellWorking);
  const pool = createJournalPool(folder);
  const journal = openJournal({
    ...{ files, pool, nodeId },
    now: systemClock.now,
    wallMs: () => wallClockS() * 1000,
    onTrouble: (error) => log.event('journal_trouble', { error }),
  });
  return { journal, pool };
}

/** Without it everything that the journal has is handed over once more. */
async function findMark(store: Store, nodeId: string, log: Log): Promise<JournalMark | undefined> {
  try {
    return await store.findMark(nodeId);
  } catch (error) {
    log.event('mark_unknown', { error });
    return undefined;
  }
}

/** For a start that takes its time: main gives up on a thread that says nothing. */
function tellWorking(withinMs?: number): void {
  parentPort?.postMessage({ type: 'working', withinMs } satisfies WorkingMessage);
}

/** Before anything else is done by it: the zones have more to do. */
function tellRecovered(recovered: readonly RecoveredStart[]): void {
  const transfers = recovered.flatMap(({ state }) =>
    state === undefined ? [] : [state.keyframe.buffer, state.ticks.buffer],
  );
  parentPort?.postMessage({ type: 'recovered', recovered }, transfers);
}

/** Nobody waits for it: of many it takes long, and the server is as good with them as without. */
async function deleteUnusedGuests(store: Store, log: Log, isStopping: () => boolean): Promise<void> {
  try {
    const deleted = await store.deleteUnusedGuests(wallClockS() * 1000 - UNUSED_GUEST_MS_MAX);
    if (deleted > 0) log.event('guests_deleted', { count: deleted });
  } catch (error) {
    // With the store closed under it, it is the next start's to go on.
    if (!isStopping()) log.event('guests_stay', { error });
  }
}

function serve(keeper: StoreKeeper, port: MessagePort, around: AroundRpc): void {
  serveRpc(port, keeper.methods, around);
  port.on(
    'close',
    keeper.onMoved((moved) => tellRpcClient(port, moved)),
  );
}

const data = await takeThreadData<StoreThreadData>();
try {
  await run(data);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  parentPort?.postMessage({ type: 'failed', code: errorCode(error) ?? 'DARKAGES_STORE_FAILED', message });
}
