// `npm run top` and `npm run profile` against a real node with bots.

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBots, runNode, type ServerProcess, startServer } from '../../bench/server.ts';

const tool = (name: string) => join(import.meta.dirname, '..', '..', 'tools', name, 'main.ts');
let server: ServerProcess;
let out: string;
let bots: ReturnType<typeof runBots>;
let swarm: ChildProcess;

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'darkages-profile-'));
  server = await startServer();
  bots = runBots(
    ['--url', server.url, '--bots', '20', '--ramp-up', '1', '--duration', '600'],
    undefined,
    (process) => (swarm = process),
  );
  for (let look = 0; !/^1 +20[/ ]/m.test((await top()).stdout); look++) {
    if (look > 30) throw new Error('the bots did not come');
  }
});

afterAll(async () => {
  swarm.kill('SIGTERM');
  await bots;
  await server.stop();
  rmSync(out, { recursive: true });
});

const top = (url = server.url) => runNode([tool('top'), '--url', url, '--once']);
const profile = (...args: string[]) => runNode([tool('profile'), '--data', server.data, '--out', out, ...args]);

test('top shows the zone, its ticks, what goes over the network, and the threads', async () => {
  const { stdout, code } = await top();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^1 +20(?:\/\d+)? +\d+ +[3-9]\d\.\d +\d+\.\d\d +/m);
  expect(stdout).toMatch(/^network {2}20 connections {3}up [\d.]+ kB\/s {3}down [\d.]+ kB\/s/m);
  for (const thread of ['zone-1', 'edge-1', 'store']) expect(stdout).toMatch(new RegExp(`${thread} +\\d+\\.\\d %`));
  expect(stdout).not.toContain('\u001b');
});

test('top says where nobody answers', async () => {
  const { stderr, code } = await top('http://127.0.0.1:9');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^http:\/\/127\.0\.0\.1:9: .+ Name the server's HTTP address with --url\.\n$/);
});

test.each(['zone-1', 'edge-1', 'udp-edge-1', 'store', 'main'])('a CPU profile of %s', async (thread) => {
  const { stdout, stderr, code } = await profile('--thread', thread, '--seconds', '1');
  expect([code, stderr]).toEqual([0, '']);
  const seconds = Number(new RegExp(`CPU of ${thread}, ([\\d.]+) s\n`).exec(stdout)?.[1]);
  expect(seconds).toBeGreaterThan(0.9);
  // On a busy machine it ends late.
  expect(seconds).toBeLessThan(30);
  const [page] = readdirSync(out).filter((name) => name.startsWith(`${thread}-2`) && name.endsWith('.html'));
  expect(readFileSync(join(out, page!), 'utf8')).toContain('<div class="flame"');
  const raw = join(out, page!.replace('.html', '.cpuprofile'));
  expect(statSync(raw).mode & 0o077).toBe(0);
  const file = readFileSync(raw, 'utf8');
  expect(JSON.parse(file)).toHaveProperty('samples');
});

test('the report of a zone knows its sleep, and what its ticks were spent on, the game’s systems too', async () => {
  const { stdout } = await profile('--thread', 'zone-1', '--seconds', '3');
  expect(Number(/asleep +([\d.]+) %/.exec(stdout)?.[1])).toBeGreaterThan(20);
  expect(stdout).toMatch(/→ .+/);
  for (const phase of ['inputs', 'keyframe', 'journal', 'game_movement', 'game_creatures']) {
    expect(stdout).toMatch(new RegExp(`^ +[\\d.]+ % +[\\d.]+ ms {2}${phase}$`, 'm'));
  }
  // No path of this machine leaves it.
  expect(stdout.replaceAll(out, '')).not.toContain(join(import.meta.dirname, '..', '..'));
});

test('an allocation profile', async () => {
  const { stdout, code } = await profile('--thread', 'edge-1', '--kind', 'allocation', '--seconds', '2');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}a second +[\d.]+ [KM]iB$/m);
  expect(readdirSync(out).some((name) => name.endsWith('.heapprofile'))).toBe(true);
});

test('without a thread it lists them; what it can’t do it says in a sentence', async () => {
  expect((await profile()).stdout).toBe('Name one with --thread: main, store, zone-1, edge-1, udp-edge-1.\n');
  const unknown = await profile('--thread', 'zone-9');
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    'There is no thread "zone-9"; there are main, store, zone-1, edge-1, udp-edge-1.\n',
  ]);
  expect((await profile('--thread', 'main', '--seconds', '0')).stderr).toBe(
    '--seconds must be a whole number from 1 to 60.\n',
  );
  const nobody = await runNode([tool('profile'), '--data', out, '--thread', 'main']);
  expect(nobody.stderr).toBe(`No server runs in ${out}: start it, or name its data folder with --data.\n`);
});

test('the times of all phases are in the metrics', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toMatch(/^darkages_tick_phase_seconds_sum\{zone_id="1",phase="game_movement"\} 0\.\d+$/m);
  expect(text).toMatch(/^darkages_tick_phase_seconds_count\{zone_id="1",phase="keyframe"\} \d+$/m);
});
