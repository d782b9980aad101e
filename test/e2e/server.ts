// A server as `npm start` runs it, for tests (tools/chaos/launched-server.ts), and what they ask of one that runs.

import { readFileSync } from 'node:fs';
import { readMetrics } from '../../bench/server.ts';
import { type LaunchedServer, launch, untilUp } from '../../tools/chaos/launched-server.ts';

export {
  isRunning,
  kill,
  killServers,
  type LaunchedServer,
  launch,
  until,
  untilUp,
} from '../../tools/chaos/launched-server.ts';

export async function startServer(
  data: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<LaunchedServer> {
  const server = launch(['--http-port', '0', '--port', '0', '--data', data, ...args], env);
  await untilUp(server, 1);
  return server;
}

/** What was printed so far, but for how a slow machine's zones fare: that may be said at any time. */
export function linesOf(server: LaunchedServer): string[] {
  return server
    .output()
    .split('\n')
    .filter((line) => !/"event":"zone_(?:overloaded|recovered)"/.test(line));
}

export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

/** Sum of all samples of a metric whose labels contain the text. */
export async function readMetric(server: LaunchedServer, name: string, labels = ''): Promise<number> {
  const { values } = await readMetrics(server.url());
  let sum = 0;
  for (const [sample, value] of values) {
    if ((sample === name || sample.startsWith(`${name}{`)) && sample.includes(labels)) sum += value;
  }
  return sum;
}
