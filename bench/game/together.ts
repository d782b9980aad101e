// Honest bots with and without hostile clients beside them, on a real server: bots and hostile clients on one core, the
// server on the other. For the figures of game.together and for the test that the honest ones lose nothing.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../tools/swarm/report.ts';
import { type Metrics, type RunOutcome, readMetrics, runBots, runNode, startServer } from '../server.ts';

export interface Together {
  readonly honest: number;
  readonly hostile: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface TogetherOutcome {
  readonly report: Report;
  readonly metrics: Metrics;
  /** What the hostile ones did; nothing where there were none. */
  readonly hostile: { readonly returns: number; readonly acts: number };
}

const OTHERS_CORE = 0;
const SERVER_CORE = 1;
const HORDE = join(import.meta.dirname, '..', '..', 'tools', 'hostile', 'main.ts');

export async function playTogether({ honest, hostile, seconds, seed }: Together): Promise<TogetherOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-together-'));
  const reportFile = join(folder, 'report.json');
  // A second zone is there for those who hop to and fro.
  const args = ['--seed', String(seed), '--sessions-per-minute', '100000', '--zones', '2'];
  const server = await startServer({ args, core: SERVER_CORE });
  let stopHorde = (): void => {};
  let horde: Promise<RunOutcome> | undefined;
  try {
    if (hostile > 0) {
      horde = runNode([HORDE, server.url, String(hostile), String(seed)], OTHERS_CORE, (child) => {
        stopHorde = () => void child.kill('SIGTERM');
      });
    }
    const flags = { url: server.url, bots: honest, zone: 1, duration: seconds, 'ramp-up': 2, seed, report: reportFile };
    await runBots(
      Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
      OTHERS_CORE,
    );
    const metrics = await readMetrics(server.url);
    stopHorde();
    const said = await horde;
    if (said !== undefined && said.code !== 0) throw new Error(`the hostile ones failed:\n${said.stderr}`);
    return {
      report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report,
      metrics,
      hostile: said === undefined ? { returns: 0, acts: 0 } : JSON.parse(said.stdout),
    };
  } finally {
    stopHorde();
    await server.stop();
    await horde;
    rmSync(folder, { recursive: true });
  }
}

export function killsOf({ deeds }: Report): number {
  return deeds === null ? 0 : deeds.playersKilled + deeds.creaturesKilled;
}
