// A real Prometheus for tests, and how it and Alertmanager are started: on loopback, with a data folder of their own below
// the system's temporary one, ended by process id, and by themselves after 25 minutes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from './free-ports.ts';

export interface Program {
  readonly url: string;
  /** What it said so far. */
  output(): string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus extends Program {
  /** What an expression gives now. */
  query(expression: string): Promise<readonly Sample[]>;
}

const SECONDS_MAX = 1_500;
const START_MS_MAX = 30_000;

/** @param configFile prometheus.yml; what it names is found beside it. */
export async function startPrometheus(configFile: string): Promise<Prometheus> {
  const service = await startReadyProgram('prometheus', (port, folder) => [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
  return {
    ...service,
    async query(expression) {
      const answer = await fetch(`${service.url}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: expression }),
      });
      const { status, error, data } = (await answer.json()) as QueryAnswer;
      if (status !== 'success') throw new Error(`Prometheus: ${error}: ${expression}`);
      if (data.resultType === 'scalar') return [{ labels: {}, value: Number(data.result[1]) }];
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
  };
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data:
    | { readonly resultType: 'scalar'; readonly result: readonly [number, string] }
    | {
        readonly resultType: 'vector';
        readonly result: readonly {
          readonly metric: Readonly<Record<string, string>>;
          readonly value: readonly [number, string];
        }[];
      };
}

/** Starts one of the two, which both say at /-/ready that they are up. */
export async function startReadyProgram(
  program: string,
  describeArguments: (port: number, folder: string) => readonly string[],
): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), `darkages-${program}-`));
  const port = await findFreePorts(1);
  const args = ['--foreground', '--signal=KILL', String(SECONDS_MAX), program, ...describeArguments(port, folder)];
  const child = spawn('timeout', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const deadlineMs = performance.now() + START_MS_MAX;
  while (!(await isReady(url))) {
    if (child.exitCode === null && performance.now() < deadlineMs) await sleep(50);
    else {
      await stop();
      throw new Error(`${program} does not start:\n${output}`);
    }
  }
  return { url, output: () => output, stop };
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.ok === true;
}
