// The log in files, with real ones: two threads of it, days that pass, disks that are full.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkLogFile, createLogFiles, type LogFiles, openLogFile } from '../../src/io/log-files.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let folder: string;
let file: string;
let clock: { wallMs: number };
let troubles: string[];
let words: SharedArrayBuffer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-log-'));
  file = join(folder, 'server.log');
  clock = { wallMs: Date.now() };
  troubles = [];
  words = new SharedArrayBuffer(8);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tend(fileBytesMax = 1_000, totalBytesMax = 100_000): LogFiles {
  return createLogFiles({
    file,
    words,
    fileBytesMax,
    totalBytesMax,
    wallMs: () => clock.wallMs,
    onTrouble: (name, error) => troubles.push(`${name}: ${String(error)}`),
  });
}

const aside = () => readdirSync(folder).filter((name) => name !== 'server.log');
const nowhere = { write: () => expect.unreachable() };

function leave(ageDays: number, text: string): string {
  const ms = clock.wallMs - ageDays * DAY_MS;
  const name = `${file}.${new Date(ms).toISOString().slice(0, 19).replaceAll(':', '-')}`;
  writeFileSync(name, text);
  utimesSync(name, ms / 1000, ms / 1000);
  return name;
}

test('a file that is too long is put aside, and every thread writes the new one', async () => {
  const files = tend(50);
  const threads = [openLogFile(file, words, nowhere), openLogFile(file, words, nowhere)];
  for (const thread of threads) thread.write(`${'x'.repeat(30)}\n`);
  await files.update();
  for (const thread of threads) thread.write('new\n');
  await files.update();
  expect(readFileSync(file, 'utf8')).toBe('new\nnew\n');
  expect(aside()).toHaveLength(1);
  expect(readFileSync(join(folder, aside()[0]!), 'utf8')).toBe(`${'x'.repeat(30)}\n`.repeat(2));
  for (const thread of threads) thread.write(`${'y'.repeat(30)}\n`);
  await files.update();
  expect(aside()).toHaveLength(2);
  expect(troubles).toEqual([]);
});

test('one that somebody else moved or deleted is made anew', async () => {
  const files = tend();
  const thread = openLogFile(file, words, nowhere);
  thread.write('one\n');
  await files.update();
  renameSync(file, `${file}.moved`);
  await files.update();
  thread.write('two\n');
  await files.update();
  expect(readFileSync(file, 'utf8')).toBe('two\n');
  renameSync(file, `${file}.moved`);
  writeFileSync(file, '');
  await files.update();
  thread.write('three\n');
  await files.update();
  rmSync(file);
  expect(readFileSync(`${file}.moved`, 'utf8')).toBe('two\n');
  await files.update();
  thread.write('four\n');
  expect(readFileSync(file, 'utf8')).toBe('four\n');
  expect(troubles).toEqual([]);
});

test.skipIf(process.platform !== 'linux')(
  'a line that half fits is told whole elsewhere, and the next one begins anew',
  () => {
    const script = `
    import { truncateSync } from 'node:fs';
    import { openLogFile } from ${JSON.stringify(new URL('../../src/io/log-files.ts', import.meta.url).href)};
    const file = ${JSON.stringify(file)};
    const log = openLogFile(file, new SharedArrayBuffer(8), process.stderr);
    log.write('x'.repeat(1000) + '\\n');
    log.write('torn'.repeat(10) + '\\n');
    truncateSync(file, 1010);
    log.write('next\\n');`;
    // A file may have a block of 1024 bytes.
    const bounded = `trap '' XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1"`;
    const { stderr } = spawnSync('bash', ['-c', bounded, process.execPath, script], { encoding: 'utf8' });
    expect(stderr).toBe(`${'torn'.repeat(10)}\n`);
    expect(readFileSync(file, 'utf8')).toBe(`${'x'.repeat(1000)}\ntorntornt\nnext\n`);
  },
);

test('each day has a file, also over a restart; an empty one stays', async () => {
  const files = tend();
  openLogFile(file, words, nowhere).write('monday\n');
  await files.update();
  expect(aside()).toEqual([]);
  clock.wallMs += DAY_MS;
  await files.update();
  expect(aside()).toHaveLength(1);
  clock.wallMs += DAY_MS;
  await files.update();
  expect(aside()).toHaveLength(1);
  writeFileSync(file, 'before\n');
  const yesterdayS = clock.wallMs / 1000 - DAY_MS / 1000;
  utimesSync(file, yesterdayS, yesterdayS);
  await tend().update();
  expect(aside()).toHaveLength(2);
});

test('after seven days a file is packed, after thirty it is deleted, and nothing else is touched', async () => {
  const young = leave(6.9, 'young');
  const old = leave(7.1, 'old');
  const tooOld = leave(30.1, 'too old');
  writeFileSync(`${old}.gz.tmp`, 'of a packing that was cut off');
  const others = [`${file}.bak`, `${file}.2024-01-01`, join(folder, 'other.log')];
  for (const other of others) {
    writeFileSync(other, 'x');
    utimesSync(other, 1, 1);
  }
  await tend().update();
  expect(existsSync(young)).toBe(true);
  expect(gunzipSync(readFileSync(`${old}.gz`)).toString()).toBe('old');
  expect([old, `${old}.gz.tmp`, tooOld].filter((name) => existsSync(name))).toEqual([]);
  expect(others.every((name) => existsSync(name))).toBe(true);
  clock.wallMs += 23 * DAY_MS;
  await tend().update();
  expect(existsSync(`${old}.gz`)).toBe(false);
  expect(troubles).toEqual([]);
});

test('all together have no more than they may: the oldest go first', async () => {
  const [first, second, third] = [leave(3, 'x'.repeat(400)), leave(2, 'x'.repeat(400)), leave(1, 'x'.repeat(400))];
  await tend(1_000, 900).update();
  expect([first, second, third].map((name) => existsSync(name))).toEqual([false, true, true]);
});

test('a folder that can not be written is told of, and lines go elsewhere', async () => {
  const said: string[] = [];
  rmSync(folder, { recursive: true });
  const thread = openLogFile(file, words, { write: (line) => void said.push(line) });
  thread.write('a\n');
  expect(said).toEqual(['a\n']);
  mkdirSync(folder);
  thread.write('b\n');
  expect(readFileSync(file, 'utf8')).toBe('b\n');
  rmSync(folder, { recursive: true });
  await tend().update();
  expect(troubles).toEqual([expect.stringContaining('ENOENT')]);
  expect(() => checkLogFile(file)).toThrow(/can't be written \(ENOENT\): choose another with --log-file\.$/);
  mkdirSync(folder);
  chmodSync(folder, 0o700);
  checkLogFile(file);
  expect(existsSync(file)).toBe(true);
});
