// Honest bots with and without hostile clients beside them: what the honest ones get must be the same within noise. Short
// here; the long form (100 honest, 20 hostile, a minute each way) is
//   HONEST=100 HOSTILE=20 SECONDS=60 npx vitest run test/e2e/hostile-and-honest.test.ts
// NOT shown yet: on two shared cores (load 5) the long form failed, 17.5 snapshots a second alone and 15.4 together, kills
// 381 and 243, nobody failed. The hostile ones ran on the same cores; 1.2 million frames were dropped for their rate and
// none of their senders was thrown out. How much of it is the server and how much the machine is to be measured.
// All are on one machine and one address, so the hostile ones also cost the cores that the bots need: the bounds are wide.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { readMetrics, runBots, type ServerProcess, startServer } from '../../bench/server.ts';
import { game } from '../../src/game/game.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import type { Report } from '../../tools/swarm/report.ts';
import { enter, nextTick, play, type RawClient, send } from './raw-client.ts';

const HONEST = Number(process.env.HONEST ?? 30);
const HOSTILE = Number(process.env.HOSTILE ?? 6);
const SECONDS = Number(process.env.SECONDS ?? 10);
const AGAIN_MS = 500;

const pick = (values: readonly number[]): number => values[Math.floor(Math.random() * values.length)]!;

/** Each does its worst until it is thrown out; then it comes again. Returns after one act. */
const ATTACKS: readonly ((client: RawClient) => void)[] = [
  // Far more frames than a client has reason to send.
  (client) => {
    for (let count = 0; count < 300; count++) send(client, { ping: { clientTimeMs: count + 1 } });
  },
  // Bytes that mean nothing.
  (client) => {
    for (let count = 0; count < 20; count++) client.socket.send(randomBytes(200));
  },
  // It is wherever it likes, as fast as it likes.
  (client) => {
    const far = { claimedX: pick([-190_000, 0, 190_000]), claimedY: 0, claimedZ: pick([-190_000, 190_000]) };
    send(client, { inputs: [{ tick: nextTick(client), ackAge: 5, moveX: 127, moveZ: 127, ...far }] });
  },
  // Every ability each tick, at targets that are not there.
  (client) => {
    play(client, (tick) => ({ ability: 1 + (tick % 4), target: pick([0, 1, 65_537, 0x7fff_ffff]), reach: 5000 }));
  },
  // Inputs from another time.
  (client) => {
    const tick = nextTick(client);
    send(client, { inputs: [tick + 500, tick - 500, tick + 30].map((at): WireObject => ({ tick: at, ackAge: 1 })) });
  },
  // Requests without end.
  (client) => {
    for (let id = 1; id < 60; id++) send(client, { request: { id, say: { text: `buy gold ${id}` } } });
  },
];

interface Horde {
  readonly acts: () => number;
  readonly returns: () => number;
  stop(): Promise<void>;
}

function startHorde(url: string, size: number): Horde {
  let isOver = false;
  let acts = 0;
  let returns = 0;
  const runOne = async (number: number): Promise<void> => {
    const attack = ATTACKS[number % ATTACKS.length]!;
    while (!isOver) {
      // Refused for a while, or thrown out while it comes in: part of its life.
      const entered = await enter(game, url).catch(() => undefined);
      if (entered === undefined) {
        await sleep(AGAIN_MS);
        continue;
      }
      const { client } = entered;
      returns++;
      while (!isOver && client.socket.readyState === WebSocket.OPEN) {
        attack(client);
        acts++;
        await sleep(50);
      }
      clearInterval(client.timer);
      client.socket.terminate();
    }
  };
  const all = Promise.all(Array.from({ length: size }, (_, number) => runOne(number)));
  return {
    acts: () => acts,
    returns: () => returns,
    async stop() {
      isOver = true;
      await all;
    },
  };
}

async function measure(hostile: number): Promise<Report> {
  const folder = mkdtempSync(joinPath(tmpdir(), 'darkages-together-'));
  const reportFile = joinPath(folder, 'report.json');
  let server: ServerProcess | undefined;
  let horde: Horde | undefined;
  try {
    server = await startServer({ args: ['--seed', '5', '--sessions-per-minute', '100000'] });
    horde = startHorde(server.url, hostile);
    const flags = { url: server.url, bots: HONEST, duration: SECONDS, 'ramp-up': 1, seed: 5, report: reportFile };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
    await runBots(args);
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
    const { snapshotsPerSecond, corrections, snapshots, failures, deeds } = report;
    console.log(
      `${HONEST} honest, ${hostile} hostile (${horde.returns()} times in, ${horde.acts()} acts): ` +
        `snapshots/s mean ${snapshotsPerSecond.mean}, min ${snapshotsPerSecond.min}, corrections ${corrections} of ` +
        `${snapshots}, kills ${deeds!.playersKilled + deeds!.creaturesKilled}, hits ${deeds!.hits}, ` +
        `failed ${JSON.stringify(failures)}`,
    );
    if (hostile > 0) {
      // The attacks arrived: the server says that it turned something away.
      const refused = [...(await readMetrics(server.url)).values].filter(
        ([name, value]) => value > 0 && /drop|guard/.test(name),
      );
      console.log(refused.map(([name, value]) => `${name} ${value}`).join('\n'));
      expect(refused.length).toBeGreaterThan(3);
    }
    return report;
  } finally {
    await horde?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true });
  }
}

test('honest players lose nothing by hostile ones', async () => {
  const alone = await measure(0);
  const together = await measure(HOSTILE);
  expect(alone.failures).toEqual({});
  expect(together.failures).toEqual({});
  expect(together.snapshotsPerSecond.mean!).toBeGreaterThan(alone.snapshotsPerSecond.mean! * 0.9);
  expect(together.snapshotsPerSecond.min!).toBeGreaterThan(alone.snapshotsPerSecond.min! * 0.8);
  const share = ({ corrections, snapshots }: Report): number => corrections / snapshots;
  expect(share(together)).toBeLessThan(share(alone) * 1.5 + 0.02);
  // Whom they fight is chance, so is who wins: that they fight as much is what can be said.
  expect(together.deeds!.hits).toBeGreaterThan(alone.deeds!.hits * 0.5);
}, 300_000);
