// Traces of a node, as its main thread runs them: what each thread is handed, where spans go, and the share that is
// recorded, which can be changed while it runs (the path /tracing of the control socket).

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createCounterBuffer, createCounters } from '../base/counters.ts';
import { ServerError } from '../base/errors.ts';
import { SPAN_RING_BYTES } from '../base/limits.ts';
import { createRingBuffer } from '../base/ring.ts';
import type { BlockSource } from './block-series.ts';
import type { TracingOptions } from './config-tracing.ts';
import { type ControlPath, readControlBody } from './control.ts';
import type { Log } from './log.ts';
import { createTracer, type TraceData, type Tracer } from './tracing.ts';

export interface NodeTracing {
  /** Of the main thread itself. */
  readonly tracer: Tracer;
  /** For the thread of that name, which may be started again. */
  forThread(name: string): TraceData;
  readonly source: BlockSource;
  /** To read and set the share that is recorded. */
  readonly control: ControlPath;
  /** Sends what is left; once the threads have ended. */
  close(): Promise<void>;
}

export interface NodeTracingOptions extends TracingOptions {
  readonly version: string;
  readonly instance: string;
  readonly log: Log;
}

const SECRET_BYTES = 16;
const MUST = 'a whole number from 0 to 100 is needed, as in {"percent":10}';
const BODY = z.strictObject({ percent: z.int(MUST).min(0, MUST).max(100, MUST) });

export async function startTracing(options: NodeTracingOptions): Promise<NodeTracing> {
  const { endpoint, log } = options;
  const buffer = createCounterBuffer('trace');
  const counters = createCounters('trace', buffer);
  const { words, index } = counters;
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  const rings = new Map<string, SharedArrayBuffer>();
  const forThread = (name: string): TraceData => {
    if (endpoint === undefined) return { counters: buffer, ring: undefined, secret };
    const ring = rings.get(name) ?? createRingBuffer(SPAN_RING_BYTES);
    rings.set(name, ring);
    return { counters: buffer, ring, secret };
  };
  const set = (percent: number): void => void Atomics.store(words, index.percent, percent);
  const tracer = createTracer(forThread('main'));
  const exporting = endpoint === undefined ? undefined : await startExport({ ...options, endpoint });
  set(options.percent);

  async function startExport({ endpoint, headers, version, instance }: NodeTracingOptions & { endpoint: string }) {
    // Only now: it takes a while to load, and most nodes never need it.
    const { startSpanExport } = await import('./tracing-export.ts');
    return startSpanExport({
      ...{ endpoint, headers, counters, version, instance },
      rings: () => rings,
      onFailing: (code) => log.event('traces_failed', { code }),
      onWorking: () => log.event('traces_work', {}),
    });
  }

  return {
    tracer,
    forThread,
    source: { kind: 'trace', labels: {}, blocks: [buffer] },
    control: {
      help: 'share of sessions and commands that are traced, in percent',
      GET: () => ({ percent: words[index.percent]! }),
      PUT(body) {
        const { percent } = readControlBody(BODY, body);
        if (percent > 0 && endpoint === undefined) {
          throw new ServerError('DARKAGES_CONTROL_REFUSED', 'Traces have nowhere to go: start with --otlp-endpoint.');
        }
        set(percent);
        log.event('traces_share', { percent });
        return { percent };
      },
    },
    async close() {
      await exporting?.close();
    },
  };
}
