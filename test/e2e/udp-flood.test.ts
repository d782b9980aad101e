// Junk at the UDP port of a zone that is played: random bytes, requests with forged tokens, packets that look right up to
// their seal, at far more than the honest rate. The honest ones lose nothing, strangers get no byte back.

import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Metrics, readMetrics, runBots, type ServerProcess, startServer } from '../../bench/server.ts';
import { createRandom } from '../../src/base/random.ts';
import type { Report } from '../../tools/swarm/report.ts';

const BOTS = 20;
const SECONDS = 8;
/** 20 bots send some 1,200 packets a second. */
const JUNK_PER_MS = 12;
const SEED = Number(process.env.SEED ?? 99);

/** One of each kind in turn; all of them are dropped. */
function createJunk(): Uint8Array[] {
  const random = createRandom(SEED);
  const version = new TextEncoder().encode('NETCODE 1.02\0');
  return Array.from({ length: 60 }, (_, index) => {
    const kind = index % 4;
    const length = kind === 1 ? 1078 : 1 + random.below(1300);
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    if (kind === 1) {
      // Right protocol and version, expires soon, and the rest is noise.
      bytes[0] = 0;
      bytes.set(version, 1);
      bytes.set([0x53, 0x45, 0x47, 0x41, 0x4b, 0x52, 0x41, 0x44], 14);
      new DataView(bytes.buffer).setBigUint64(22, BigInt(Math.floor(Date.now() / 1000) + 30), true);
    } else if (kind === 2) bytes[0] = 0x15;
    else if (kind === 3) bytes[0] = 0x83;
    return bytes;
  });
}

/** Sends until it is told to stop; returns how many were sent and how many came back. */
function flood(port: number): { stop(): { sent: number; answered: number } } {
  const socket = createSocket('udp4');
  const junk = createJunk();
  let sent = 0;
  let answered = 0;
  socket.on('message', () => answered++);
  const timer = setInterval(() => {
    for (let packet = 0; packet < JUNK_PER_MS * 4; packet++)
      socket.send(junk[sent++ % junk.length]!, port, '127.0.0.1');
  }, 4);
  return {
    stop() {
      clearInterval(timer);
      socket.close();
      return { sent, answered };
    },
  };
}

function sum({ values }: Metrics, name: string): number {
  return [...values].reduce((total, [key, value]) => (key.startsWith(`darkages_${name}`) ? total + value : total), 0);
}

async function play(server: ServerProcess): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-flood-'));
  const report = join(folder, 'report.json');
  const flags = { url: server.url, bots: BOTS, duration: SECONDS, 'ramp-up': 1, seed: SEED, transport: 'udp', report };
  try {
    await runBots(Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]));
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('junk at ten times the honest rate costs the honest nothing, and is not answered', async () => {
  console.log(`SEED=${SEED}`);
  const server = await startServer({ args: ['--seed', '5'] });
  try {
    const port = Number(/udp:\/\/\S+:(\d+)/.exec(server.output())![1]);
    const alone = await play(server);
    const before = await readMetrics(server.url);
    const attack = flood(port);
    const together = await play(server);
    const { sent, answered } = attack.stop();
    await sleep(300);
    const after = await readMetrics(server.url);
    const grown = (name: string): number => sum(after, name) - sum(before, name);
    console.log(
      `${sent} packets of junk; snapshots/s ${alone.snapshotsPerSecond.min} and ${together.snapshotsPerSecond.min}`,
    );
    expect(sent).toBeGreaterThan(20_000);
    expect(answered).toBe(0);
    expect([alone.failed, together.failed]).toEqual([0, 0]);
    expect(together.snapshotsPerSecond.mean!).toBeGreaterThan(alone.snapshotsPerSecond.mean! * 0.9);
    // All of it is told apart from what is played, but for what the kernel itself had no room for.
    const lost = grown('udp_socket_receive_dropped_total') + grown('udp_socket_receive_too_long_total');
    expect(grown('udp_packets_dropped_total')).toBeGreaterThan(0.9 * (sent - lost));
    expect(grown('missed_ticks_total')).toBe(0);
  } finally {
    await server.stop();
  }
}, 60_000);
