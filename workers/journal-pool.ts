// A thread of the journal's pool: one job at a time, beside the store thread. Piscina calls the exports by their names; the
// work is in io/journal-jobs.

import { workerData } from 'node:worker_threads';
import { openJournalFiles } from '../src/io/journal-files.ts';
import * as jobs from '../src/io/journal-jobs.ts';

const { folder } = workerData as { folder: string };
const files = openJournalFiles(folder);

export function packSegment(name: string): jobs.PackedFile {
  return jobs.packSegment(files, name);
}

export function writeKeyframe(job: jobs.KeyframeJob): jobs.PackedFile {
  return jobs.writeKeyframe(files, job);
}

export function checkpoint(file: string): void {
  jobs.checkpoint(file);
}
