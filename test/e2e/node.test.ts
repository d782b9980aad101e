// A whole node as a process: what it prints, answers and survives, and how it refuses to start.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findFreePorts } from '../../tools/services/free-ports.ts';

const NODE = fileURLToPath(new URL('../../workers/node.ts', import.meta.url));
const CRASHING_GAME = fileURLToPath(new URL('./fixtures/crashing-game.ts', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly zoneUrls: readonly string[];
  output(): string;
  errors(): string;
}

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-node-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await end(child, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

function run(argv: readonly string[], environment: Record<string, string> = {}) {
  const args = [NODE, '--data', join(folder, 'data'), '--http-port', '0', '--port', '0', ...argv];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment } });
  children.push(child);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  return { child, output: () => output, errors: () => errors };
}

async function end(child: ChildProcess, ...signals: NodeJS.Signals[]): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'close');
  for (const signal of signals) child.kill(signal);
  const [code] = (await ended) as [number | null];
  return code;
}

async function until(isTrue: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function start(argv: readonly string[] = [], environment: Record<string, string> = {}): Promise<Running> {
  const running = run(argv, environment);
  const { child, output, errors } = running;
  await until(
    () => output().includes('  data ') || child.exitCode !== null,
    () => output() + errors(),
  );
  const url = /page {6}(http:\S+)\//.exec(output())?.[1];
  if (url === undefined) throw new Error(errors());
  const isReady = async () => (await fetch(`${url}/readyz`)).status === 200;
  await until(isReady, () => 'ready');
  return { ...running, url, zoneUrls: [...output().matchAll(/ws:\S+/g)].map(String) };
}

async function openSession(url: string, body: unknown = {}) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/session`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function readMetric(url: string, sample: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1));
}

describe('a node', () => {
  test('runs its zones, says where, opens sessions, and ends with 0', async () => {
    const { child, url, zoneUrls, output } = await start(['--zones', '2']);
    expect(output()).toMatch(/^DarkAges \d+\.\d+\.\d+ runs darkages/);
    expect(zoneUrls).toHaveLength(2);
    const { status, body } = await openSession(url);
    expect(status).toBe(200);
    expect((body.zones as { url: string }[]).map((zone) => zone.url)).toEqual(zoneUrls);
    for (const zone of ['1', '2'])
      expect(await readMetric(url, `darkages_ticks_total{zone_id="${zone}"}`)).toBeGreaterThan(10);
    for (const thread of ['store', 'zone-1', 'edge-2']) {
      const zone = thread === 'store' ? '' : `,zone_id="${thread.slice(-1)}"`;
      expect(await readMetric(url, `darkages_thread_heap_used_bytes{thread="${thread}"${zone}}`)).toBeGreaterThan(1e5);
    }
    expect(await end(child, 'SIGTERM')).toBe(0);
    expect(readdirSync(join(folder, 'data')).sort()).toEqual([
      'darkages.db',
      'journal',
      'keys',
      'lock.db',
      'node-id',
      'page.json',
    ]);
  });

  test('keeps accounts through kill -9 of all of it', async () => {
    const first = await start();
    const guest = (await openSession(first.url)).body;
    const register = { name: 'alice', password: 'correct horse', create: true };
    const alice = (await openSession(first.url, register)).body;
    await end(first.child, 'SIGKILL');
    const { url } = await start();
    const guestAgain = await openSession(url, { guestSecret: guest.guestSecret });
    expect(guestAgain.body).toMatchObject({ playerId: guest.playerId, name: guest.name });
    const aliceAgain = await openSession(url, { name: 'ALICE', password: 'correct horse' });
    expect(aliceAgain.body).toMatchObject({ playerId: alice.playerId, name: 'alice' });
    expect((await openSession(url, { name: 'alice', password: 'wrong horse' })).status).toBe(401);
  });

  test('ends at once at a second signal', async () => {
    const { child } = await start();
    expect(await end(child, 'SIGINT', 'SIGTERM')).toBe(1);
  });

  test('goes on when a zone thread dies, with its sockets open', async () => {
    const crashFile = join(folder, 'crash');
    const { url, zoneUrls, errors } = await start(['--game', CRASHING_GAME], { CRASH_FILE: crashFile });
    const socket = new WebSocket(zoneUrls[0]!);
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    writeFileSync(crashFile, '');
    await until(() => errors().includes('crashed once'), errors);
    const sample = 'darkages_ticks_total{zone_id="1"}';
    const before = await readMetric(url, sample);
    await until(async () => (await readMetric(url, sample)) > before + 10, errors);
    await until(async () => (await fetch(`${url}/readyz`)).status === 200, errors);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
  });

  test('gives up with 1 when a zone can not live, for its parent to start it again', async () => {
    const { child, errors } = run(['--game', CRASHING_GAME], { CRASH_FILE: 'always' });
    await once(child, 'close');
    expect(child.exitCode).toBe(1);
    expect(errors()).toContain('crashed at every tick');
  });
});

describe('a node refuses with one sentence and exit code 2', () => {
  const refusal = async (argv: readonly string[], sentence: RegExp) => {
    const { child, output, errors } = run(argv);
    await once(child, 'close');
    expect(errors()).toMatch(sentence);
    expect(errors().trim().split('\n')).toHaveLength(1);
    expect([child.exitCode, output()]).toEqual([2, '']);
  };

  test('an unknown flag and a bad value', async () => {
    await refusal(['--zone', '1'], /unknown option/);
    await refusal(['--zones', '99'], /--zones must be/);
  });

  test('a game that is none', async () => {
    await refusal(['--game', join(folder, 'none.ts')], /There is no game module/);
  });

  test('a port in use, of HTTP or of an edge', async () => {
    // The one before it is free, so that an edge is in the way of nobody but the second.
    const port = (await findFreePorts(2)) + 1;
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    await refusal(['--http-port', String(port)], new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use`));
    await refusal(['--port', String(port - 1), '--zones', '2', '--http-port', '0'], new RegExp(`${port}`));
    server.close();
  });

  test('production without a key, or with one that is none', async () => {
    await refusal(['--production'], /^--production needs a key .*: set DARKAGES_TOKEN_KEY or --token-key-file\.$/m);
    const file = join(folder, 'key');
    writeFileSync(file, 'ab'.repeat(32));
    await refusal(['--production', '--token-key-file', file], /^--production needs .* DARKAGES_CONNECT_KEY/);
    await refusal(['--token-key-file', join(folder, 'none')], /^--token-key-file \S+none can't be read: ENOENT\.$/m);
    writeFileSync(file, 'secret');
    await refusal(['--connect-key-file', file], /^--connect-key-file \S+ must be 32 bytes in hex or base64url/);
  });

  test('a certificate that is none', async () => {
    const file = join(folder, 'cert.pem');
    writeFileSync(file, 'no certificate');
    await refusal(['--https-port', '0', '--tls-cert', file, '--tls-key', file], /holds no PEM certificate\.$/m);
  });

  test('a data folder in use or not writable', async () => {
    const { child } = await start();
    await refusal([], /is in use by another DarkAges process/);
    await end(child, 'SIGTERM');
    writeFileSync(join(folder, 'file'), '');
    await refusal(['--data', join(folder, 'file', 'data')], /can't be written/);
  });
});
