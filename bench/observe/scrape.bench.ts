// What a scrape of /metrics costs the main thread of a node with 16 zones, each with a WebSocket and a UDP edge, and how many
// series it has: HTTP, asking 49 threads, the disk, the text. The blocks hold the numbers of a server that 4,000 have played
// on for days: players change those and nothing else, since no series is a player's. The threads are real and do nothing but
// wake as zones and edges do; who scrapes is a thread of its own.

import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createCounterBuffer } from '../../src/base/counters.ts';
import { createRandom } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import { createRepeats } from '../../src/gateway/repeats.ts';
import type { BlockSource } from '../../src/io/block-series.ts';
import { CONTENT_TYPES, chooseFormat } from '../../src/io/exposition.ts';
import { prepareHttp } from '../../src/io/http.ts';
import { createHttpMetrics } from '../../src/io/http-metrics.ts';
import { nodeMetrics } from '../../src/io/node-metrics.ts';
import { createMetrics } from '../../src/io/prometheus.ts';
import { edgeName, loopSources, zoneSources } from '../../src/io/thread-sources.ts';
import { measureThisThread } from '../../src/io/thread-stats.ts';
import { startThread, type Thread } from '../../src/io/threads.ts';
import { createUdpCounterBuffer } from '../../src/io/udp-metrics.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import { type Bench, exactCpuMicros, median } from '../bench.ts';

const ZONES = 16;
const KINDS = ['ws', 'udp'] as const;
const ROUNDS = 7;
const SCRAPES = 40;
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0';

export const bench: Bench = {
  figures: ['observe.scrape.series', 'observe.scrape.cpuMs'],
  async run(seed, isSmall) {
    const zones = isSmall ? 2 : ZONES;
    const threads = await startThreads(zones);
    const sources = createSources(zones);
    const http = createHttpMetrics();
    const metrics = createMetrics({
      sources: [...sources, ...http.sources],
      threads: async () => {
        const figures = await Promise.all(threads.map((thread) => thread.figures()));
        return [measureThisThread('main'), ...figures.filter((one) => one !== undefined)];
      },
      live: nodeMetrics({
        ...{ version: '1', game, protocol: '1', playersMax: 4096, certificate: undefined },
        zoneIds: Array.from({ length: zones }, (_, zone) => zone + 1),
        dataFolder: tmpdir(),
        isReady: async () => true,
        stuckZones: () => [],
      }),
    });
    const prepared = await prepareHttp({
      ...{ host: '127.0.0.1', port: 0, page: new Map(), trustProxy: false, posts: {}, repeats: createRepeats() },
      async metrics(accept) {
        const format = chooseFormat(accept);
        return { contentType: CONTENT_TYPES[format], text: await metrics.text(format) };
      },
      ...{
        onAnswered: (path: string | undefined, status: number, durationS: number) =>
          http.count(path, status, durationS),
        lines: () => [],
        readiness: async () => [],
      },
      onError(error) {
        throw error;
      },
    });
    const server = await prepared.listen();
    const scraper = createScraper(`http://127.0.0.1:${server.port}/metrics`);
    try {
      fill(sources, seed);
      const text = await scraper.scrape(1);
      const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const names = new Set(series.map((line) => line.replace(/[{ ].*/, '')));
      const scrapes = isSmall ? 3 : SCRAPES;
      await scraper.scrape(scrapes);
      const cpuMs: number[] = [];
      for (let round = 0; round < (isSmall ? 2 : ROUNDS); round++) {
        const from = exactCpuMicros();
        await scraper.scrape(scrapes);
        cpuMs.push((exactCpuMicros() - from) / scrapes / 1000);
      }
      const common = { seed, checksum: `${zones} zones, ${names.size} names` };
      return [
        { figure: 'observe.scrape.series', value: series.length, unit: '', ...common },
        { figure: 'observe.scrape.cpuMs', value: median(cpuMs), unit: 'ms', ...common },
      ];
    } finally {
      await scraper.stop();
      await server.close();
      for (const thread of threads) thread.terminate('done');
    }
  },
};

/** As a node of so many zones has them, with what is the same for all nodes. */
function createSources(zones: number): BlockSource[] {
  const ofZones = Array.from({ length: zones }, (_, zone) =>
    zoneSources(game, {
      zoneId: zone + 1,
      buffers: createZoneBuffers(game, KINDS.length, 64),
      threadCounters: createCounterBuffer('thread'),
      edges: KINDS.map((kind, index) => ({
        ...{ kind, index, edge: 1, udpCounters: createUdpCounterBuffer() },
        ...{ threadCounters: createCounterBuffer('thread'), loopDelay: createCounterBuffer('loop') },
      })),
    }),
  ).flat();
  const loopOf = (name: string) => loopSources(name, {}, createCounterBuffer('thread'), createCounterBuffer('loop'));
  return [
    ...ofZones,
    ...(['store', 'gateway', 'log'] as const).map(
      (kind): BlockSource => ({ kind, labels: {}, blocks: [createCounterBuffer(kind)] }),
    ),
    ...loopOf('store'),
    ...loopOf('main'),
  ];
}

/** Each word any number: long ones cost more than 0. */
function fill(sources: readonly BlockSource[], seed: number): void {
  const random = createRandom(seed);
  for (const { blocks } of sources) {
    for (const block of blocks) {
      const words = new Uint32Array(block);
      for (let word = 0; word < words.length; word++) words[word] = random.u32();
    }
  }
}

/** One after the other: each is there before the next begins. */
async function startThreads(zones: number): Promise<Thread[]> {
  const file = new URL('./idle-thread.ts', import.meta.url);
  const threads = [await startThread({ name: 'store', file, workerData: { isZone: false } })];
  for (let zoneId = 1; zoneId <= zones; zoneId++) {
    const labels = { zone_id: String(zoneId) };
    threads.push(await startThread({ name: `zone-${zoneId}`, file, labels, workerData: { isZone: true } }));
    for (const kind of KINDS) {
      const name = edgeName(zoneId, { kind, edge: 1 });
      threads.push(await startThread({ name, file, labels, workerData: { isZone: false } }));
    }
  }
  return threads;
}

/** A thread of its own, so that its CPU time is not the server's. */
function createScraper(url: string) {
  const code = `const { parentPort, workerData: { url, accept } } = require('node:worker_threads');
    parentPort.on('message', async (count) => {
      let text = '';
      for (let done = 0; done < count; done++) text = await (await fetch(url, { headers: { accept } })).text();
      parentPort.postMessage(text);
    });`;
  const worker = new Worker(code, { eval: true, workerData: { url, accept: OPEN_METRICS } });
  return {
    scrape(count: number): Promise<string> {
      return new Promise((resolve, reject) => {
        worker.once('error', reject);
        worker.once('message', resolve);
        worker.postMessage(count);
      });
    },
    stop: () => worker.terminate(),
  };
}
