// `npm run load`: both scripts of bench/load in k6, one after the other, against a server of its own or that of --url. Each
// ends by itself; the exit code is 1 when a threshold in one of them is missed, 2 when it can't run.
//   --url URL        a server that runs; for many players started with --sessions-per-minute 100000
//   --players N      WebSocket clients of zone.k6.js          --sessions N   guests a second of session.k6.js
//   --seconds N      how long each plays                      --server ARGS  flags of the own server, in one word
//   --small          a few of each for a few seconds, and no threshold of time: only whether it works
// On a machine of several cores k6 has the first one and the own server the second.

import { spawn } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { findOnPath, startServer } from '../server.ts';
import { findK6 } from './find-k6.ts';

const K6_CORE = 0;
const SERVER_CORE = 1;
/** Beyond what a script takes by its own account: then it hangs. */
const GRACE_S = 60;

interface Options {
  readonly url?: string;
  readonly players?: string;
  readonly sessions?: string;
  readonly seconds?: string;
  readonly small: boolean;
  readonly server: string;
}

const given = new Command('load')
  .option('--url <url>', 'a server that runs, without path')
  .option('--players <number>', 'WebSocket clients, 100 or 6')
  .option('--sessions <number>', 'guests a second, 50 or 5')
  .option('--seconds <number>', 'how long each of the two plays, 30 or 3')
  .option('--small', 'a few of each, and no threshold of time', false)
  .option('--server <flags>', 'flags of the own server', '')
  .parse()
  .opts<Options>();

const k6 = findK6();
if (k6 === undefined) {
  console.error('k6 is not on this machine: tools/services/install.sh k6 builds it.');
  process.exit(2);
}
const usual = given.small ? { players: 6, sessions: 5, seconds: 3 } : { players: 100, sessions: 50, seconds: 30 };
const amounts = { ...usual };
for (const name of ['players', 'sessions', 'seconds'] as const) {
  const text = given[name] ?? String(usual[name]);
  if (!/^[1-9]\d{0,4}$/.test(text)) {
    console.error(`--${name} must be a whole number from 1 to 99999, not "${text}".`);
    process.exit(2);
  }
  amounts[name] = Number(text);
}
console.log(`load ${loadavg()[0]!.toFixed(2)} at the start`);
process.exitCode = given.url === undefined ? await runWithServer(k6) : await runBoth(k6, given.url);
console.log(`load ${loadavg()[0]!.toFixed(2)} at the end`);

async function runWithServer(program: string): Promise<number> {
  const args = ['--sessions-per-minute', '1000000', ...given.server.split(/\s+/).filter((word) => word !== '')];
  const server = await startServer({ args, core: SERVER_CORE });
  try {
    return await runBoth(program, server.url);
  } finally {
    await server.stop();
  }
}

async function runBoth(program: string, url: string): Promise<number> {
  let exitCode = 0;
  for (const script of ['session', 'zone']) {
    const code = await runScript(program, script, url);
    console.log(code === 0 ? `${script}.k6.js: all thresholds hold` : `${script}.k6.js: exit code ${code}`);
    if (code !== 0) exitCode = 1;
  }
  return exitCode;
}

async function runScript(program: string, script: string, url: string): Promise<number | null> {
  const { players, sessions, seconds } = amounts;
  const timed = given.small ? 'no' : 'yes';
  const settings = { URL: url, PLAYERS: players, SESSIONS: sessions, SECONDS: seconds, TIMED: timed };
  const command = [
    ...(availableParallelism() > 1 && findOnPath(['taskset']) !== undefined ? ['taskset', '-c', String(K6_CORE)] : []),
    ...[program, 'run', '--quiet', '--no-usage-report'],
    ...Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    join(import.meta.dirname, `${script}.k6.js`),
  ];
  // Nothing but what these scripts need: no extensions from elsewhere.
  const env = { ...process.env, K6_AUTO_EXTENSION_RESOLUTION: 'false' };
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'inherit', 'inherit'], env });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  // New players come at 20 a second.
  const timer = setTimeout(kill, (seconds + players / 20 + GRACE_S) * 1000);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  process.off('exit', kill);
  return code;
}
