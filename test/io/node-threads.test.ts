import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createManualClock } from '../../src/base/clock.ts';
import { game } from '../../src/game/game.ts';
import { parseConfig } from '../../src/io/config.ts';
import { createLog, createLogShared } from '../../src/io/log.ts';
import { startNodeThreads } from '../../src/io/node-threads.ts';
import type { NodeThreads } from '../../src/io/node-view.ts';
import { createTracer, NO_TRACE } from '../../src/io/tracing.ts';

interface Told {
  readonly name: string;
  readonly what: string;
  readonly port?: number;
  readonly epoch?: number;
  readonly resume?: boolean;
  readonly expiresAfterS?: number;
  readonly isRestart?: boolean;
  readonly edgeIndex?: number;
  readonly share?: number;
}

let folder: string;
let channel: BroadcastChannel;
let channels = 0;
let told: Told[];
let threads: NodeThreads | undefined;
let hopeless: string[];
let warnings: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-node-'));
  told = [];
  hopeless = [];
  warnings = [];
  // One a test: what threads of the test before still say is not for this one.
  process.env.NODE_THREAD_CHANNEL = `node-thread-${++channels}`;
  channel = new BroadcastChannel(process.env.NODE_THREAD_CHANNEL);
  channel.onmessage = (event) => told.push((event as { data: Told }).data);
});
afterEach(async () => {
  await threads?.drain();
  threads = undefined;
  channel.close();
  rmSync(folder, { recursive: true });
});

interface Line {
  readonly detail?: string;
}

const logShared = createLogShared('warn');

async function start(...argv: string[]): Promise<void> {
  const parsed = parseConfig(
    ['--zones', '2', '--http-port', '0', '--log-level', 'silent', '--udp', 'off', ...argv],
    {},
    '0',
  );
  if (!('config' in parsed)) throw new Error('config');
  const file = new URL('./fixtures/node-thread.ts', import.meta.url);
  threads = await startNodeThreads({
    config: parsed.config,
    game,
    files: { zone: file, wsEdge: file, udpEdge: file, store: file },
    storeOptions: { kind: 'embedded', folder },
    tracing: { tracer: createTracer(NO_TRACE), forThread: () => NO_TRACE },
    tokenKey: new Uint8Array(32),
    connectKey: new Uint8Array(32),
    webSocket: 'ws',
    tls: undefined,
    publicHosts: ['127.0.0.1'],
    log: createLog(logShared, {
      thread: 'main',
      write: (line) => warnings.push((JSON.parse(line) as Line).detail ?? ''),
    }),
    logShared,
    now: createManualClock().now,
    onHopeless: (reason) => hopeless.push(reason),
  });
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new Error(`not in time; told: ${JSON.stringify(told)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const startedNames = () => told.filter(({ what }) => what === 'started').map(({ name }) => name);

afterEach(() => {
  delete process.env.NODE_THREAD_STORE_MS;
  delete process.env.NODE_THREAD_STORE_FAILS;
});

test('edges load beside the store, zones go on when it has found them, and all end in the order that loses nothing', async () => {
  process.env.NODE_THREAD_STORE_MS = '1000';
  await start();
  await until(() => startedNames().length === 5);
  const order = told.flatMap(({ name, what }) =>
    what === 'up' || what === 'found' ? [what] : what === 'started' ? [name] : [],
  );
  expect(order.slice(0, 4).sort()).toEqual(['edge-1', 'edge-2', 'found', 'store']);
  expect(order.slice(4)).toEqual([expect.stringMatching(/^zone/), expect.stringMatching(/^zone/), 'up']);

  expect(threads?.zones()).toEqual([
    { zoneId: 1, players: 0, ws: [{ edge: 1, place: 0, port: 7777, players: 0 }], udp: [] },
    { zoneId: 2, players: 0, ws: [{ edge: 1, place: 1, port: 7778, players: 0 }], udp: [] },
  ]);
  expect(await threads?.drain()).toEqual([]);
  const ends = () => told.filter(({ what }) => what === 'drain' || what === 'stop').map(({ name }) => name.slice(0, 4));
  await until(() => ends().length === 5);
  expect(ends()).toEqual(['edge', 'edge', 'zone', 'zone', 'stor']);
});

test('with UDP each zone has a second edge, at the same port number', async () => {
  await start('--udp', 'auto');
  await until(() => startedNames().length === 7);
  expect(startedNames().slice(1).sort()).toEqual(['edge-1', 'edge-2', 'udp-edge-1', 'udp-edge-2', 'zone-1', 'zone-2']);
  expect(threads?.zones().map(({ ws, udp }) => [ws[0]?.port, udp[0]?.port])).toEqual([
    [7777, 7777],
    [7778, 7778],
  ]);
  const figures = await threads?.figures();
  expect(figures?.map(({ name }) => name)).toEqual(expect.arrayContaining(['edge-1', 'udp-edge-1', 'udp-edge-2']));
});

test('with --edges 2 each has a port, a name, a share of the bandwidth and figures of its own', async () => {
  await start('--udp', 'auto', '--edges', '2', '--bandwidth-mbit', '8');
  await until(() => startedNames().length === 11);
  // Each tells it for itself, so in which order that is heard says nothing.
  const edges = told
    .filter(({ name, what }) => what === 'started' && name.includes('edge'))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  expect(edges.map(({ name }) => name)).toEqual(
    ['edge', 'udp-edge'].flatMap((kind) => ['1', '1-2', '2', '2-2'].map((edge) => `${kind}-${edge}`)),
  );
  expect(threads?.zones().map(({ ws, udp }) => [ws, udp].map((edges) => edges.map(({ port }) => port)))).toEqual([
    [
      [7777, 7778],
      [7777, 7778],
    ],
    [
      [7779, 7780],
      [7779, 7780],
    ],
  ]);
  // By index the zone knows them, by place they share the bandwidth.
  expect(edges.map(({ edgeIndex }) => edgeIndex)).toEqual([0, 1, 0, 1, 2, 3, 2, 3]);
  expect(edges.map(({ share }) => share)).toEqual([undefined, undefined, undefined, undefined, 0, 1, 2, 3]);
  const labels = threads?.sources.flatMap((source) =>
    source.labels.zone_id === '2' && !['thread', 'loop', 'phase'].includes(String(source.kind))
      ? [source.labels.edge]
      : [],
  );
  expect(labels).toEqual([undefined, undefined, 'ws-1', 'ws-2', 'udp-1', 'udp-2', 'udp-1', 'udp-2']);
  channel.postMessage({ die: 'udp-edge-2-2' });
  await until(() => startedNames().filter((name) => name === 'udp-edge-2-2').length === 2);
  expect(told.filter(({ name, what }) => name === 'udp-edge-2-2' && what === 'started').at(-1)).toMatchObject({
    port: 7780,
    edgeIndex: 3,
    share: 3,
  });
  // The main thread takes it into its books a moment after it has told that it is there.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await threads?.drain()).toEqual([]);
});

test.each([
  { udp: 'auto', bytes: 16 << 20, isTold: false },
  { udp: 'auto', bytes: 425_984, isTold: true },
  { udp: 'off', bytes: 425_984, isTold: false },
])(
  'sockets that were granted $bytes bytes, UDP $udp: said once at the start: $isTold',
  async ({ udp, bytes, isTold }) => {
    process.env.NODE_THREAD_BUFFER_BYTES = String(bytes);
    await start('--udp', udp).finally(() => delete process.env.NODE_THREAD_BUFFER_BYTES);
    expect(warnings).toEqual(isTold ? [expect.stringContaining('net.core.rmem_max')] : []);
  },
);

test('a dead zone goes on with the next epoch, its edge stays', async () => {
  await start();
  channel.postMessage({ die: 'zone-2' });
  await until(() => startedNames().filter((name) => name === 'zone-2').length === 2);
  expect(told.filter(({ name, what }) => name === 'zone-2' && what === 'started')).toMatchObject([
    { epoch: 42, resume: false },
    { epoch: 43, resume: true },
  ]);
  expect(startedNames().filter((name) => name.startsWith('edge'))).toHaveLength(2);
  expect(hopeless).toEqual([]);
});

test('a dead edge comes back on the port it had', async () => {
  await start('--port', '0');
  channel.postMessage({ die: 'edge-1' });
  await until(() => startedNames().filter((name) => name === 'edge-1').length === 2);
  expect(told.filter(({ name }) => name === 'edge-1').map(({ port }) => port)).toEqual([0, 40_000]);
});

test('a dead store comes back and every edge gets a new port to it', async () => {
  await start();
  channel.postMessage({ die: 'store' });
  await until(() => told.filter(({ what }) => what === 'storePort').length === 2);
  expect(startedNames().filter((name) => name === 'store')).toHaveLength(2);
});

test('an edge that dies with the store, and is up after it, gets a port to the new one', async () => {
  await start('--port', '0');
  channel.postMessage({ die: 'store edge-1' });
  await until(() => startedNames().filter((name) => name === 'edge-1').length === 2);
  await until(() => told.some(({ name, what }) => name === 'edge-1' && what === 'storePort'));
  expect(hopeless).toEqual([]);
});

test('a zone that hangs is ended and goes on with the next epoch', async () => {
  await start();
  threads?.replaceZone(1);
  await until(() => startedNames().filter((name) => name === 'zone-2').length === 2);
  expect(told.filter(({ name, what }) => name === 'zone-2' && what === 'started').at(-1)).toMatchObject({
    epoch: 43,
    resume: true,
  });
});

test('what one thread used up of restarts, others still have', async () => {
  await start();
  for (let death = 1; death <= 4; death++) {
    for (const name of ['zone-1', 'zone-2']) {
      await until(() => startedNames().filter((started) => started === name).length === death);
      channel.postMessage({ die: name });
    }
  }
  await until(() => startedNames().filter((name) => name === 'zone-2').length === 5);
  expect(hopeless).toEqual([]);
});

test('a thread that dies again and again is hopeless', async () => {
  await start();
  for (let death = 1; death <= 6; death++) {
    await until(() => startedNames().filter((name) => name === 'zone-1').length === death);
    channel.postMessage({ die: 'zone-1' });
  }
  await until(() => hopeless.length > 0);
  expect(hopeless[0]).toMatch(/^thread zone-1 died \(told to die\)/);
});

test('when one thread can not start, all others are stopped', async () => {
  await expect(start('--port', '8')).rejects.toMatchObject({ code: 'DARKAGES_EDGE_PORT_IN_USE' });
  await until(() => told.filter(({ what }) => what === 'drain' || what === 'stop').length === 4);
});

test('when the store can not start, that is told, zones are ended and edges stopped', async () => {
  process.env.NODE_THREAD_STORE_FAILS = 'yes';
  process.env.NODE_THREAD_STORE_MS = '1000';
  await expect(start()).rejects.toMatchObject({ code: 'DARKAGES_STORE_FOLDER_IN_USE' });
  await until(() => told.filter(({ what }) => what === 'drain').length === 2);
  expect(startedNames().filter((name) => name.startsWith('zone'))).toEqual([]);
});

test('only threads that come back refuse tokens of before', async () => {
  await start('--udp', 'portable', '--zones', '1');
  await until(() => startedNames().length === 4);
  channel.postMessage({ die: 'udp-edge-1 store' });
  await until(() => startedNames().length === 6);
  const started = (of: string) => told.filter(({ name, what }) => name === of && what === 'started');
  expect(started('udp-edge-1').map(({ expiresAfterS }) => expiresAfterS! > 0)).toEqual([false, true]);
  expect(started('store').map(({ isRestart }) => isRestart)).toEqual([false, true]);
});
