// A client in another language, written from proto/ alone, against the real server.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needs } from '../needs.ts';

const python = needs('python-client');
const START_MS_MAX = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'darkages-python-'));
let server: ChildProcess | undefined;
let url = '';

beforeAll(async () => {
  if (python === undefined) return;
  const args = ['workers/launch.js', '--http-port', '0', '--port', '0', '--data', join(folder, 'data')];
  server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  url = await readUrl(server);
}, START_MS_MAX + 5000);

afterAll(async () => {
  if (server !== undefined && server.exitCode === null) {
    const exited = new Promise((resolve) => server!.once('exit', resolve));
    server.kill('SIGTERM');
    await exited;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** The address of the page, from what the server prints when it is up. */
function readUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (reason: string): void => reject(new Error(`${reason}; the server said: ${text}`));
    const timer = setTimeout(() => fail('the server did not start'), START_MS_MAX);
    child.once('exit', (code) => fail(`the server ended with ${code}`));
    child.stderr!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /page\s+(http:\/\/\S+?)\/?\s/.exec(text);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[1]!);
    });
  });
}

test.skipIf(python === undefined)(
  'joins, walks, decodes every snapshot and finds no deviation from the standard',
  () => {
    const script = join('test', 'conformance', 'python', 'client.py');
    const args = [script, '--url', url, '--proto', join('proto', 'game.proto'), '--seconds', '4'];
    const { status, stdout, stderr } = spawnSync(python!, args, { encoding: 'utf8', timeout: 90_000 });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    type Seen = Readonly<Record<'snapshots' | 'lost' | 'deltas' | 'changes', number>>;
    const { players } = JSON.parse(stdout) as { players: Seen[] };
    expect(players).toHaveLength(2);
    for (const { snapshots, deltas, changes } of players) {
      expect(snapshots).toBeGreaterThan(50);
      expect(deltas).toBeGreaterThan(50);
      expect(changes).toBeGreaterThan(50);
    }
    expect(players[1]!.lost).toBeGreaterThan(0);
  },
);
