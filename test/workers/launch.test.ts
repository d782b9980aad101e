// workers/launch.js with real processes; test/workers/launch-child.ts stands for the server.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { isRunning } from '../../tools/chaos/launched-server.ts';

const LAUNCH = join(import.meta.dirname, '..', '..', 'workers', 'launch.js');
const CHILD = join(import.meta.dirname, 'launch-child.ts');

interface Launch {
  readonly process: ChildProcess;
  /** What the child wrote, a line each. */
  lines(): string[];
  lives(): number[];
  output(): string;
  /** Exit code of the launcher. */
  readonly ended: Promise<number | null>;
}

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

interface Options {
  readonly script?: string;
  /** In a process group of its own, as a shell starts a job. */
  readonly detached?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

function launch(
  what: string,
  args: readonly string[] = [],
  { script = LAUNCH, detached = false, env = {} }: Options = {},
): Launch {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-launch-'));
  const log = join(folder, 'log');
  const child = spawn(process.execPath, [script, what, log, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', DARKAGES_LAUNCH_ENTRY: CHILD, ...env },
    detached,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []);
  const lives = (): number[] =>
    lines().flatMap((line) => (line.startsWith('life ') ? [Number(line.split(' ')[1])] : []));
  cleanups.push(() => {
    child.kill('SIGKILL');
    for (const pid of lives()) {
      if (existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(CHILD))
        process.kill(pid, 'SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return { process: child, lines, lives, output: () => output, ended };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) expect.fail('waited 20 s');
    await sleep(10);
  }
}

test('arguments go to the child, which runs on the pinned Node; exit codes 0 and 2 end it', async () => {
  for (const code of [0, 2]) {
    const run = launch(`exit${code}`, ['--zones', '2']);
    expect(await run.ended).toBe(code);
    expect(run.lines()).toEqual([expect.stringMatching(/^life \d+ v26\.\S+ --zones 2$/)]);
    expect(run.output()).toBe('');
  }
});

test('another exit code starts it again, with growing pauses, and five failed starts in a row end it', async () => {
  const run = launch('exit7');
  expect(await run.ended).toBe(1);
  expect(run.lives()).toHaveLength(5);
  const pauses = [...run.output().matchAll(/ended with exit code 7 after \d+\.\d s; starting it again in (\d+) ms/g)];
  expect(pauses.map(([, ms]) => Number(ms))).toEqual([100, 200, 400, 800]);
  expect(run.output()).toMatch(/exit code 7, 5 times in a row before it was up: giving up\.\n$/);
});

test('a server that was up may die more often', async () => {
  const run = launch('ready-die');
  await until(() => run.lives().length >= 6);
  expect(run.process.exitCode).toBeNull();
  expect(run.output()).not.toContain('giving up');
});

test('a killed server is started again', async () => {
  const run = launch('stay');
  await until(() => run.lives().length === 1);
  process.kill(run.lives()[0]!, 'SIGKILL');
  await until(() => run.lives().length === 2);
  expect(run.output()).toMatch(
    /^darkages: the server was killed by SIGKILL after \d+\.\d s; starting it again in 100 ms\.\n$/,
  );
});

test('a server that was up for a while is started again at once, and after a pause if it dies again soon', async () => {
  const run = launch('ready-live');
  await until(() => run.lives().length === 1);
  await sleep(1_500);
  for (const lives of [1, 2, 3]) {
    await until(() => run.lives().length === lives);
    process.kill(run.lives().at(-1)!, 'SIGKILL');
  }
  await until(() => run.lives().length === 4);
  const pauses = [...run.output().matchAll(/starting it again (.*)\.\n/g)].map(([, pause]) => pause);
  expect(pauses).toEqual(['at once', 'in 100 ms', 'in 200 ms']);
});

test('who wants a spare is replaced by it, and that one by the next', async () => {
  const run = launch('spared');
  for (const spares of [1, 2]) {
    await until(() => run.lines().filter((line) => line === 'waiting').length === spares);
    const [dies, waits] = run.lives().slice(-2);
    process.kill(dies!, 'SIGKILL');
    await until(() => run.lines().filter((line) => line === 'told begin').length === spares);
    expect(run.lives().slice(-2)).toEqual([dies, waits]);
  }
  const said = run
    .output()
    .replaceAll(/after \d+\.\d s/g, 'after N s')
    .trimEnd()
    .split('\n');
  const [waits, takesOver] = [
    'a spare waits.',
    'the server was killed by SIGKILL after N s; its spare takes over at once.',
  ];
  expect(said).toEqual([waits, takesOver, waits, takesOver].map((line) => `darkages: ${line}`));
});

test('a spare that dies is no loss, and one that waits ends with the launcher', async () => {
  const dying = launch('spare-dies');
  const waiting = launch('spared');
  await until(() => dying.lives().length === 2 && waiting.lines().includes('waiting'));
  process.kill(dying.lives()[0]!, 'SIGKILL');
  await until(() => dying.lives().length === 3);
  expect(dying.output()).toMatch(/; starting it again at once\.\n$/);
  waiting.process.kill('SIGKILL');
  await until(() => !waiting.lives().some(isRunning));
});

test('compiled code is kept where nobody else can write, and else nowhere', async () => {
  const home = mkdtempSync(join(tmpdir(), 'darkages-home-'));
  cleanups.push(() => rmSync(home, { recursive: true, force: true }));
  const cacheOf = async (cacheHome: string, more: NodeJS.ProcessEnv = {}) => {
    const run = launch('cache', [], { env: { NODE_COMPILE_CACHE: '', XDG_CACHE_HOME: cacheHome, ...more } });
    expect([await run.ended, run.output()]).toEqual([0, '']);
    return run.lines()[1];
  };
  const folder = join(home, 'darkages', 'compiled');
  expect(await cacheOf(home)).toBe(`cache ${folder}`);
  expect([statSync(folder).mode & 0o777, statSync(join(home, 'darkages')).mode & 0o777]).toEqual([0o700, 0o700]);
  expect(await cacheOf(home, { NODE_COMPILE_CACHE: '/elsewhere' })).toBe('cache /elsewhere');
  for (const [what, mode] of [
    [folder, 0o770],
    [folder, 0o702],
    [join(home, 'darkages'), 0o777],
  ] as const) {
    chmodSync(what, mode);
    expect([what, mode, await cacheOf(home)]).toEqual([what, mode, 'cache']);
    chmodSync(what, 0o700);
  }
  rmSync(folder, { recursive: true });
  symlinkSync(mkdtempSync(join(home, 'other-')), folder);
  expect(await cacheOf(home)).toBe('cache');
  writeFileSync(join(home, 'file'), '');
  expect(await cacheOf(join(home, 'file'))).toBe('cache');
});

test.for(['SIGINT', 'SIGTERM'] as const)('%s reaches the server once, even when npm sends it again', async (signal) => {
  const run = launch('drain');
  await until(() => run.lives().length === 1);
  run.process.kill(signal);
  await until(() => run.lines().length === 2);
  run.process.kill(signal);
  expect(await run.ended).toBe(0);
  expect(run.lines().slice(1)).toEqual([signal]);
});

test('a second Ctrl-C is told as a second one, and what the server then answers is the exit code', async () => {
  const run = launch('hurry');
  await until(() => run.lives().length === 1);
  run.process.kill('SIGINT');
  await until(() => run.lines().length === 2);
  await sleep(400);
  run.process.kill('SIGINT');
  expect(await run.ended).toBe(3);
  expect(run.lines().slice(1)).toEqual(['SIGINT', 'SIGINT']);
});

test('a third one ends a server that does not listen', async () => {
  const run = launch('stay');
  await until(() => run.lives().length === 1);
  for (const presses of [1, 2]) {
    run.process.kill('SIGINT');
    await until(() => run.lines().length === 1 + presses);
    await sleep(400);
  }
  run.process.kill('SIGINT');
  expect(await run.ended).toBe(137);
});

test('a signal to the whole group, as a terminal sends it, reaches the server once', async () => {
  const run = launch('drain', [], { detached: true });
  await until(() => run.lives().length === 1);
  process.kill(-run.process.pid!, 'SIGINT');
  expect(await run.ended).toBe(0);
  expect(run.lines().slice(1)).toEqual(['SIGINT']);
});

test('while it waits to start again, a signal ends it', async () => {
  const run = launch('exit7');
  await until(() => run.output().includes('in 800 ms'));
  run.process.kill('SIGTERM');
  expect(await run.ended).toBe(0);
  expect(run.lives()).toHaveLength(4);
});

test('the server hears it when the launcher is killed', async () => {
  const run = launch('stay');
  await until(() => run.lives().length === 1);
  run.process.kill('SIGKILL');
  await until(() => run.lines().includes('launcher gone'));
});

test('without a Node that is new enough it says what to do', async () => {
  // A copy beside which no Node is pinned, and which asks for more than there is.
  const folder = mkdtempSync(join(tmpdir(), 'darkages-launch-old-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'workers'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const script = join(folder, 'workers', 'launch.js');
  writeFileSync(script, readFileSync(LAUNCH, 'utf8').replace('NODE_MAJOR_MIN = 26', 'NODE_MAJOR_MIN = 99'));
  const run = launch('exit0', [], { script });
  expect(await run.ended).toBe(2);
  expect(run.lines()).toEqual([]);
  expect(run.output()).toMatch(
    /^darkages: this is Node \d+\.\S+ and Node 99 or newer is needed: run `npm ci`, which .*, or install one and start again\.\n$/,
  );
});
