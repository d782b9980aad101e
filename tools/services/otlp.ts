// A real receiver of traces for tests: the OpenTelemetry collector's OTLP receiver (tools/services/otlp), which writes what
// it takes to a file. On loopback, ended by its process id, and by itself after ten minutes.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePorts } from './free-ports.ts';
import { TOOLS_FOLDER } from './tools-folder.ts';

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** '' of the first one. */
  readonly parentId: string;
  /** As OTLP's JSON has them: numbers are texts. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly isError: boolean;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface OtlpReceiver {
  /** For --otlp-endpoint; the same after `start`. */
  readonly endpoint: string;
  spans(): ReceivedSpan[];
  /** All that it wrote, as it is. */
  text(): string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Takes connections, and answers nothing; or goes on. */
  pause(): void;
  resume(): void;
}

const SECONDS_MAX = 600;
const PROGRAM = join(TOOLS_FOLDER, 'otlp', 'otlp-receiver');

export function findOtlpReceiver(): string | undefined {
  return existsSync(PROGRAM) ? PROGRAM : undefined;
}

/** @param tokenFile of the bearer token that it asks for */
export async function startOtlpReceiver(folder: string, tokenFile?: string): Promise<OtlpReceiver> {
  const port = await findFreePorts(1);
  const listen = `127.0.0.1:${port}`;
  const file = join(folder, `spans-${port}.jsonl`);
  let child: ChildProcess | undefined;
  const receiver: OtlpReceiver = {
    endpoint: `http://${listen}`,
    text: () => (existsSync(file) ? readFileSync(file, 'utf8') : ''),
    spans: () => receiver.text().split('\n').filter(Boolean).flatMap(readRequest),
    async kill() {
      const running = child;
      child = undefined;
      if (running === undefined || running.exitCode !== null) return;
      running.kill('SIGKILL');
      await once(running, 'close');
    },
    async start() {
      const token = tokenFile === undefined ? [] : ['-token', tokenFile];
      child = spawn(PROGRAM, ['-listen', listen, '-out', file, ...token], { stdio: ['ignore', 'pipe', 'inherit'] });
      const timer = setTimeout(() => child?.kill('SIGKILL'), SECONDS_MAX * 1000);
      timer.unref();
      child.once('close', () => clearTimeout(timer));
      const up = await Promise.race([once(child.stdout!, 'data'), once(child, 'close').then(() => undefined)]);
      if (up === undefined) throw new Error('the receiver of traces does not start');
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
  await receiver.start();
  return receiver;
}

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes?: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

function readRequest(line: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(line) as {
    resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(readSpan)));
}

function readSpan(span: OtlpSpan): ReceivedSpan {
  const { name, traceId, spanId, parentSpanId = '', attributes = [] } = span;
  return {
    name,
    traceId,
    spanId,
    parentId: parentSpanId,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])])),
    isError: span.status?.code === 2,
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
  };
}
