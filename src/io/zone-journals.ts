// The journal's end of the zones: takes what they put on their rings, keeps it with one sync for all of them, tells them
// which tick is on disk, and hands their commits on. Store thread, every few milliseconds; it waits for the disk alone.
// What is on a ring stays there until it is on disk: a store thread that dies has lost nothing of it.

import { assert } from '../base/assert.ts';
import { createCounters } from '../base/counters.ts';
import { ServerError } from '../base/errors.ts';
import { createKeepingRingReader, type KeepingRingReader } from '../base/ring.ts';
import type { BackPressure } from '../store/back-pressure.ts';
import type { Commit } from '../store/commit.ts';
import type { JournalMark } from '../store/journal/format.ts';
import type { JournalRecord, StartRecord } from '../store/journal/records.ts';
import type { Ledger } from '../store/ledger.ts';
import { type CommitSource, readCommits, readTickHead } from '../store/tick-record.ts';
import {
  COMMITTED_TICK,
  IS_AWAITED,
  IS_PAUSED,
  KEPT_TICK,
  KEYFRAME_BYTES,
  KEYFRAME_EPOCH,
  KEYFRAME_TICK,
  type ZoneJournalBuffers,
} from '../store/zone-journal.ts';
import type { CommitApplier } from './commit-applier.ts';
import type { Journal } from './journal-keeper.ts';
import { createJournalMarks } from './journal-marks.ts';
import type { RecoveredZone as JournalledZone } from './journal-recovery.ts';

/** How a zone begins that the journal knows. */
export interface RecoveredStart {
  readonly zoneId: number;
  /** Greater than each before. */
  readonly epoch: number;
  /** Undefined: there is nothing to go on from. */
  readonly state: RecoveredZone | undefined;
}

/** To be handed from thread to thread. */
export interface RecoveredZone {
  readonly keyframe: Uint8Array<ArrayBuffer>;
  /** Its tick records, oldest first: u32 length, bytes … */
  readonly ticks: Uint8Array<ArrayBuffer>;
}

/** What a zone is, as the journal says it. */
export type ZoneStart = Pick<StartRecord, 'game' | 'gameVersion' | 'assets' | 'accounts'>;

export interface ZoneJournalsOptions {
  readonly journal: Journal;
  /** The first is zone 1's, and so on. */
  readonly buffers: readonly ZoneJournalBuffers[];
  readonly start: ZoneStart;
  readonly nodeId: string;
  /** Of the store: journal-marks.ts. */
  readonly settleMs: number;
  readonly counters: SharedArrayBuffer;
  /** Steady milliseconds. */
  now(): number;
  /** Where commits go that are on disk. */
  readonly applier: Pick<CommitApplier, 'take' | 'appliedPosition' | 'whenApplied'>;
  readonly ledger: Pick<Ledger, 'keepMark'>;
  /** Of what the store has not done yet: when that is too much, zones promise nothing more. */
  readonly backPressure: Pick<BackPressure, 'isPaused' | 'part'>;
  /** The store does not say how much it has: the journal keeps all of that. Once, until it works again. */
  onMarkFailed(error: unknown): void;
  /** Called when keeping begins to fail and when it works again. */
  onKeeping(state: 'failing' | 'recovered', error?: unknown): void;
  /** Commits are on disk, of which the first was taken from its ring so long ago. */
  onKept?(commits: readonly Commit[], tookMs: number): void;
}

export interface ZoneJournals {
  /**
   * Keeps what waits if somebody waits for that, or it was a while ago; and tells the zones.
   * @param isAll all that is on the rings, and now: at the beginning and at the end
   */
  update(isAll?: boolean): void;
  /** The commits that were kept before this start and may not be in the store, which has that mark. */
  replayCommits(mark?: JournalMark): void;
  /** Says to the store how much it has, now and not when it is due. Never rejects. */
  keepMark(): Promise<void>;
  /** Commits come in numbers: looking more often makes their groups no smaller than they need be. */
  isBusy(): boolean;
  /** Resolves when nothing that is on disk of the player's is on its way to the store any more; rejects when that can't be said. */
  whenApplied(playerId: number): Promise<void>;
  /** Something waits for a disk that failed. */
  isFailing(): boolean;
}

interface JournalledRing {
  readonly zoneId: number;
  readonly ring: KeepingRingReader;
  readonly words: Int32Array;
  readonly keyframe: SharedArrayBuffer;
  readonly source: CommitSource;
  readonly start: ZoneStart;
  epoch: number;
  /** Newest tick taken from the ring. */
  tick: number;
  /** Commits that wait for the disk. */
  readonly commits: Commit[];
  commitBytes: number;
  /** No keyframe of it is begun before: a while after one that failed, and never while one is being written. */
  keyframeFromMs: number;
}

/** A group takes no more of the rings at once; the rest is the next one's. */
const GROUP_RECORDS_MAX = 4096;
/** A month before they run out, at 60 a second: no zone goes on from there, while a start can still see to it. */
const TICK_MAX = 0x7fff_ffff - 30 * 24 * 3600 * 60;
/** What nobody was promised may wait so long for its sync: it costs as much for a tick as for many. */
const PATIENT_MS = 100;
const BUSY_MS = 100;
/** In a group, or groups that the store has not: that many are no coincidence. Fewer are not worth a look a millisecond. */
const BUSY_COMMITS = 8;
const BUSY_GROUPS = 8;
/** After a keyframe that failed: until there is one the zone may promise nothing. */
const KEYFRAME_RETRY_MS = 500;
/** Of a replay: some seconds at the slowest. */
const MANY_TICKS = 600;
/** 2020-01-01: an epoch is a word. */
const EPOCHS_FROM_S = 1_577_836_800;

export function createZoneJournals(options: ZoneJournalsOptions): ZoneJournals {
  const { journal, nodeId, start, applier } = options;
  const zones = options.buffers.map(({ ring, words, keyframe }, index): JournalledRing => {
    const zoneId = index + 1;
    return {
      zoneId,
      ring: createKeepingRingReader(ring),
      words: new Int32Array(words),
      keyframe,
      source: sourceOf(nodeId, zoneId, start),
      start,
      epoch: 0,
      tick: 0,
      commits: [],
      commitBytes: 0,
      keyframeFromMs: Number.NEGATIVE_INFINITY,
    };
  });
  const { words: counted, index } = createCounters('store', options.counters);
  const marks = createJournalMarks(options);
  const setUnappliedBytes = options.backPressure.part();
  /** Groups whose commits are on disk: first those that the applier has taken, then those that it had no room for. */
  const unapplied: Group[] = [];
  let takenCount = 0;
  let unappliedBytes = 0;
  let keptMs = Number.NEGATIVE_INFINITY;
  /** When there were many commits. */
  let crowdedMs = Number.NEGATIVE_INFINITY;
  let isFailing = false;
  /** When the oldest of what waits for the disk was taken. */
  let takenMs = Number.POSITIVE_INFINITY;

  const count = (): void => {
    const { counts } = journal;
    counted[index.journalGroups] = counts.groups;
    counted[index.journalRecords] = counts.records;
    counted[index.journalBytes] = counts.payloadBytes;
    counted[index.journalFailures] = counts.failures;
    counted[index.journalPending] = counts.pending;
    counted[index.lagJournalMs] = options.now() - (counts.pendingSinceMs ?? options.now());
    counted[index.journalSegments] = counts.segments;
    counted[index.keyframesKept] = counts.keyframes;
    counted[index.keyframesFailed] = counts.keyframesFailed;
  };

  const take = (): JournalRecord[] => {
    const records: JournalRecord[] = [];
    for (const zone of zones) while (records.length < GROUP_RECORDS_MAX && zone.ring.next()) takeTick(zone, records);
    return records;
  };

  const keep = (records: readonly JournalRecord[]): number | undefined => {
    try {
      const position = journal.append(records);
      if (position !== undefined && isFailing) options.onKeeping('recovered');
      if (position !== undefined) isFailing = false;
      return position;
    } catch (error) {
      // The records are kept, and nobody was told of them.
      if (!isFailing) options.onKeeping('failing', error);
      isFailing = true;
      return undefined;
    }
  };

  const tell = (position: number): void => {
    const commits: Commit[] = [];
    let bytes = 0;
    for (const zone of zones) {
      const { ring, words, tick } = zone;
      ring.release();
      if (words[COMMITTED_TICK] !== tick) {
        Atomics.store(words, COMMITTED_TICK, tick);
        Atomics.notify(words, COMMITTED_TICK);
      }
      commits.push(...zone.commits.splice(0));
      bytes += zone.commitBytes;
      zone.commitBytes = 0;
    }
    if (commits.length > 0) {
      options.onKept?.(commits, options.now() - takenMs);
      marks.note(journal.mark);
    }
    if (commits.length >= BUSY_COMMITS || unapplied.length >= BUSY_GROUPS) crowdedMs = options.now();
    takenMs = Number.POSITIVE_INFINITY;
    if (commits.length > 0 || isBehind()) wait({ position, commits, bytes });
    else applier.take(position, commits);
  };

  /** Whether there may be more on the rings than that. */
  const keepGroup = (): boolean => {
    const nowMs = options.now();
    const records = take();
    if (records.length === 0 && journal.counts.pending === 0) return false;
    if (records.length > 0) takenMs = Math.min(takenMs, nowMs);
    const position = keep(records);
    if (position !== undefined) tell(position);
    return position !== undefined && records.length >= GROUP_RECORDS_MAX;
  };

  const wait = (group: Group): void => {
    unapplied.push(group);
    unappliedBytes += group.bytes;
  };
  const isBehind = (): boolean => takenCount < unapplied.length;

  const handOver = (): void => {
    while (isBehind()) {
      const { position, commits } = unapplied[takenCount]!;
      if (!applier.take(position, commits)) break;
      takenCount++;
    }
    const applied = applier.appliedPosition();
    let done = 0;
    while (done < takenCount && unapplied[done]!.position <= applied) unappliedBytes -= unapplied[done++]!.bytes;
    if (done > 0) unapplied.splice(0, done);
    takenCount -= done;
    marks.update(applied);
    setUnappliedBytes(unappliedBytes);
  };

  const keepKeyframe = (zone: JournalledRing): void => {
    const { zoneId, words, keyframe } = zone;
    const tick = Atomics.load(words, KEYFRAME_TICK);
    // What it holds must not be newer than what is kept: of promises in it there has to be a record.
    if (tick === 0 || tick > words[COMMITTED_TICK]!) return;
    if (words[KEYFRAME_EPOCH] !== zone.epoch) {
      // The thread that wrote it is dead and others have ticked since; nothing is replayed across that.
      if (words[KEYFRAME_EPOCH]! < zone.epoch) Atomics.store(words, KEYFRAME_TICK, 0);
      return;
    }
    if (options.now() < zone.keyframeFromMs) return;
    zone.keyframeFromMs = Number.POSITIVE_INFINITY;
    const bytes = new Uint8Array(keyframe).slice(0, words[KEYFRAME_BYTES]);
    const { epoch } = zone;
    void journal.writeKeyframe(zoneId, epoch, tick, bytes).then((isKept) => {
      zone.keyframeFromMs = isKept ? Number.NEGATIVE_INFINITY : options.now() + KEYFRAME_RETRY_MS;
      // Else it stays where it is, and is tried again.
      if (!isKept || zone.epoch !== epoch) return;
      Atomics.store(words, KEPT_TICK, tick);
      Atomics.store(words, KEYFRAME_TICK, 0);
    });
  };

  /** While nobody waits, a sync is for the ticks of some time. */
  const isDue = (): boolean => {
    let isAwaited = false;
    for (const { words } of zones) if (Atomics.exchange(words, IS_AWAITED, 0) === 1) isAwaited = true;
    const now = options.now();
    if (!isAwaited && now - keptMs < PATIENT_MS) return false;
    keptMs = now;
    return true;
  };

  return {
    update(isAll = false) {
      if (!isDue() && !isAll) return;
      while (keepGroup() && isAll);
      handOver();
      const isPaused = isFailing || isBehind() || options.backPressure.isPaused() ? 1 : 0;
      for (const zone of zones) {
        Atomics.store(zone.words, IS_PAUSED, isPaused);
        if (!isFailing) keepKeyframe(zone);
      }
      journal.update();
      count();
    },
    replayCommits(mark) {
      // What can be read of the database may not be synced: it is kept again before the journal lets go of anything.
      if (mark !== undefined) marks.note(mark);
      for (const { position, checksum, record, start: of } of journal.commitsToApply(mark)) {
        marks.note({ sequence: position, checksum });
        const head = readTickHead(record.payload);
        const commits = head && readCommits(record.payload, head, sourceOf(nodeId, record.zoneId, of));
        assert(commits !== undefined, 'what a zone wrote whole is read whole, by what its start says');
        const bytes = record.payload.length - head!.inputsEnd;
        const last = unapplied.at(-1);
        if (last?.position !== position) wait({ position, commits, bytes });
        else unapplied[unapplied.length - 1] = { ...last, commits: [...last.commits, ...commits] };
      }
      handOver();
    },
    async whenApplied(playerId) {
      // Whose commits the applier had no room for it can't say.
      if (isBehind()) throw new ServerError('DARKAGES_STORE_BUSY', 'Too many promises wait for the store.');
      await applier.whenApplied(playerId);
    },
    async keepMark() {
      handOver();
      await marks.keep();
    },
    isBusy: () => options.now() - crowdedMs < BUSY_MS,
    isFailing: () => isFailing || journal.counts.pending > 0,
  };
}

/** By which commits are read: of the run of the zone that made them, whatever game that ran. */
function sourceOf(nodeId: string, zoneId: number, { game, assets, accounts }: ZoneStart): CommitSource {
  return { origin: `${nodeId}/${zoneId}`, zoneId, game, assets, accounts };
}

interface Group {
  readonly position: number;
  readonly commits: readonly Commit[];
  readonly bytes: number;
}

function takeTick(zone: JournalledRing, records: JournalRecord[]): void {
  const { ring, zoneId, source } = zone;
  const payload = ring.bytes.subarray(ring.offset, ring.end);
  const head = readTickHead(payload);
  assert(head !== undefined, 'a zone writes whole records');
  const { epoch: zoneEpoch, tick } = head;
  if (zoneEpoch !== zone.epoch) {
    zone.epoch = zoneEpoch;
    records.push({ kind: 'start', zoneId, zoneEpoch, tick: tick - 1, ...zone.start });
  }
  const hasCommits = head.inputsEnd < payload.length;
  records.push({ kind: 'tick', zoneId, zoneEpoch, tick, payload, hasCommits });
  zone.tick = tick;
  if (!hasCommits) return;
  const commits = readCommits(payload, head, source);
  assert(commits !== undefined, 'a zone writes whole commits');
  zone.commits.push(...commits);
  zone.commitBytes += payload.length - head.inputsEnd;
}

/**
 * How the zones begin. Empties what the journal has of them, and of those that aren't run any more.
 * @param nowS since 1970. Epochs are times where that is more than one more than the last: without its journal a node gives
 * none twice, and so no commit the name of another.
 */
export function takeRecovered(journal: Journal, zoneCount: number, nowS: number): RecoveredStart[] {
  const { recovered, isClosed } = journal;
  const fresh = Math.max(1, Math.floor(nowS) - EPOCHS_FROM_S);
  const starts = Array.from({ length: zoneCount }, (_, index): RecoveredStart => {
    const zone = recovered.get(index + 1);
    if (zone === undefined) return { zoneId: index + 1, epoch: fresh, state: undefined };
    return packZone(zone, isClosed, fresh);
  });
  for (const zoneId of [...recovered.keys()]) if (zoneId > zoneCount) journal.dropZone(zoneId);
  recovered.clear();
  return starts;
}

function packZone(
  { zoneId, start, keyframe, isWhole, ticks }: JournalledZone,
  isClosed: boolean,
  fresh: number,
): RecoveredStart {
  const epoch = Math.max(start.zoneEpoch + 1, fresh);
  if (keyframe === undefined || !isWhole || isClosed) return { zoneId, epoch, state: undefined };
  if (keyframe.tick > TICK_MAX) return { zoneId, epoch, state: undefined };
  const payloads: Uint8Array[] = [];
  for (const { payload } of ticks()) payloads.push(payload);
  let length = 0;
  for (const payload of payloads) length += 4 + payload.length;
  const packed = new Uint8Array(length);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const payload of payloads) {
    view.setUint32(at, payload.length, true);
    packed.set(payload, at + 4);
    at += 4 + payload.length;
  }
  // Not by `slice`: of a Buffer that is a view, and a small one lies in memory that can't be handed to a thread.
  const copy = new Uint8Array(keyframe.bytes);
  return { zoneId, epoch, state: { keyframe: copy, ticks: packed } };
}

/** @param onMany called now and then: whoever replays them may have much to do */
export function* unpackTicks(packed: Uint8Array, onMany = () => {}): Generator<Uint8Array> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let count = 0;
  for (let at = 0; at < packed.length; ) {
    if (++count % MANY_TICKS === 0) onMany();
    const end = at + 4 + view.getUint32(at, true);
    yield packed.subarray(at + 4, end);
    at = end;
  }
}
