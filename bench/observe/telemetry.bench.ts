// What all telemetry costs a zone: a real server full of players, of whom a fifth trade, while others come; with it and without,
// in turns of some seconds, so that the players and the machine are the same. With: phases measured, a tenth of all traces
// recorded and sent, /metrics asked for as often as Prometheus does. Without: phases, traces and scrapes off. Counters are
// always counted. Turns are short and many, since what players do varies by a tenth from one second to the next; every second
// one without is set against its neighbour without, which says how much of the ratio is chance.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { askControl } from '../../src/io/control-client.ts';
import type { Bench, Figure } from '../bench.ts';
import { readThreads, threadsBetween } from '../players/process-stats.ts';
import { readMetrics, type ServerProcess, startBots, startServer } from '../server.ts';

const FIGURES = ['zoneCpuRatio', 'edgeCpuRatio', 'serverCpuRatio', 'zoneCpuRatioByChance'];
const BOTS = 500;
/** Of three turns each, one of them with. */
const ROUNDS = 30;
const TURN_S = 2;
/** As infra/prometheus/prometheus.yml has it. */
const SCRAPE_MS = 5_000;
const SETTLE_S = 12;
const TRACE_PERCENT = 10;
const TRADE_PERCENT = 20;
const SESSIONS_PER_TURN = 3;
/** For all to come in. */
const JOIN_S_MAX = 60;
const SERVER_CORE = 1;
const BOTS_CORE = 0;

interface Costs {
  zoneUs: number;
  edgeUs: number;
  serverUs: number;
}

export const bench: Bench = {
  figures: FIGURES.map((name) => `observe.telemetry.${name}`),
  needs: () => (process.platform === 'linux' ? undefined : 'the CPU time of a thread, which Linux tells'),
  async run(seed, isSmall) {
    const turn = isSmall ? { turnS: 0.5, tracePercent: 100 } : { turnS: TURN_S, tracePercent: TRACE_PERCENT };
    const [bots, rounds] = isSmall ? [4, 1] : [BOTS, ROUNDS];
    const sink = await openSink();
    const { port } = sink.address() as AddressInfo;
    const args = ['--otlp-endpoint', `http://127.0.0.1:${port}`, '--trace-percent', '0', '--udp', 'auto'];
    const server = await startServer({ args, core: SERVER_CORE });
    const players = startPlayers(server.url, bots, seed);
    try {
      await untilIn(server.url, bots);
      await sleep(isSmall ? 0 : SETTLE_S * 1000);
      const sums = { on: noCosts(), off: noCosts(), offAgain: noCosts() };
      const scrape = createScraper(server.url);
      for (let round = 0; round < rounds; round++) {
        // Each comes first, second and third as often.
        const order = (['on', 'off', 'offAgain'] as const).map((_, place, all) => all[(place + round) % 3]!);
        for (const kind of order) add(sums[kind], await measureTurn(server, turn, kind === 'on' ? scrape : undefined));
      }
      const spans = await untilSpans(server.url);
      const ratio = (name: keyof Costs) => (2 * sums.on[name]) / (sums.off[name] + sums.offAgain[name]);
      const values = [ratio('zoneUs'), ratio('edgeUs'), ratio('serverUs'), sums.offAgain.zoneUs / sums.off.zoneUs];
      return FIGURES.map((name, at): Figure => {
        const figure = `observe.telemetry.${name}`;
        return { figure, value: values[at]!, unit: '', seed, checksum: spans > 0 ? 'spans' : 'none' };
      });
    } finally {
      await players.stop();
      await server.stop();
      sink.close();
    }
  },
};

function noCosts(): Costs {
  return { zoneUs: 0, edgeUs: 0, serverUs: 0 };
}

function add(sum: Costs, costs: Costs): void {
  for (const name of ['zoneUs', 'edgeUs', 'serverUs'] as const) sum[name] += costs[name];
}

/** Asks for metrics when it is time again, if it is called by then. */
function createScraper(url: string): () => Promise<void> {
  let dueMs = 0;
  return async () => {
    if (performance.now() < dueMs) return;
    dueMs = performance.now() + SCRAPE_MS;
    await readMetrics(url);
  };
}

interface Turn {
  readonly turnS: number;
  readonly tracePercent: number;
}

/** @param scrape with telemetry; undefined: without */
async function measureTurn(
  server: ServerProcess,
  { turnS, tracePercent }: Turn,
  scrape: (() => Promise<void>) | undefined,
): Promise<Costs> {
  const { url, data } = server;
  const { pid } = server.process;
  const isOn = scrape !== undefined;
  await askControl({ data, method: 'PUT', path: '/tracing', body: { percent: isOn ? tracePercent : 0 } });
  await askControl({ data, method: 'PUT', path: '/phases', body: { measured: isOn } });
  const before = readThreads(pid!);
  const untilMs = performance.now() + turnS * 1000;
  while (performance.now() < untilMs) {
    await scrape?.();
    await openSession(url);
    await sleep(Math.min((turnS * 1000) / SESSIONS_PER_TURN, Math.max(0, untilMs - performance.now())));
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

function startPlayers(url: string, bots: number, seed: number): ReturnType<typeof startBots> {
  const numbers = {
    bots,
    seed,
    light: 100 - TRADE_PERCENT,
    trade: TRADE_PERCENT,
    'ramp-up': bots / 50,
    duration: 3_600,
  };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return startBots(['--url', url, '--transport', 'udp', ...flags], BOTS_CORE);
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
