// `npm run bots` against real servers, as processes on loopback.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RunOutcome, readMetrics, runBots, type ServerProcess, startServer } from '../../bench/server.ts';
import { undisturbed } from '../../bench/standstill.ts';
import type { Report } from '../../tools/swarm/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'darkages-bots-'));
const reportFile = join(folder, 'report.json');

afterEach(() => rmSync(reportFile, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

async function play(
  url: string,
  line: string,
  onStart?: Parameters<typeof runBots>[2],
): Promise<RunOutcome & { report: Report | undefined }> {
  const args = ['--url', url, '--report', reportFile, ...line.split(' ')];
  const run = () => runBots(args, undefined, onStart);
  const outcome = await (onStart === undefined ? undisturbed(run) : run());
  const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as Report) : undefined;
  return { ...outcome, report };
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : expect.unreachable('it listens');
}

let server: ServerProcess;

beforeAll(async () => {
  server = await startServer();
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
});

test('20 bots join, play for five seconds and fare well', async () => {
  const { code, stdout, stderr, report } = await play(server.url, '--bots 20 --duration 5 --ramp-up 1 --seed 3');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ +\d s {3}20 of 20 connected {3}\d+ snapshots\/s {3}rtt \d+\.\d ms/m);
  expect(report).toMatchObject({ bots: 20, failed: 0, failures: {}, seed: 3, reconnects: 0 });
  const { durationS, timeInState, snapshotsPerSecond, bytesDownPerSecond, bytesUpPerSecond } = report!;
  expect(durationS).toBeGreaterThanOrEqual(5);
  expect(durationS).toBeLessThan(15);
  expect(Object.values(timeInState).reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(100);
  expect(timeInState.IN_COMBAT + timeInState.WANDERING).toBeGreaterThan(timeInState.IDLE);
  expect(timeInState.RECONNECTING).toBe(0);
  // Wide bounds: other processes share the machine.
  expect(snapshotsPerSecond.min).toBeGreaterThan(10);
  expect(snapshotsPerSecond.mean).toBeLessThan(21);
  expect(report!.roundTripMs.median).toBeGreaterThan(0);
  expect(report!.correctionMm.median).toBe(0);
  expect(report!.scheduleErrorMs.mean).toBeGreaterThan(0);
  expect(bytesDownPerSecond.mean).toBeGreaterThan(1000);
  expect(bytesDownPerSecond.p99).toBeLessThan(25_000);
  expect(bytesUpPerSecond.mean).toBeGreaterThan(500);
  expect(bytesUpPerSecond.p99).toBeLessThan(2_500);
});

test('a bad line in two processes: the round trip shows it, nobody fails', async () => {
  const line = '--bots 6 --duration 4 --ramp-up 0.5 --latency 120 --jitter 20 --packet-loss 2 --processes 2';
  const { code, stderr, report } = await play(server.url, line);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(report).toMatchObject({ bots: 6, failed: 0 });
  expect(report!.roundTripMs.median).toBeGreaterThan(105);
  expect(report!.roundTripMs.median).toBeLessThan(250);
  const { WANDERING, IN_COMBAT, DEAD } = report!.timeInState;
  expect(WANDERING + IN_COMBAT + DEAD).toBeGreaterThan(10);
});

test('20 bots fight for ten seconds: they hit, and nobody fails', async () => {
  const { code, stderr, report } = await play(server.url, '--bots 20 --duration 10 --ramp-up 1 --seed 4');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { failed, deeds, timeInState } = report!;
  expect(failed).toBe(0);
  expect(deeds!.hits + deeds!.playersKilled + deeds!.creaturesKilled).toBeGreaterThan(0);
  expect(deeds!.abilities.bolt).toBeGreaterThan(0);
  expect(timeInState.IN_COMBAT).toBeGreaterThan(0);
});

test('light bots over UDP: they fight, and hardly any state is sent whole for want of an acknowledgement', async () => {
  const line = '--transport udp --bots 30 --light 90 --duration 8 --ramp-up 1 --seed 5';
  const measure = async () => {
    const before = (await readMetrics(server.url)).values;
    const played = await play(server.url, line, () => {});
    return { ...played, before, after: (await readMetrics(server.url)).values };
  };
  const { code, stderr, report, before, after } = await undisturbed(measure);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { lightBots, snapshotsPerSecond, deeds, timeInState, cpuMicrosPerBot, turnsSkipped } = report!;
  expect(lightBots).toBe(27);
  expect(cpuMicrosPerBot).toBeGreaterThan(0);
  // A busy machine may be late by more than half a second now and then.
  if (turnsSkipped > 0) console.log(`turns skipped: ${turnsSkipped}`);
  expect(snapshotsPerSecond.min).toBeGreaterThan(10);
  expect(timeInState.IN_COMBAT).toBeGreaterThan(10);
  expect(deeds!.abilities.bolt).toBeGreaterThan(0);
  const counted = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const whole = counted('darkages_snapshot_full_total{zone_id="1",reason="unacked"}');
  const deltas = counted('darkages_snapshot_changes_total{zone_id="1"}');
  expect(deltas).toBeGreaterThan(1000);
  expect(whole).toBeLessThan(deltas / 20);
});

test('peaceful bots harm nobody', async () => {
  const { code, report } = await play(server.url, '--bots 4 --duration 3 --ramp-up 0 --peaceful');
  expect(code).toBe(0);
  expect(report!.deeds).toBeNull();
  expect(report!.timeInState.WANDERING).toBeGreaterThan(0);
});

test('Ctrl-C ends it early, with a report', async () => {
  const { code, report } = await play(server.url, '--bots 3 --duration 60 --ramp-up 0 --processes 2', (child) => {
    // Whoever has not joined by then has failed: on a busy machine that takes more than the first line's second.
    child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('3 of 3 connected')) child.kill('SIGINT');
    });
  });
  expect(code).toBe(0);
  expect(report).toMatchObject({ bots: 3, failed: 0 });
  expect(report!.durationS).toBeLessThan(20);
});

test('bots of another game than the server’s: exit code 1, and the reason', async () => {
  const { code, stderr, report } = await play(server.url, '--game examples/tag/game.ts --bots 2 --duration 1');
  expect(code).toBe(1);
  expect(stderr).toBe('2 of 2 bots failed: 2 could not join (game_version).\n');
  expect(report).toMatchObject({ bots: 2, failed: 2, failures: { join_game_version: 2 } });
});

test('bots play examples/tag', async () => {
  const tag = await startServer({ args: ['--game', 'examples/tag/game.ts'] });
  const line = '--game examples/tag/game.ts --bots 8 --duration 4 --ramp-up 0.5';
  const { code, stderr, report } = await play(tag.url, line).finally(() => tag.stop());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(report).toMatchObject({ bots: 8, failed: 0 });
  expect(report!.snapshotsPerSecond.min).toBeGreaterThan(10);
});

test('a server that is gone fails the bots that were in it', async () => {
  const doomed = await startServer();
  const { code, stderr, report } = await play(doomed.url, '--bots 4 --duration 8 --ramp-up 0', (child) => {
    child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('4 of 4 connected')) doomed.process.kill('SIGKILL');
    });
  }).finally(() => doomed.stop());
  expect(code).toBe(1);
  expect(stderr).toMatch(/^4 of 4 bots failed: .*lost the connection and did not come back \(unreachable\)/);
  expect(report!.failed).toBe(4);
  expect(report!.timeInState.RECONNECTING).toBeGreaterThan(1);
});

test('nothing listens: one clear sentence, exit code 1, a report all the same', async () => {
  const url = `http://127.0.0.1:${await unusedPort()}`;
  const { code, stdout, stderr, report } = await play(url, '--bots 5');
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: `No server answers at ${url}: start one with npm start, or check --url.\n`,
  });
  expect(report).toMatchObject({ bots: 5, failed: 5, failures: { join_unreachable: 5 }, durationS: 0 });
});

test.for([
  ['--bots many', '--bots must be a whole number from 1 to 20000, not "many".\n'],
  ['--game nowhere.ts', /^There is no game module .*nowhere\.ts: check --game\.\n$/],
] as const)('%s: one sentence, exit code 2', async ([line, sentence]) => {
  const { code, stdout, stderr } = await play(server.url, line);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(sentence);
});

test('--help explains the flags', async () => {
  const { code, stdout } = await runBots(['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('--packet-loss <PERCENT>');
});
