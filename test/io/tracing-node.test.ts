import { afterEach, expect, test } from 'vitest';
import { createCounters } from '../../src/base/counters.ts';
import { createLog, createLogShared } from '../../src/io/log.ts';
import { createTracer } from '../../src/io/tracing.ts';
import { type NodeTracing, startTracing } from '../../src/io/tracing-node.ts';

let tracing: NodeTracing;
const lines: string[] = [];
afterEach(async () => {
  lines.length = 0;
  await tracing.close();
});

async function start(endpoint: string | undefined, percent: number): Promise<NodeTracing> {
  const log = createLog(createLogShared('info'), { thread: 'main', write: (line) => lines.push(line) });
  tracing = await startTracing({ endpoint, headers: {}, percent, version: '1', instance: 'boot', log });
  return tracing;
}

const put = (body: unknown) => tracing.control.PUT!(body, new AbortController().signal);
const get = () => tracing.control.GET!(undefined, new AbortController().signal);

test('the share is read and set while it runs, by all threads', async () => {
  await start('http://127.0.0.1:1/v1/traces', 10);
  const edge = createTracer(tracing.forThread('edge-1'));
  expect(get()).toEqual({ percent: 10 });
  expect(put({ percent: 100 })).toEqual({ percent: 100 });
  expect([edge.derive('x'), tracing.tracer.derive('x')]).toEqual([expect.anything(), edge.derive('x')]);
  put({ percent: 0 });
  expect([edge.isOn(), tracing.tracer.isOn(), get()]).toEqual([false, false, { percent: 0 }]);
  const { words, index } = createCounters('trace', tracing.source.blocks[0]);
  expect(words[index.percent]).toBe(0);
  expect(lines.map((line) => JSON.parse(line).percent)).toEqual([100, 0]);
});

test('a thread that is started again goes on with its ring; others have their own', async () => {
  await start('http://127.0.0.1:1/v1/traces', 10);
  const { ring } = tracing.forThread('edge-1');
  expect(tracing.forThread('edge-1').ring).toBe(ring);
  expect(tracing.forThread('edge-2').ring).not.toBe(ring);
});

test('without an endpoint there is nowhere to go, and no memory for it', async () => {
  await start(undefined, 0);
  expect(tracing.forThread('edge-1').ring).toBeUndefined();
  expect(() => put({ percent: 10 })).toThrow('Traces have nowhere to go: start with --otlp-endpoint.');
  expect(put({ percent: 0 })).toEqual({ percent: 0 });
});

test.each([
  {},
  undefined,
  { percent: '10' },
  { percent: 10.5 },
  { percent: -1 },
  { percent: 101 },
  { percent: Number.NaN },
])('%j is refused with a sentence', async (body) => {
  await start('http://127.0.0.1:1/v1/traces', 10);
  expect(() => put(body)).toThrow('percent: a whole number from 0 to 100 is needed, as in {"percent":10}');
  expect(() => put({ percent: 10, more: 1 })).toThrow();
  expect(get()).toEqual({ percent: 10 });
});
