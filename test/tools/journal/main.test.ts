import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from '../../../src/io/data-folder.ts';
import { openJournalFiles } from '../../../src/io/journal-files.ts';
import { writeKeyframe } from '../../../src/io/journal-jobs.ts';
import { BLOCK_BYTES } from '../../../src/store/journal/format.ts';
import type { StartRecord } from '../../../src/store/journal/records.ts';
import { scanJournal } from '../../../src/store/journal/scan.ts';
import { createJournalWriter } from '../../../src/store/journal/writer.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'tools', 'journal', 'main.ts');
const START: StartRecord = {
  kind: 'start',
  zoneId: 1,
  zoneEpoch: 1,
  tick: 0,
  game: 'g',
  gameVersion: '1',
  assets: ['gold'],
  accounts: ['opening'],
};

let folder: string;
let journal: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-journal-'));
  journal = join(folder, 'journal');
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(): void {
  const files = openJournalFiles(journal);
  const writer = createJournalWriter({
    files,
    nodeId: 'node-1',
    next: scanJournal(files).next,
    segmentBytes: 4 * BLOCK_BYTES,
    preallocateBytes: 0,
    wallMs: () => 0,
    drawSalt: () => 9,
    opening: () => [START],
    onSegment: () => undefined,
  });
  for (let tick = 1; tick <= 8; tick++) {
    const payload = Uint8Array.of(tick);
    writer.append([{ kind: 'tick', zoneId: 1, zoneEpoch: 1, tick, payload, hasCommits: tick > 6 }]);
  }
  writer.close();
  writeKeyframe(files, { zoneId: 1, zoneEpoch: 1, tick: 8, start: START, bytes: new Uint8Array(100) });
}

function damage(name: string, at: number): void {
  const bytes = readFileSync(join(journal, name));
  bytes[at]! ^= 1;
  writeFileSync(join(journal, name), bytes);
}

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('check says what is in it, from the data folder or the journal’s own', () => {
  write();
  for (const path of [folder, journal]) {
    const { status, stdout } = run('check', path);
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '00000001.journal: groups 1 to 3, 16384 of 16384 bytes, begun 1970-01-01T00:00:00.000Z by node-1',
      '00000002.journal: groups 4 to 6, 16384 of 16384 bytes, begun 1970-01-01T00:00:00.000Z by node-1',
      '00000003.journal: groups 7 to 8, 12288 of 12288 bytes, begun 1970-01-01T00:00:00.000Z by node-1',
      '3 segments, 8 groups',
      'zone 1: 8 ticks (1 to 8), 2 of them with commits',
      'zone-1-1-8.keyframe: whole, 100 bytes',
      '',
    ]);
  }
});

test('damage is found, repaired, and what was lost is said', () => {
  write();
  damage('00000002.journal', BLOCK_BYTES + 40);
  const found = run('check', folder);
  expect(found.status).toBe(1);
  expect(found.stdout).toContain('DAMAGED: 00000002.journal is damaged: a whole group follows at 8192 (at byte 4096)');
  const repaired = run('repair', folder, '--keep-later');
  expect(repaired).toMatchObject({ status: 0, stderr: '' });
  expect(repaired.stdout).toMatch(
    /^The journal is whole up to group 3; put into .*\/journal\/damaged-[^:]+: 00000002\.journal, 00000003\.journal, zone-1-1-8\.keyframe\.\n/,
  );
  expect(repaired.stdout).toContain('Lost: 5 groups');
  expect(repaired.stdout).toContain('zone 1: 4 ticks can still be read (5 to 8)');
  expect(repaired.stdout).toContain('zone 1, epoch 1, tick 7: Bw==\nzone 1, epoch 1, tick 8: CA==\n');
  const [aside] = readdirSync(journal).filter((name) => name.startsWith('damaged-'));
  expect(readdirSync(join(journal, aside!)).sort()).toEqual([
    '00000002.journal',
    '00000003.journal',
    'zone-1-1-8.keyframe',
  ]);
  expect(run('check', folder)).toMatchObject({ status: 0, stdout: expect.stringContaining('3 groups') });
  expect(run('repair', folder).stdout).toBe('The journal is not damaged: nothing was changed.\n');
});

test('it repairs nothing while a server has the folder, and says what is wrong with its arguments', () => {
  write();
  const lock = lockFolder(folder);
  const refused = run('repair', folder);
  lock.close();
  expect(refused.status).toBe(2);
  expect(refused.stderr).toMatch(/^The data folder .* is in use by another DarkAges process/);
  mkdirSync(join(folder, 'empty'));
  const missing = run('check', join(folder, 'empty'));
  expect(missing.status).toBe(2);
  expect(missing.stderr).toMatch(/^There is no journal at .*empty\/journal: name the data folder .*\.\n$/);
  expect(existsSync(join(folder, 'empty', 'journal'))).toBe(false);
  expect(run('mend', folder).status).toBe(2);
});
