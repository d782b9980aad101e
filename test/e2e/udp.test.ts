// Bots that play over UDP against real servers, as processes on loopback.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RunOutcome, readMetrics, runBots, type ServerProcess, startServer } from '../../bench/server.ts';
import { undisturbed } from '../../bench/standstill.ts';
import type { Report } from '../../tools/swarm/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'darkages-udp-'));
const reportFile = join(folder, 'report.json');

afterEach(() => rmSync(reportFile, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

async function play(
  url: string,
  line: string,
  onStart?: Parameters<typeof runBots>[2],
): Promise<RunOutcome & { report: Report }> {
  const args = ['--url', url, '--report', reportFile, '--transport', 'udp', ...line.split(' ')];
  const run = () => runBots(args, undefined, onStart);
  const outcome = await (onStart === undefined ? undisturbed(run) : run());
  if (!existsSync(reportFile)) throw new Error(outcome.stderr);
  return { ...outcome, report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report };
}

let server: ServerProcess;

beforeAll(async () => {
  server = await startServer();
});

afterAll(async () => {
  expect(await server.stop()).toBe(0);
});

test('20 bots play for five seconds over UDP and fare well', async () => {
  const { code, stdout, stderr, report } = await play(server.url, '--bots 20 --duration 5 --ramp-up 1 --seed 3');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('20 bots (0 light) over udp');
  expect(report).toMatchObject({ bots: 20, failed: 0, failures: {}, transport: 'udp', reconnects: 0 });
  const { snapshotsPerSecond, lineRttMs, lossUpPercent, lossDownPercent, correctionMm } = report;
  // Wide bounds: other processes share the machine.
  expect(snapshotsPerSecond.min).toBeGreaterThan(10);
  expect(snapshotsPerSecond.mean).toBeLessThan(21);
  expect(lineRttMs.median).toBeGreaterThan(0);
  expect(lossUpPercent.mean).toBeLessThan(1);
  expect(lossDownPercent.mean).toBeLessThan(1);
  expect(correctionMm.median).toBe(0);
  expect(report.bytesDownPerSecond.p99).toBeLessThan(20_480);
  expect(report.bytesUpPerSecond.mean).toBeGreaterThan(500);
  expect(report.bytesUpPerSecond.p99).toBeLessThan(2_500);
  const { values } = await readMetrics(server.url);
  expect(values.get('darkages_udp_receive_buffer_bytes{zone_id="1"}')).toBeGreaterThan(100_000);
});

test('light bots send, move and are sent as much as full ones, but for claims of where they are', async () => {
  const line = '--bots 10 --duration 4 --ramp-up 0 --peaceful --seed 5';
  const inputs = async (): Promise<number> =>
    (await readMetrics(server.url)).values.get('darkages_inputs_total{zone_id="1"}')!;
  const measure = async (light: number) => {
    const before = await inputs();
    const { code, stderr, report } = await play(server.url, `${line} --light ${light}`, () => {});
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(report).toMatchObject({ bots: 10, failed: 0, reconnects: 0 });
    return { inputs: (await inputs()) - before, report };
  };
  const full = await undisturbed(() => measure(0));
  const light = await undisturbed(() => measure(100));
  // Claims are a tenth of what is sent up. Wide bounds again: without moving, or without acknowledging, it would be a
  // half or twice as much.
  for (const share of [
    light.inputs / full.inputs,
    light.report.bytesUpPerSecond.mean! / full.report.bytesUpPerSecond.mean!,
    light.report.bytesDownPerSecond.mean! / full.report.bytesDownPerSecond.mean!,
  ]) {
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(1.4);
  }
  expect([full.report.correctionMm.median, light.report.correctionMm.median]).toEqual([0, null]);
});

test('a twentieth of all datagrams lost, in two processes: snapshots are fewer, nobody fails', async () => {
  const line = '--bots 20 --duration 5 --ramp-up 1 --latency 60 --jitter 20 --packet-loss 5 --processes 2';
  const { code, stderr, report } = await play(server.url, line);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(report).toMatchObject({ bots: 20, failed: 0, reconnects: 0 });
  const { snapshotsPerSecond, lineRttMs, lossUpPercent, lossDownPercent } = report;
  expect(snapshotsPerSecond.mean).toBeGreaterThan(10);
  expect(snapshotsPerSecond.mean).toBeLessThan(19.6);
  expect(lineRttMs.median).toBeGreaterThan(50);
  for (const loss of [lossUpPercent, lossDownPercent]) {
    expect(loss.mean).toBeGreaterThan(2);
    expect(loss.mean).toBeLessThan(10);
  }
  expect(report.bytesUpPerSecond.p99).toBeLessThan(4_500);
});

test('a server on all addresses answers from the one that was asked', async () => {
  // Without being told, the system answers whoever is at 127.0.0.1 from there.
  const everywhere = await startServer({ args: ['--host', '0.0.0.0', '--advertise-udp', '127.0.0.2'] });
  const url = everywhere.url.replace('0.0.0.0', '127.0.0.1');
  const { code, stderr, report } = await play(url, '--bots 2 --duration 2 --ramp-up 0').finally(() =>
    everywhere.stop(),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(report).toMatchObject({ bots: 2, failed: 0, reconnects: 0 });
});

test('a server that is gone fails the bots that were in it', async () => {
  const doomed = await startServer();
  const { code, stderr, report } = await play(doomed.url, '--bots 4 --duration 12 --ramp-up 0', (child) => {
    child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('4 of 4 connected')) doomed.process.kill('SIGKILL');
    });
  }).finally(() => doomed.stop());
  expect(code).toBe(1);
  expect(stderr).toMatch(/^4 of 4 bots failed: /);
  expect(report.timeInState.RECONNECTING).toBeGreaterThan(1);
});

test('a server that is stopped says goodbye', async () => {
  const stopped = await startServer();
  const { code, report } = await play(stopped.url, '--bots 4 --duration 4 --ramp-up 0', (child) => {
    child.stdout?.on('data', (text: Buffer) => {
      if (text.includes('4 of 4 connected')) stopped.process.kill('SIGTERM');
    });
  }).finally(() => stopped.stop());
  expect(code).toBe(1);
  // Sooner than the silence of a server is noticed, and none is there to come back to.
  expect(report.reconnects).toBe(4);
  expect(report.failed).toBe(4);
});

test('a server without UDP: exit code 1, and the reason', async () => {
  const plain = await startServer({ args: ['--udp', 'off'] });
  const { code, stderr } = await play(plain.url, '--bots 2 --duration 1 --ramp-up 0').finally(() => plain.stop());
  expect(code).toBe(1);
  expect(stderr).toBe('2 of 2 bots failed: 2 could not join (no_udp).\n');
});
