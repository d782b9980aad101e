import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { openJournalFiles } from '../../src/io/journal-files.ts';
import { readKeyframe } from '../../src/io/journal-jobs.ts';
import { createJournalPool, type JournalPool } from '../../src/io/journal-pool.ts';
import type { StartRecord } from '../../src/store/journal/records.ts';
import { type JournalGroup, scanJournal } from '../../src/store/journal/scan.ts';
import { drawRecords, openWriter } from '../store/journal/journal-lives.ts';

const PLACE = { zoneId: 1, zoneEpoch: 1, tick: 600 };
const START: StartRecord = {
  ...PLACE,
  kind: 'start',
  tick: 0,
  game: 'g',
  gameVersion: '1',
  assets: ['gold'],
  accounts: ['opening'],
};

let folder: string;
let pool: JournalPool;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  pool = createJournalPool(folder);
});

afterEach(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

test('a thread of its own packs segments and writes keyframes, from shared memory', async () => {
  const files = openJournalFiles(folder);
  const random = createRandom(5);
  const writer = openWriter(files, scanJournal(files), random);
  for (let group = 0; group < 30; group++) writer.append(drawRecords(random));
  const before: JournalGroup[] = [];
  scanJournal(files, { onGroup: (group) => void before.push(group) });
  const bytes = new Uint8Array(new SharedArrayBuffer(100_000)).fill(3);
  const jobs = [pool.packSegment('00000001.journal'), pool.writeKeyframe({ ...PLACE, start: START, bytes })];
  const [packed, keyframe] = await Promise.all(jobs);
  expect(packed).toMatchObject({ name: '00000001.journal.zst' });
  expect(files.list()).not.toContain('00000001.journal');
  const after: JournalGroup[] = [];
  const { damage } = scanJournal(files, { onGroup: (group) => void after.push(group) });
  expect(damage).toBeUndefined();
  expect(after).toEqual(before);
  expect(keyframe!.packedBytes).toBeLessThan(1000);
  expect(readKeyframe(files, keyframe!.name, PLACE)).toMatchObject({ start: START });
});

test('a job that fails says why, and the next one is done', async () => {
  await expect(pool.packSegment('00000009.journal')).rejects.toThrow('ENOENT');
  const bytes = new Uint8Array(10);
  await expect(pool.writeKeyframe({ ...PLACE, start: START, bytes })).resolves.toMatchObject({
    name: 'zone-1-1-600.keyframe',
  });
});
