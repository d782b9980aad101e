// The journal's pool in a test: its jobs are done here and now, on the same disk.

import { packSegment, writeKeyframe } from '../../src/io/journal-jobs.ts';
import type { JournalPool } from '../../src/io/journal-pool.ts';
import type { JournalFiles } from '../../src/store/journal/files.ts';

export function createPromptPool(files: JournalFiles): Omit<JournalPool, 'checkpoint'> {
  return {
    packSegment: async (name) => packSegment(files, name),
    writeKeyframe: async (job) => writeKeyframe(files, job),
    close: async () => undefined,
  };
}
