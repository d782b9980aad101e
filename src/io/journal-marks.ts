// How much of the journal the store has, told to the store: a start after a crash hands over only what came later. The
// store keeps it with what it is about, and has then synced all of that; only now may the journal let go of it. A mark that
// is old or was never kept costs a start some repetitions, which the ledger knows. Store thread.

import type { JournalMark } from '../store/journal/format.ts';
import type { Ledger } from '../store/ledger.ts';
import type { Journal } from './journal-keeper.ts';

export interface JournalMarksOptions {
  readonly journal: Pick<Journal, 'noteApplied'>;
  readonly ledger: Pick<Ledger, 'keepMark'>;
  readonly nodeId: string;
  /**
   * So long the store must have had what a mark says: databases that sync now and then can lose the commits and keep the mark,
   * which lie on different machines. 0: its syncs are in order.
   */
  readonly settleMs: number;
  /** Steady milliseconds. */
  now(): number;
  /** Once, until it works again. */
  onMarkFailed(error: unknown): void;
}

export interface JournalMarks {
  /** A group with commits is on disk, or was before this start, and they are handed over. */
  note(mark: JournalMark): void;
  /** The store has all commits up to that position. Call often: it says so now and then. */
  update(applied: number): void;
  /** At once, and once more if one is under way. Resolves when it is done or has failed. */
  keep(): Promise<void>;
}

/** What a start repeats at most; a sync of the embedded store each. */
const INTERVAL_MS = 1_000;

export function createJournalMarks(options: JournalMarksOptions): JournalMarks {
  const { journal, ledger, nodeId, settleMs, now, onMarkFailed } = options;
  /** What the store doesn't know to be applied, oldest first. */
  let noted: JournalMark[] = [];
  /** Positions that the store had, one a second, oldest first. */
  const settling: { readonly position: number; readonly atMs: number }[] = [];
  let settled = 0;
  let isFailing = false;
  let dueMs = Number.NEGATIVE_INFINITY;
  let keeping: Promise<void> | undefined;

  const keepOne = async (mark: JournalMark): Promise<void> => {
    try {
      await ledger.keepMark(nodeId, mark);
      noted = noted.filter(({ sequence }) => sequence > mark.sequence);
      journal.noteApplied(mark.sequence);
      isFailing = false;
    } catch (error) {
      if (!isFailing) onMarkFailed(error);
      isFailing = true;
    } finally {
      keeping = undefined;
    }
  };
  const settle = (applied: number): void => {
    if (settleMs === 0) {
      settled = applied;
      return;
    }
    const atMs = now();
    if (atMs - (settling.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) >= INTERVAL_MS) {
      settling.push({ position: applied, atMs });
    }
    while (settling[0] !== undefined && atMs - settling[0].atMs >= settleMs) settled = settling.shift()!.position;
  };
  const begin = (): void => {
    // Also when there is nothing to say: while the store is away there are many to look through.
    dueMs = now() + INTERVAL_MS;
    const mark = noted.findLast(({ sequence }) => sequence <= settled);
    if (keeping === undefined && mark !== undefined) keeping = keepOne(mark);
  };

  return {
    note(mark) {
      if (noted.at(-1)?.sequence !== mark.sequence) noted.push(mark);
    },
    update(applied) {
      settle(applied);
      // What came since has no commits.
      if (noted.length === 0) journal.noteApplied(applied);
      else if (now() >= dueMs) begin();
    },
    async keep() {
      await keeping;
      begin();
      await keeping;
    },
  };
}
