// `npm run top`: zones, network, store and threads of a node in a terminal, from its /metrics, each second. `--once` prints
// them once, for scripts. Exit codes: 0; 2 nothing could be read (with --once) or a flag is wrong.

import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { errorCode } from '../../src/base/errors.ts';
import { readCommand } from '../../src/io/command-line.ts';
import { createTop, missReading, type Top, takeReading, viewTop } from '../../src/observe/top.ts';
import { drawTop } from '../../src/observe/top-screen.ts';
import { openTerminal } from './terminal.ts';

const EXIT_CANNOT = 2;
const INTERVAL_MS = 1_000;
const ANSWER_MS_MAX = 3_000;
const COLUMNS = 80;

interface Flags {
  readonly url: string;
  readonly once?: true;
}

async function read(top: Top): Promise<void> {
  try {
    const response = await fetch(`${top.url}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    takeReading(top, await response.text(), Date.now());
  } catch (error) {
    missReading(top, describe(error));
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = errorCode(error.cause);
  if (code === 'ECONNREFUSED') return 'no server answers there';
  return error.name === 'TimeoutError' ? 'it does not answer' : (code ?? error.message);
}

const draw = (top: Top, size: { columns: number; rows: number }, isColoured: boolean) =>
  drawTop(viewTop(top), top.url, top.problem, { ...size, isColoured });

/** Two readings, since most figures are differences. */
async function once(top: Top): Promise<void> {
  await read(top);
  if (top.problem === '') {
    await sleep(INTERVAL_MS);
    await read(top);
  }
  if (top.problem !== '') {
    process.stderr.write(`${top.url}: ${top.problem}. Name the server's HTTP address with --url.\n`);
    process.exitCode = EXIT_CANNOT;
    return;
  }
  const lines = draw(top, { columns: process.stdout.columns ?? COLUMNS, rows: Number.POSITIVE_INFINITY }, false);
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function watch(top: Top): Promise<void> {
  const quit = new AbortController();
  const end = (): void => quit.abort();
  const terminal = openTerminal(process.stdin, process.stdout, end);
  // Whatever ends it, also a fault: the terminal is as it was.
  process.once('exit', () => terminal.close());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  const show = (): void => terminal.draw(draw(top, terminal.size, process.env.NO_COLOR === undefined));
  terminal.onResize(show);
  show();
  while (!quit.signal.aborted) {
    await read(top);
    show();
    await untilNext(quit.signal);
  }
  terminal.close();
}

async function untilNext(signal: AbortSignal): Promise<void> {
  try {
    await sleep(INTERVAL_MS, undefined, { signal });
  } catch (error) {
    if (errorCode(error) !== 'ABORT_ERR') throw error;
  }
}

const command = new Command('npm run top --')
  .description('Zones, network, store and threads of a running node, each second; q ends it')
  .option('--url <url>', 'HTTP address of the server', 'http://127.0.0.1:8080')
  .option('--once', 'print once, without colours');
const parsed = readCommand<Flags>(command, process.argv.slice(2));
if ('text' in parsed) process.stdout.write(parsed.text);
else if ('problem' in parsed || !/^https?:/.test(parsed.flags.url) || !URL.canParse(parsed.flags.url)) {
  const problem = 'problem' in parsed ? parsed.problem : '--url must be an HTTP address such as http://127.0.0.1:8080.';
  process.stderr.write(`${problem}\n`);
  process.exitCode = EXIT_CANNOT;
} else {
  const { url, once: isOnce } = parsed.flags;
  const top = createTop(url.replace(/\/+$/, ''));
  await (isOnce === true || !process.stdout.isTTY ? once(top) : watch(top));
}
