// The log of a whole server in a file: what threads say, its level over the control socket, its lines in /metrics.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kill, killServers, launch, startServer, until } from './server.ts';

const CONTROL = join(import.meta.dirname, '..', '..', 'tools', 'control', 'main.ts');

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-log-'));
  file = join(folder, 'server.log');
});
afterEach(async () => {
  await killServers();
  rmSync(folder, { recursive: true, force: true });
});

const lines = () =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const events = () => lines().map(({ event }) => event);

function control(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [CONTROL, '--data', folder, ...args]);
}

test('a server says in its file what it does, its level changes while it runs, and nobody else reads it', async () => {
  const server = await startServer(folder, ['--log-file', file]);
  expect(lines()[0]).toMatchObject({ thread: 'main', event: 'started', count: 1 });
  expect(statSync(file).mode & 0o007).toBe(0);
  const refuse = () => fetch(`${server.url()}/v1/session`, { method: 'POST', body: '{}' });
  const post = (body: object) =>
    fetch(`${server.url()}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await refuse();
  await post({ resume: 'x' });
  expect(JSON.parse((await control('/log-level')).stdout)).toEqual({ level: 'info' });
  expect(JSON.parse((await control('/log-level', 'level=debug')).stdout)).toEqual({ level: 'debug' });
  await post({ resume: 'x' });
  expect(lines().filter(({ event }) => event === 'session_refused')).toMatchObject([{ code: 'ticket_refused' }]);
  await expect(control('/log-level', 'level=loud')).rejects.toMatchObject({
    code: 2,
    stderr: 'level: one of debug, info, warn, error, fatal, silent.\n',
  });
  await expect(control('/nowhere')).rejects.toMatchObject({ code: 2 });
  expect((await control()).stdout).toContain('/log-level');
  expect(JSON.parse((await control('/phases')).stdout)).toEqual({ measured: true });
  expect(JSON.parse((await control('/phases', 'measured=false')).stdout)).toEqual({ measured: false });
  await expect(control('/phases', 'measured=2')).rejects.toMatchObject({
    stderr: expect.stringContaining('true or false'),
  });
  expect(events().filter((event) => event === 'phases_switched')).toHaveLength(1);
  const metrics = await (await fetch(`${server.url()}/metrics`)).text();
  expect(metrics).toMatch(/^darkages_log_lines_total\{level="debug"\} [12]$/m);
  expect(metrics).toMatch(/^darkages_log_lines_total\{level="error"\} 0$/m);

  kill(server.nodePid(), 'SIGKILL');
  await until(
    'it runs again',
    () => server.starts() === 2 && events().filter((event) => event === 'started').length === 2,
  );
  kill(server.launcher.pid!, 'SIGTERM');
  expect(await server.ended).toBe(0);
  expect(events().slice(-2)).toEqual(['draining', 'stopped']);
  expect(server.errors()).not.toContain('"event"');
  await expect(control()).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('No server runs in') });
});

test('a file that can not be written is one sentence, and no start', async () => {
  writeFileSync(join(folder, 'file'), '');
  const wrong = join(folder, 'file', 'server.log');
  const server = launch(['--data', folder, '--log-file', wrong]);
  expect(await server.ended).toBe(2);
  expect(server.errors()).toBe(`The log file ${wrong} can't be written (ENOTDIR): choose another with --log-file.\n`);
});
