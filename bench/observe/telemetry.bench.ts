// What all telemetry costs a zone: a real server full of players, with it and without, in turns of some seconds, so that the
// players and the machine are the same. With: phases measured, a tenth of all traces recorded and sent, /metrics asked for as
// often as Prometheus does. Without: phases, traces and scrapes off. Counters are always counted. Of each pair of turns the
// ratio is taken, and of those the median.

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
    const [bots, pairs, turnS] = isSmall ? [4, 1, 0.5] : [BOTS, PAIRS, TURN_S];
    const sink = await openSink();
    const { port } = sink.address() as AddressInfo;
    const args = ['--otlp-endpoint', `http://127.0.0.1:${port}`, '--trace-percent', '0', '--udp', 'auto'];
    const server = await startServer({ args, core: SERVER_CORE });
    const players = startBots(server.url, bots, seed);
    try {
      await untilIn(server.url, bots);
      await sleep(isSmall ? 0 : SETTLE_S * 1000);
      const ratios: Costs[] = [];
      for (let pair = 0; pair < pairs; pair++) ratios.push(await measurePair(server, turnS, pair % 2 === 0));
      const of = (name: keyof Costs) => median(ratios.map((ratio) => ratio[name]));
      const values = [of('zoneUs'), of('edgeUs'), of('serverUs')];
      return FIGURES.map((name, at): Figure => {
        return { figure: `observe.${name}`, value: values[at]!, unit: '', seed, checksum: `${pairs} pairs` };
      });
    } finally {
      await players.end();
      await server.stop();
      sink.close();
    }
  },
};

/** With against without, of which now the one and now the other comes first. */
async function measurePair(server: ServerProcess, turnS: number, isFirstWith: boolean): Promise<Costs> {
  const first = await measureTurn(server, turnS, isFirstWith);
  const second = await measureTurn(server, turnS, !isFirstWith);
  const [on, off] = isFirstWith ? [first, second] : [second, first];
  return {
    zoneUs: on.zoneUs / off.zoneUs,
    edgeUs: on.edgeUs / off.edgeUs,
    serverUs: on.serverUs / off.serverUs,
  };
}

async function measureTurn(
  { url, data, process: { pid } }: ServerProcess,
  turnS: number,
  isOn: boolean,
): Promise<Costs> {
  await askControl({ data, method: 'PUT', path: '/tracing', body: { percent: isOn ? TRACE_PERCENT : 0 } });
  await askControl({ data, method: 'PUT', path: '/phases', body: { measured: isOn } });
  const before = readThreads(pid!);
  const untilMs = performance.now() + turnS * 1000;
  while (performance.now() < untilMs) {
    if (isOn) await readMetrics(url);
    await sleep(Math.min(SCRAPE_MS, Math.max(0, untilMs - performance.now())));
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
  const numbers = { bots, seed, light: 90, 'ramp-up': bots / 50, duration: 3_600 };
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

async function untilIn(url: string, bots: number): Promise<void> {
  for (;;) {
    const { values } = await readMetrics(url);
    if ((values.get('darkages_players{zone_id="1"}') ?? 0) >= bots) return;
    await sleep(200);
  }
}
