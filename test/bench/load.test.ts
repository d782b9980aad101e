// The scripts of bench/load in k6 against real servers, small: that they pass where all is well, and don't where it isn't.

import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { drawAccountName } from '../../bench/load/names.ts';
import { readMetrics, runNode, type ServerProcess, startServer } from '../../bench/server.ts';
import { screenText } from '../../src/guard/text.ts';
import { needs } from '../needs.ts';

const RUN = join(import.meta.dirname, '..', '..', 'bench', 'load', 'run.ts');
const PLAYERS = 6;
const SECONDS = 3;
const skipsK6 = needs('k6') === undefined;

let server: ServerProcess | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function load(args: readonly string[] = []) {
  server = await startServer({ args });
  return runNode([RUN, '--small', '--url', server.url]);
}

/** Sum over all labels. */
async function grown(name: string, labels = ''): Promise<number> {
  let sum = 0;
  for (const [key, value] of (await readMetrics(server!.url)).values) {
    if (key.replace(/\{.*/, '') === `darkages_${name}` && key.includes(labels)) sum += value;
  }
  return sum;
}

test.skipIf(skipsK6)('k6 logs in, joins, walks: all thresholds hold, and the server has counted as much', async () => {
  const { code, stdout, stderr } = await load(['--edges', '2']);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('session.k6.js: all thresholds hold');
  expect(stdout).toContain('zone.k6.js: all thresholds hold');
  expect(await grown('joins_total')).toBe(PLAYERS);
  expect(await grown('inputs_total')).toBeGreaterThan(0.3 * PLAYERS * SECONDS * 60);
  expect(await grown('client_frames_dropped_total')).toBe(0);
  expect(await grown('sessions_total')).toBeGreaterThan(PLAYERS);
  expect(await grown('sessions_refused_total', 'bad_credentials')).toBe(3);
});

test.skipIf(skipsK6)('k6 whose players are refused misses its thresholds', async () => {
  const { code, stdout, stderr } = await load(['--players-per-address', '2']);
  expect(code, stdout).toBe(1);
  expect(stdout).toContain('session.k6.js: all thresholds hold');
  expect(stdout).toMatch(/zone\.k6\.js: exit code 99/);
  expect(stdout).toMatch(/darkages_joined +fails 4 +passes 2 +rate 0\.3333\n +MISSED: rate == 1/);
  expect(stderr).toContain('goodbye: address_full');
});

test.skipIf(skipsK6)('a number that is none is one sentence', async () => {
  const { code, stderr } = await runNode([RUN, '--players', 'many']);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: '--players must be a whole number from 1 to 99999, not "many".\n',
  });
});

test('no account of k6 has a name that a server refuses', () => {
  for (let draw = 0; draw < 20_000; draw++) {
    const name = drawAccountName();
    expect(screenText(name, 'name').code, name).toBe('');
  }
});
