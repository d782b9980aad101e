// A journal under real processes and a real disk: killed at any moment it has kept all that it said, and what it says it
// has synced before. A killed process can't show a missing sync: test/store/journal has the power cuts.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { needs } from '../needs.ts';

const APPENDER = join(import.meta.dirname, 'fixtures', 'journal-appender.ts');
const KILLS = 20;
/** Where a slow machine writes too little in so many lives, there are more, and longer ones. */
const KILLS_MAX = 3 * KILLS;
const LIFE_MS = 250;
const LONG_LIFE_MS = 2_500;
const KEPT_MIN = KILLS * 25;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly recovered?: number;
  readonly isWhole?: boolean;
  readonly isRight?: boolean;
  readonly keyframe?: number;
  readonly kept?: number;
  readonly trouble?: string;
}

/** Lets an appender run for so long after it has recovered, and ends it without a warning. */
async function runAndKill(ms: number): Promise<Said[]> {
  const child = spawn(process.execPath, [APPENDER, join(folder, 'journal')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Said[] = [];
  const lines = createInterface({ input: child.stdout });
  const recovered = once(lines, 'line');
  lines.on('line', (line) => void said.push(JSON.parse(line) as Said));
  await Promise.race([recovered, once(child, 'exit')]);
  await sleep(ms);
  child.kill('SIGKILL');
  await once(lines, 'close');
  return said;
}

test(`killed ${KILLS} times or more, at any moment, it has every tick that it said`, async () => {
  const seed = Date.now() % 100_000;
  const random = createRandom(seed);
  const context = `seed ${seed}`;
  let kept = 0;
  let keyframes = 0;
  const countFiles = (): number =>
    readdirSync(join(folder, 'journal')).filter((name) => name.includes('.journal')).length;
  const isEnough = (): boolean => kept > KEPT_MIN && keyframes > 0 && countFiles() < kept / 10;
  for (let life = 0; life < KILLS || (life < KILLS_MAX && !isEnough()); life++) {
    const [first, ...rest] = await runAndKill(random.below(life < KILLS ? LIFE_MS : LONG_LIFE_MS));
    expect(first, context).toMatchObject({ isWhole: true, isRight: true });
    // One more may have been written and not said.
    expect(first!.recovered, context).toBeGreaterThanOrEqual(kept);
    expect(first!.recovered, context).toBeLessThanOrEqual(kept + 1);
    if (first!.keyframe! > 0) keyframes++;
    expect(
      rest.flatMap(({ trouble }) => trouble ?? []),
      context,
    ).toEqual([]);
    kept = rest.reduce((last, said) => said.kept ?? last, first!.recovered!);
  }
  expect(kept).toBeGreaterThan(KEPT_MIN);
  expect(keyframes).toBeGreaterThan(0);
  // What nobody needs any more has gone.
  expect(countFiles()).toBeLessThan(kept / 10);
});

/** Of one process, in the order they were done. */
interface SystemCall {
  readonly name: string;
  readonly file: string;
}

function trace(...args: string[]): SystemCall[] {
  const output = join(folder, 'strace.txt');
  const calls = 'trace=pwrite64,write,fdatasync,fsync,openat';
  const { status, stderr } = spawnSync('strace', ['-f', '-y', '-e', calls, '-o', output, process.execPath, ...args], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const found: SystemCall[] = [];
  for (const line of readFileSync(output, 'utf8').split('\n')) {
    const match = /^\d+ +(\w+)\((\d+)<([^>]*)>/.exec(line);
    if (match === null) continue;
    const [, name, descriptor, path] = match;
    if (path!.startsWith(join(folder, 'journal'))) found.push({ name: name!, file: path! });
    // As `say` does.
    else if (name === 'write' && descriptor === '1' && line.includes('kept')) found.push({ name: 'said', file: '' });
  }
  return found;
}

test.skipIf(needs('strace') === undefined)('each group is one write and one sync, before it is said', () => {
  const groups = 60;
  const calls = trace(APPENDER, join(folder, 'journal'), String(groups));
  const count = (name: string) => calls.filter((call) => call.name === name).length;
  const segments = readdirSync(join(folder, 'journal')).length;
  expect(segments).toBeGreaterThan(1);
  expect(count('said')).toBe(groups);
  // A segment's header is one more; so is its name in the folder, which is synced when the journal is opened, too.
  expect(count('fdatasync')).toBe(groups + segments);
  expect(count('fsync')).toBe(1 + segments);
  const unsynced = new Set<string>();
  let synced = 0;
  for (const { name, file } of calls) {
    if (name === 'pwrite64') unsynced.add(file);
    else if (name === 'fdatasync') {
      expect(unsynced.has(file)).toBe(true);
      unsynced.delete(file);
      synced++;
    } else if (name === 'said') {
      expect(unsynced.size).toBe(0);
      expect(synced).toBeGreaterThan(0);
      synced = 0;
    }
  }
});
