// What all telemetry costs a zone: a real server full of players, of whom a fifth trade, while others come; with it and without,
// in turns of some seconds, so that the players and the machine are the same. With: phases measured, a tenth of all traces
// recorded and sent, /metrics asked for as often as Prometheus does. Without: phases, traces and scrapes off. Counters are
// always counted. Of each pair of turns the ratio is taken, and of those the median.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { askControl } from '../../src/io/control-client.ts';
import { type Bench, type Figure, median } from '../bench.ts';
import { readThreads, threadsBetween } from '../players/process-stats.ts';
import { type RunOutcome, readMetrics, runBots, type ServerProcess, startServer } from '../server.ts';

const FIGURES = ['telemetry.zoneCpuRatio', 'telemetry.edgeCpuRatio', 'telemetry.serverCpuRatio'];
const BOTS = 500;
const PAIRS = 10;
const TURN_S = 8;
/** As infra/prometheus/prometheus.yml has it. */
const SCRAPE_MS = 5_000;
const SETTLE_S = 12;
const TRACE_PERCENT = 10;
const TRADE_PERCENT = 20;
const SESSIONS_PER_TURN = 10;
/** For all to come in. */
const JOIN_S_MAX = 60;
const SERVER_CORE = 1;
const BOTS_CORE = 0;

interface Costs {
  readonly zoneUs: number;
  readonly edgeUs: number;
  readonly serverUs: number;
}

export const bench: Bench = {
  figures: FIGURES.map((name) => `observe.${name}`),
  needs: () => (process.platform === 'linux' ? undefined : 'the CPU time of a thread, which Linux tells'),
  async run(seed, isSmall) {
    const turn = isSmall ? { turnS: 0.5, tracePercent: 100 } : { turnS: TURN_S, tracePercent: TRACE_PERCENT };
    const [bots, pairs] = isSmall ? [4, 1] : [BOTS, PAIRS];
    const sink = await openSink();
    const { port } = sink.address() as AddressInfo;
    const args = ['--otlp-endpoint', `http://127.0.0.1:${port}`, '--trace-percent', '0', '--udp', 'auto'];
    const server = await startServer({ args, core: SERVER_CORE });
    const players = startBots(server.url, bots, seed);
    try {
      await untilIn(server.url, bots);
      await sleep(isSmall ? 0 : SETTLE_S * 1000);
      const ratios: Costs[] = [];
      for (let pair = 0; pair < pairs; pair++) ratios.push(await measurePair(server, turn, pair % 2 === 0));
      const spans = await untilSpans(server.url);
      const of = (name: keyof Costs) => median(ratios.map((ratio) => ratio[name]));
      const values = [of('zoneUs'), of('edgeUs'), of('serverUs')];
      return FIGURES.map((name, at): Figure => {
        return {
          figure: `observe.${name}`,
          value: values[at]!,
          unit: '',
          seed,
          checksum: spans > 0 ? 'spans' : 'none',
        };
      });
    } finally {
      await players.end();
      await server.stop();
      sink.close();
    }
  },
};

/** With against without, of which now the one and now the other comes first. */
async function measurePair(server: ServerProcess, turn: Turn, isFirstWith: boolean): Promise<Costs> {
  const first = await measureTurn(server, turn, isFirstWith);
  const second = await measureTurn(server, turn, !isFirstWith);
  const [on, off] = isFirstWith ? [first, second] : [second, first];
  return {
    zoneUs: on.zoneUs / off.zoneUs,
    edgeUs: on.edgeUs / off.edgeUs,
    serverUs: on.serverUs / off.serverUs,
  };
}

interface Turn {
  readonly turnS: number;
  readonly tracePercent: number;
}

async function measureTurn(server: ServerProcess, { turnS, tracePercent }: Turn, isOn: boolean): Promise<Costs> {
  const { url, data } = server;
  const { pid } = server.process;
  await askControl({ data, method: 'PUT', path: '/tracing', body: { percent: isOn ? tracePercent : 0 } });
  await askControl({ data, method: 'PUT', path: '/phases', body: { measured: isOn } });
  const before = readThreads(pid!);
  const stepMs = (turnS * 1000) / SESSIONS_PER_TURN;
  const untilMs = performance.now() + turnS * 1000;
  let scrapeAtMs = performance.now();
  while (performance.now() < untilMs) {
    if (isOn && performance.now() >= scrapeAtMs) {
      await readMetrics(url);
      scrapeAtMs += SCRAPE_MS;
    }
    await openSession(url);
    await sleep(Math.min(stepMs, Math.max(0, untilMs - performance.now())));
  }
  const threads = threadsBetween(before, readThreads(pid!));
  const sum = (isOf: (name: string) => boolean): number =>
    Object.entries(threads).reduce((cpuUs, [name, times]) => (isOf(name) ? cpuUs + times.cpuUs : cpuUs), 0);
  return {
    zoneUs: sum((name) => name.startsWith('zone-')),
    edgeUs: sum((name) => name.includes('edge-')),
    serverUs: sum(() => true),
  };
}

/** Takes whatever spans are sent. */
async function openSink(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function startBots(url: string, bots: number, seed: number): { end(): Promise<RunOutcome> } {
  let interrupt = (): void => {};
  const numbers = {
    bots,
    seed,
    light: 100 - TRADE_PERCENT,
    trade: TRADE_PERCENT,
    'ramp-up': bots / 50,
    duration: 3_600,
  };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const playing = runBots(['--url', url, '--transport', 'udp', ...flags], BOTS_CORE, (child) => {
    interrupt = () => void child.kill('SIGINT');
  });
  return {
    end() {
      interrupt();
      return playing;
    },
  };
}

async function openSession(url: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(`${url}/v1/session`, { method: 'POST', headers, body: '{}' });
  if (status !== 200) throw new Error(`a session was answered with ${status}`);
}

/** Traces were really recorded and sent: how many spans. */
async function untilSpans(url: string): Promise<number> {
  return until('spans that were sent', async () => {
    const { values } = await readMetrics(url);
    return values.get('darkages_trace_spans_total{result="exported"}') ?? 0;
  });
}

async function untilIn(url: string, bots: number): Promise<void> {
  await until(`${bots} players`, async () => {
    const { values } = await readMetrics(url);
    return Number((values.get('darkages_players{zone_id="1"}') ?? 0) >= bots);
  });
}

/** Until it is more than 0. */
async function until(what: string, read: () => Promise<number>): Promise<number> {
  const deadlineMs = performance.now() + JOIN_S_MAX * 1000;
  for (;;) {
    const value = await read();
    if (value > 0) return value;
    if (performance.now() > deadlineMs) throw new Error(`not within ${JOIN_S_MAX} s: ${what}`);
    await sleep(200);
  }
}
