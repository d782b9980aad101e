// The pool that packs and verifies the journal's files beside the store thread: one thread, made by piscina, of the lowest
// priority that the system gives. Bounded in jobs and in time; a job that fails changes nothing that counts.

import type { Piscina } from 'piscina';
import type { KeyframeJob, PackedFile } from './journal-jobs.ts';

export interface JournalPool {
  packSegment(name: string): Promise<PackedFile>;
  /** The bytes may lie in shared memory: then they must not change until it is done. Others are copied. */
  writeKeyframe(job: KeyframeJob): Promise<PackedFile>;
  /** Copies the log of a database into its file. */
  checkpoint(file: string): Promise<void>;
  /** Waits for the job that runs. */
  close(): Promise<void>;
}

/** One packing and a keyframe of each zone; more are refused. */
const WAITING_MAX = 64;
/** A disk that takes longer for a file has as good as failed: the thread is ended and the job with it. */
const JOB_MS_MAX = 60_000;
/** As of nice(1): zones and edges go first. */
const NICENESS = 10;

export function createJournalPool(folder: string): JournalPool {
  /** With the first job: a zone that goes on after a crash has none before it ticks, and nothing shall come before that. */
  let opened: Promise<Piscina> | undefined;
  const run = async (name: 'packSegment' | 'writeKeyframe' | 'checkpoint', job: unknown): Promise<PackedFile> => {
    opened ??= openPool(folder).catch((error: unknown) => {
      // The next job tries again: for want of files or memory it may not be for ever.
      opened = undefined;
      throw error;
    });
    const pool = await opened;
    return pool.run(job, { name, signal: AbortSignal.timeout(JOB_MS_MAX) }) as Promise<PackedFile>;
  };
  return {
    packSegment: (name) => run('packSegment', name),
    writeKeyframe: (job) => run('writeKeyframe', job),
    async checkpoint(file) {
      await run('checkpoint', file);
    },
    async close() {
      const pool = await opened;
      await pool?.close();
    },
  };
}

async function openPool(folder: string): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  return new Piscina({
    filename: new URL('../../workers/journal-pool.ts', import.meta.url).href,
    workerData: { folder },
    minThreads: 1,
    maxThreads: 1,
    maxQueue: WAITING_MAX,
    niceIncrement: NICENESS,
  });
}
