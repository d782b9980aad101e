// Players behind a NAT on a server behind another one: real processes in network namespaces, with a rendezvous point
// between them, and without.

import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { undisturbed } from '../../bench/standstill.ts';
import type { Report } from '../../tools/swarm/report.ts';
import { needs } from '../needs.ts';
import { createNatWorld, type NatWorld, type Place, PUBLIC_ADDRESS, SERVER_ADDRESS } from './nat.ts';
import { until } from './server.ts';

const canRun = needs('namespaces') !== undefined;
const ROOT = join(import.meta.dirname, '..', '..');
const POINT_PORT = 9000;
const MET = { http: 8080, zone: 7777 };
const ALONE = { http: 8081, zone: 7787 };
const folder = mkdtempSync(join(tmpdir(), 'darkages-nat-'));
const keys = { DARKAGES_RENDEZVOUS_KEY: randomBytes(32).toString('hex') };

interface Running {
  readonly child: ChildProcess;
  output(): string;
  readonly ended: Promise<number | null>;
}

let world: NatWorld;
let point: Running;

function start(place: Place, args: readonly string[]): Running {
  const child = world.spawnNode(place, args, keys);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, ended: new Promise((resolve) => child.once('close', resolve)) };
}

async function startServer({ http, zone }: typeof MET, args: readonly string[]): Promise<Running> {
  const flags = ['--host', '0.0.0.0', '--http-port', String(http), '--port', String(zone), '--allow-plain-http'];
  const data = join(folder, String(http));
  const server = start('server', [join(ROOT, 'workers', 'node.ts'), ...flags, '--data', data, ...args]);
  await until('the server is up', () => {
    if (server.child.exitCode !== null) throw new Error(server.output());
    return /^ +data /m.test(server.output());
  });
  return server;
}

async function play(
  { http }: typeof MET,
  bots: number,
): Promise<{ code: number | null; output: string; report: Report }> {
  const reportFile = join(folder, `${http}.json`);
  const flags = ['--bots', String(bots), '--duration', '4', '--ramp-up', '0', '--transport', 'udp', '--seed', '5'];
  const url = `http://${SERVER_ADDRESS}:${http}`;
  const args = [join(ROOT, 'tools', 'swarm', 'main.ts'), '--url', url, '--report', reportFile, ...flags];
  const swarm = start('client', args);
  const code = await swarm.ended;
  if (!existsSync(reportFile)) throw new Error(swarm.output());
  return { code, output: swarm.output(), report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report };
}

beforeAll(async () => {
  if (!canRun) return;
  world = createNatWorld([MET.http, ALONE.http]);
  point = start('public', [join(ROOT, 'tools', 'rendezvous', 'main.ts'), '--port', String(POINT_PORT)]);
  await until('the point listens', () => point.output().includes(`:${POINT_PORT}`));
});

afterAll(async () => {
  if (canRun) await world.remove();
  rmSync(folder, { recursive: true });
});

test.skipIf(!canRun)('without a rendezvous nobody gets through', async () => {
  await startServer(ALONE, ['--advertise', SERVER_ADDRESS]);
  const { code, report } = await play(ALONE, 2);
  expect(code).toBe(1);
  expect(report).toMatchObject({ bots: 2, failed: 2 });
});

test.skipIf(!canRun)('with one they connect and play, and the point is not in between', async () => {
  const server = await startServer(MET, ['--rendezvous', `${PUBLIC_ADDRESS}:${POINT_PORT}`]);
  await until('the server is registered', async () => {
    const script = `console.log(await (await fetch('http://127.0.0.1:${MET.http}/metrics')).text())`;
    const asked = start('server', ['--input-type=module', '-e', script]);
    await asked.ended;
    return /rendezvous_registrations_total\{[^}]*\} [1-9]/.test(asked.output());
  });
  let plays = 0;
  const { code, output, report } = await undisturbed(() => {
    plays++;
    return play(MET, 3);
  });
  expect({ code, failures: report.failures }, output).toEqual({ code: 0, failures: {} });
  expect(report).toMatchObject({ bots: 3, failed: 0, transport: 'udp', reconnects: 0 });
  expect(report.snapshotsPerSecond.min).toBeGreaterThan(10);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  point.child.kill('SIGTERM');
  await point.ended;
  const counts = JSON.parse(point.output().trim().split('\n').at(-1)!) as Record<string, number>;
  expect(counts.introductions).toBeGreaterThanOrEqual(3);
  expect(counts.packetsIn, 'registrations and a few asks').toBeLessThan(60 * plays);
  expect(counts.dropForged! + counts.dropTicketForged!).toBe(0);
});
