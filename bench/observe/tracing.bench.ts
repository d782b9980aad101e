// What traces cost where they are made and where they leave, at 0, 10 and 100 %: a committed request at its edge (timed for
// its histogram in any case), its commit at the store, a join, and each span on its way out of the main thread, to a sink in
// another thread. CPU time of this thread; rounds of the three shares take turns, and the median round counts. What it
// costs a whole server is measured with bots: `npm run bench:players` with and without --otlp-endpoint.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { createRandom } from '../../src/base/random.ts';
import { createRingBuffer, createRingReader } from '../../src/base/ring.ts';
import { game } from '../../src/game/game.ts';
import { aboutCommand, createTracer } from '../../src/io/tracing.ts';
import { createEdgeTimes } from '../../src/io/tracing-edge.ts';
import { startSpanExport } from '../../src/io/tracing-export.ts';
import { recordKept } from '../../src/io/tracing-store.ts';
import type { Commit } from '../../src/store/commit.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { type Bench, exactCpuMicros, type Figure, median } from '../bench.ts';

const SHARES = [0, 10, 100] as const;
const WORKS = ['command', 'commit', 'join'] as const;
/** Spans of a round fit the ring, which is emptied between rounds. */
const PER_ROUND = 1_000;
const ROUNDS = 60;
const RING_BYTES = 1 << 20;
const EXPORTED = 30_000;

const SINK = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:http').createServer((request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(200).end());
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

const nanosOf = (work: string, share: number): string => `observe.trace.${work}${share}Nanos`;
const EXPORT_MICROS = 'observe.trace.exportMicros';

export const bench: Bench = {
  figures: [...WORKS.flatMap((work) => SHARES.map((share) => nanosOf(work, share))), EXPORT_MICROS],
  async run(seed, isSmall) {
    const set = setUp(seed);
    const works = createWorks(set);
    const costs = new Map<string, number[]>();
    for (let round = 0; round < (isSmall ? 2 : ROUNDS); round++) {
      for (const work of WORKS) {
        for (const share of SHARES) {
          set.setShare(share);
          const before = exactCpuMicros();
          for (let nth = 0; nth < PER_ROUND; nth++) works[work]();
          const nanos = ((exactCpuMicros() - before) * 1000) / PER_ROUND;
          set.empty();
          costs.set(nanosOf(work, share), [...(costs.get(nanosOf(work, share)) ?? []), nanos]);
        }
      }
    }
    const checksum = set.checksum();
    const figures = [...costs].map(
      ([figure, values]): Figure => ({ figure, value: median(values), unit: 'ns', seed, checksum }),
    );
    const exportMicros = await measureExport(isSmall ? 600 : EXPORTED);
    return [...figures, { figure: EXPORT_MICROS, value: exportMicros, unit: 'µs', seed, checksum }];
  },
};

function setUp(seed: number) {
  const counters = createCounterBuffer('trace');
  const { words, index } = createCounters('trace', counters);
  const ring = createRingBuffer(RING_BYTES);
  const reader = createRingReader(ring);
  const tracer = createTracer({ counters, ring, secret: String(seed) });
  const random = createRandom(seed);
  return {
    tracer,
    counters,
    ring,
    nextKey: () => 1 + random.below(0xffff_fffe),
    setShare(share: number) {
      words[index.percent] = share;
    },
    empty() {
      while (reader.next());
      if (words[index.dropped] !== 0) throw new Error('the ring was too small: drops were measured');
    },
    /** Ids of the seed: the same seed records the same. */
    checksum() {
      words[index.percent] = 10;
      const sum = createHash('sha256');
      for (let key = 1; key <= 1_000; key++) sum.update(tracer.derive(aboutCommand(seed, key))?.traceId ?? '');
      return sum.digest('hex').slice(0, 8);
    },
  };
}

function createWorks({ tracer, nextKey }: ReturnType<typeof setUp>): Record<(typeof WORKS)[number], () => void> {
  const messages = createMessages(game);
  const { histograms } = createCounters('edge');
  const times = createEdgeTimes({ tracer, histograms, game, zoneId: 1, transport: 'udp' });
  const connection = { openedMs: performance.timeOrigin + performance.now(), playerId: 4_503_599_627_370_495 };
  const response = encodeToBytes(messages.serverResponse, { id: 1, refused: '' });
  const commit: Commit = {
    ...{ id: 'n/1/1/1/1', game: 'darkages', zoneId: 1, tick: 1, playerId: connection.playerId, key: 1 },
    ...{ request: 'buy', refused: '', transfers: [] },
  };
  return {
    command() {
      times.asked(connection, { id: 1, key: nextKey(), buy: { item: 1, count: 1 } });
      times.answered(connection, messages, response, 0, response.length);
    },
    commit: () => recordKept(tracer, [{ ...commit, key: nextKey() }], 3),
    join() {
      times.joining(connection);
      times.known(connection, `token ${nextKey()}`, connection.playerId);
      times.welcomed(connection);
      times.served(connection);
    },
  };
}

async function measureExport(count: number): Promise<number> {
  const sink = new Worker(SINK, { eval: true });
  const [port] = (await once(sink, 'message')) as [number];
  const { tracer, counters, ring } = setUp(1);
  const block = createCounters('trace', counters);
  const { words, index } = block;
  words[index.percent] = 100;
  const exporting = startSpanExport({
    ...{ endpoint: `http://127.0.0.1:${port}/v1/traces`, headers: {}, counters: block, version: '', instance: '' },
    rings: () => [['edge-1', ring] as const],
    onFailing: (code) => {
      throw new Error(`the sink does not take spans: ${code}`);
    },
    onWorking: () => {},
    lookMs: 1,
  });
  const attributes = { playerId: 4_503_599_627_370_495, zoneId: 1, transport: 'udp', request: 'buy' };
  let made = 0;
  let cpuMicros = 0;
  while (made < count) {
    for (let nth = 0; nth < PER_ROUND && made < count; nth++, made++) {
      const span = {
        name: 'command',
        ...tracer.random()!,
        parentId: '',
        startMs: 1,
        endMs: 2,
        isError: false,
      } as const;
      tracer.record({ ...span, attributes });
    }
    const before = exactCpuMicros();
    while (words[index.exported]! < made) await new Promise((resolve) => setTimeout(resolve, 2));
    cpuMicros += exactCpuMicros() - before;
  }
  await exporting.close();
  await sink.terminate();
  return cpuMicros / count;
}
