// Commits on their way from the journal to the store's ledger: in order, in batches, again until the store takes them. Store
// thread. They are on disk already, so nothing is lost when this thread dies: whoever begins anew hands them over once more,
// and the ledger knows those that it has. At the bound (`waitingMax`) the policy is `reject`: `take` returns false, the
// caller keeps them, which is no more than not reading on in the journal.

import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { type Commit, isPlayerSide } from '../store/commit.ts';
import { type CommitResult, type Ledger, sharesOf } from '../store/ledger.ts';

/** Of the log's: refused for its epoch, or because something before it was lost. */
export interface CommitTrouble {
  readonly event: 'commit_fenced' | 'commit_broken';
  readonly players: readonly number[];
  /** A sentence. */
  readonly detail: string;
}

export interface CommitApplierOptions {
  readonly ledger: Pick<Ledger, 'applyCommits'>;
  readonly clock: Clock;
  /** The store thread's block. */
  readonly counters: SharedArrayBuffer;
  /** Before the next attempt, after so many failures in a row. */
  pauseMs(failures: number): number;
  /** The ledger refused a commit that changes the player's account: it may not go on as it was taken in that epoch. */
  onFenced(playerId: number, epoch: number): void;
  /** For a person; once for each cause. */
  onTrouble(trouble: CommitTrouble): void;
  readonly waitingMax?: number;
  readonly batchMax?: number;
}

export interface CommitApplier {
  /**
   * All commits of that position of the journal, which is greater than the one before; none is well too. False when there
   * is no room for more: none of them was taken.
   */
  take(position: number, commits: readonly Commit[]): boolean;
  /** Nothing of the player waits. */
  isCaughtUp(playerId: number): boolean;
  /** Resolves when nothing of the player waits any more; rejects with what the store says when it takes nothing. */
  whenApplied(playerId: number): Promise<void>;
  /** The journal need not keep what was taken up to this position. */
  appliedPosition(): number;
  /** Hands on a batch of what waits, and more until so long has passed: the thread has more to do. Call often. */
  update(forMs?: number): Promise<void>;
  /** Does so without pauses, until nothing waits or the store fails; how many still wait. */
  flush(): Promise<number>;
}

interface Waiting {
  readonly position: number;
  readonly commit: Commit;
  readonly players: readonly number[];
  readonly sinceMs: number;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

const WAITING_MAX = 65_536;
const BATCH_MAX = 64;
const CAUSES_MAX = 1_024;

export function createCommitApplier(options: CommitApplierOptions): CommitApplier {
  const { ledger, clock, waitingMax = WAITING_MAX, batchMax = BATCH_MAX } = options;
  const { words, index } = createCounters('store', options.counters);
  const queue: Waiting[] = [];
  const ids = new Set<string>();
  /** How many commits of each player wait, and who waits for that. */
  const counts = new Map<number, number>();
  const waiters = new Map<number, Waiter[]>();
  const causes = new Set<string>();
  let taken = 0;
  let failures = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  let applying: Promise<boolean> | undefined;

  const showWaiting = (): void => {
    words[index.ledgerWaiting] = queue.length;
    words[index.lagLedgerMs] = queue[0] === undefined ? 0 : clock.now() - queue[0].sinceMs;
  };
  const tellOnce = (trouble: CommitTrouble): void => {
    const cause = `${trouble.event} ${trouble.players.join(' ')}`;
    if (causes.has(cause)) return;
    if (causes.size >= CAUSES_MAX) causes.clear();
    causes.add(cause);
    options.onTrouble(trouble);
  };
  const finish = ({ commit, players }: Waiting): void => {
    ids.delete(commit.id);
    for (const playerId of players) {
      const count = counts.get(playerId)! - 1;
      if (count > 0) counts.set(playerId, count);
      else {
        counts.delete(playerId);
        for (const { resolve } of waiters.get(playerId) ?? []) resolve();
        waiters.delete(playerId);
      }
    }
  };
  const note = ({ commit, players }: Waiting, result: CommitResult): void => {
    if (result === 'applied') {
      words[index.ledgerApplied]!++;
      return;
    }
    // Who only asked has lost nothing.
    for (const { playerId, epoch } of sharesOf(commit)) if (epoch > 0) options.onFenced(playerId, epoch);
    if (result === 'fenced') {
      words[index.ledgerFenced]!++;
      const who = players.join(', ');
      const detail = `Commit ${commit.id} was refused: another node has had one of its players (${who}) since.`;
      tellOnce({ event: 'commit_fenced', players, detail });
    } else {
      words[index.ledgerBroken]!++;
      tellOnce({ event: 'commit_broken', players, detail: result.broken });
    }
  };

  const fail = (error: unknown): void => {
    failures++;
    notBefore = clock.now() + options.pauseMs(failures);
    for (const list of waiters.values()) for (const { reject } of list) reject(error);
    waiters.clear();
  };
  /** The first ones of the queue, and only them: whoever comes meanwhile is behind. False when the store failed. */
  const applyNext = async (): Promise<boolean> => {
    const batch = queue.slice(0, batchMax);
    let results: readonly CommitResult[];
    try {
      results = await ledger.applyCommits(batch.map(({ commit }) => commit));
    } catch (error) {
      fail(error);
      return false;
    }
    failures = 0;
    queue.splice(0, batch.length);
    for (const [place, waiting] of batch.entries()) {
      note(waiting, results[place]!);
      finish(waiting);
    }
    showWaiting();
    return true;
  };
  const apply = (): Promise<boolean> => {
    applying ??= applyNext().finally(() => {
      applying = undefined;
    });
    return applying;
  };

  return {
    take(position, commits) {
      assert(position > taken, 'positions grow, and all of one comes at once');
      const fresh = commits.filter(({ id }) => !ids.has(id));
      if (queue.length > 0 && queue.length + fresh.length > waitingMax) return false;
      taken = position;
      const sinceMs = clock.now();
      for (const commit of fresh) {
        const players = playersOf(commit);
        queue.push({ position, commit, players, sinceMs });
        ids.add(commit.id);
        for (const playerId of players) counts.set(playerId, (counts.get(playerId) ?? 0) + 1);
      }
      showWaiting();
      return true;
    },
    isCaughtUp: (playerId) => !counts.has(playerId),
    whenApplied(playerId) {
      if (!counts.has(playerId)) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const list = waiters.get(playerId) ?? [];
        list.push({ resolve, reject });
        waiters.set(playerId, list);
      });
    },
    appliedPosition: () => (queue[0] === undefined ? taken : queue[0].position - 1),
    async update(forMs = 0) {
      showWaiting();
      const untilMs = clock.now() + forMs;
      do {
        if (queue.length === 0 || clock.now() < notBefore) return;
        await apply();
      } while (clock.now() < untilMs);
    },
    async flush() {
      // One that is under way may have failed before.
      await applying;
      while (queue.length > 0 && (await apply()));
      return queue.length;
    },
  };
}

/** Each once; who only asked as well, since the answer is kept with the account. */
function playersOf(commit: Commit): readonly number[] {
  const players = new Set<number>();
  if (commit.playerId > 0) players.add(commit.playerId);
  for (const { from, to } of commit.transfers) {
    if (isPlayerSide(from)) players.add(from.playerId);
    if (isPlayerSide(to)) players.add(to.playerId);
  }
  return [...players];
}
