// How spans leave, against an HTTP server that answers as it is told; what is in them is shown by a real receiver
// (test/e2e/traces.test.ts).

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCounters } from '../../src/base/counters.ts';
import { type SpanExport, startSpanExport } from '../../src/io/tracing-export.ts';
import { setUpTracer } from './traced.ts';

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests = 0;
let exporting: SpanExport;
const told: string[] = [];

beforeEach(async () => {
  requests = 0;
  told.length = 0;
  answer = (_request, response) => response.writeHead(200).end();
  server = createServer((request, response) => {
    requests++;
    request.resume();
    request.once('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await exporting.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

type Rings = readonly (readonly [thread: string, ring: SharedArrayBuffer])[];

function start(rings: (ring: SharedArrayBuffer) => Rings = (ring) => [['edge-1', ring]]) {
  const traced = setUpTracer(100, 1 << 20);
  const counters = createCounters('trace', traced.data.counters);
  const { port } = server.address() as AddressInfo;
  exporting = startSpanExport({
    ...{ endpoint: `http://127.0.0.1:${port}/v1/traces`, headers: { 'x-key': 'k' }, counters, lookMs: 5 },
    ...{ version: '1', instance: 'boot', rings: () => rings(traced.data.ring) },
    onFailing: (code) => told.push(code),
    onWorking: () => told.push('works'),
  });
  const { words, index } = counters;
  return {
    ...{ exported: () => words[index.exported]!, dropped: () => words[index.dropped]! },
    make(count: number) {
      const span = { ...traced.tracer.random()!, parentId: '', startMs: 1000, endMs: 1001, isError: false } as const;
      for (let nth = 0; nth < count; nth++)
        traced.tracer.record({ ...span, name: 'command', attributes: { tick: nth } });
    },
  };
}

const waitFor = (look: () => void) => vi.waitFor(look, { timeout: 15_000 });

test('all spans leave, many in a request, one request after the other', async () => {
  let running = 0;
  let atOnce = 0;
  answer = (request, response) => {
    expect([request.url, request.headers['x-key']]).toEqual(['/v1/traces', 'k']);
    atOnce = Math.max(atOnce, ++running);
    setTimeout(() => {
      running--;
      response.writeHead(200).end();
    }, 5);
  };
  const { make, exported, dropped } = start();
  make(2000);
  await waitFor(() => expect(exported()).toBe(2000));
  expect([requests, atOnce, dropped(), told]).toEqual([4, 1, 0, []]);
});

test('who refuses loses a batch, which is counted and told once, and is sent to again', async () => {
  answer = (_request, response) => response.writeHead(401).end('token hunter2 is wrong');
  const { make, exported, dropped } = start();
  for (let batch = 1; batch <= 3; batch++) {
    make(10);
    await waitFor(() => expect(dropped()).toBe(10 * batch));
  }
  expect(told).toEqual(['HTTP 401']);
  answer = (_request, response) => response.writeHead(200).end();
  make(1);
  await waitFor(() => expect(exported()).toBe(1));
  expect(told).toEqual(['HTTP 401', 'works']);
});

test('while it hangs nothing more is asked of it, and the end does not wait for it', async () => {
  answer = () => {};
  const { make, dropped } = start();
  make(600);
  await waitFor(() => expect(requests).toBe(1));
  await exporting.close();
  // The request has not been given up yet.
  expect([requests, dropped()]).toEqual([1, 0]);
});

test('a thread that has much to tell does not keep others waiting', async () => {
  const busy = setUpTracer(100, 1 << 20);
  const span = { ...busy.tracer.random()!, parentId: '', startMs: 1000, endMs: 1001, isError: false } as const;
  const fill = () => {
    for (let nth = 0; nth < 600; nth++) busy.tracer.record({ ...span, name: 'command', attributes: { tick: nth } });
  };
  const bodies: string[] = [];
  server.on('request', (request) => {
    bodies.push('');
    request.on('data', (part: Buffer) => {
      bodies[bodies.length - 1] += part.toString('latin1');
    });
  });
  answer = (_request, response) => {
    // Whenever it is looked at, there is more than goes into a request.
    if (requests < 6) fill();
    response.writeHead(200).end();
  };
  fill();
  const { make } = start((ring) => [
    ['edge-1', busy.data.ring],
    ['edge-2', ring],
  ]);
  make(10);
  await waitFor(() => expect(requests).toBeGreaterThan(5));
  expect(bodies.slice(0, 3).map((body) => [body.includes('edge-1'), body.includes('edge-2')])).toEqual([
    [true, false],
    [true, true],
    [true, false],
  ]);
});

test('what is left at the end is sent', async () => {
  const { make, exported } = start();
  make(700);
  await exporting.close();
  expect(exported()).toBe(700);
});
