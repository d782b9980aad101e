// A real toxiproxy for tests: TCP between our clients and the services, made slow, narrow, silent, broken or cut. On
// loopback, ended by its process id, and by itself after ten minutes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from './free-ports.ts';
import { TOOLS_FOLDER } from './tools-folder.ts';

export interface Toxic {
  /** latency { latency, jitter } · bandwidth { rate } in KB/s · timeout { timeout }: 0 says nothing for ever · reset_peer { timeout } */
  readonly type: 'latency' | 'bandwidth' | 'timeout' | 'reset_peer';
  readonly attributes: Readonly<Record<string, number>>;
  /** What the service says, unless it is `upstream`. */
  readonly stream?: 'upstream' | 'downstream';
}

export interface Line {
  readonly port: number;
  /** In place of what it did before. */
  spoil(toxic: Toxic): Promise<void>;
  /** Closes all connections and takes none. */
  cut(): Promise<void>;
  /** As if nothing had been. */
  mend(): Promise<void>;
}

export interface Toxiproxy {
  /** @param upstream `host:port` */
  add(upstream: string): Promise<Line>;
  stop(): Promise<void>;
}

const SECONDS_MAX = 600;
const START_MS_MAX = 10_000;
const PROGRAM = join(TOOLS_FOLDER, 'toxiproxy', 'toxiproxy-server');

export function findToxiproxy(): string | undefined {
  return existsSync(PROGRAM) ? PROGRAM : undefined;
}

export async function startToxiproxy(): Promise<Toxiproxy> {
  const port = await findFreePorts(1);
  const args = ['-host', '127.0.0.1', '-port', String(port)];
  const child = spawn('timeout', ['--foreground', '--signal=KILL', String(SECONDS_MAX), PROGRAM, ...args], {
    stdio: 'ignore',
    env: { ...process.env, LOG_LEVEL: 'error' },
  });
  const ended = once(child, 'close');
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`toxiproxy: ${method} ${path}: ${text}`);
  };
  const deadlineMs = performance.now() + START_MS_MAX;
  while (!(await isUp(port))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) throw new Error('toxiproxy does not start');
    await sleep(20);
  }
  return {
    async add(upstream) {
      const listen = await findFreePorts(1);
      const name = `at-${listen}`;
      await ask('POST', '/proxies', { name, upstream, listen: `127.0.0.1:${listen}`, enabled: true });
      let hasToxic = false;
      const clean = async () => {
        if (hasToxic) await ask('DELETE', `/proxies/${name}/toxics/it`);
        hasToxic = false;
      };
      return {
        port: listen,
        async spoil({ type, attributes, stream = 'downstream' }) {
          await clean();
          await ask('POST', `/proxies/${name}/toxics`, { name: 'it', type, stream, toxicity: 1, attributes });
          hasToxic = true;
        },
        cut: () => ask('POST', `/proxies/${name}`, { enabled: false }),
        async mend() {
          await clean();
          await ask('POST', `/proxies/${name}`, { enabled: true });
        },
      };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function isUp(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/version`).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.ok === true;
}
