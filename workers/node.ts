// Main thread of a node: reads the configuration, starts the threads, serves HTTP last, says what runs where, and ends
// all of it in order. Composition only; each part is in src. Exit codes: 0 drained, 1 something failed while running
// (its parent starts it again), 2 it can't run as configured.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createCounterBuffer, createCounters } from '../src/base/counters.ts';
import { errorCode } from '../src/base/errors.ts';
import { zoneUrl } from '../src/gateway/advertise.ts';
import { countAnswer } from '../src/gateway/answers.ts';
import { openSession } from '../src/gateway/session.ts';
import { createTokenSigner, TOKEN_KEY_BYTES } from '../src/gateway/token.ts';
import { screenText } from '../src/guard/text.ts';
import { createSodiumAead } from '../src/io/aead-sodium.ts';
import { type Config, parseConfig } from '../src/io/config.ts';
import { chooseHost, createConnectTokens, findPublicHosts } from '../src/io/connect-tokens.ts';
import { loadGame } from '../src/io/game-module.ts';
import { type HttpServer, type PageFile, startHttp } from '../src/io/http.ts';
import { type NodeThreads, startNodeThreads } from '../src/io/node-threads.ts';
import { buildPage } from '../src/io/page-bundle.ts';
import { createPasswords } from '../src/io/password.ts';
import { createMetrics } from '../src/io/prometheus.ts';
import { createSessionLimits, hashGuestSecret, secureRandom } from '../src/io/session-ports.ts';
import { createLogger, type Logger, systemClock, wallClockS } from '../src/io/system.ts';
import { withTimeout } from '../src/io/threads.ts';
import { createTickWatch } from '../src/observe/tick-watch.ts';
import type { AnyGame } from '../src/sim/game.ts';
import { KEY_BYTES } from '../src/transport/layout.ts';

const EXIT_FAILED = 1;
const EXIT_CONFIG = 2;
const TICK_SAMPLE_MS = 500;
const STORE_PING_MS = 1_000;
/** Counter blocks wrap after minutes at the earliest; Prometheus may ask less often. */
const COUNTER_SAMPLE_MS = 10_000;

const version = String(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);

async function main(): Promise<void> {
  const parsed = parseConfig(process.argv.slice(2), process.env, version);
  if ('text' in parsed) {
    process.stdout.write(parsed.text);
    return;
  }
  const publicHosts = await findPublicHosts({ ...parsed.config, advertisedHost: parsed.config.advertise?.host });
  const config: Config = publicHosts.length === 0 ? { ...parsed.config, udp: 'off' } : parsed.config;
  const log = createLogger(config.logLevel);
  const ending = createEnding(log);
  const game = await loadGame(config.gameUrl);
  const page = await buildPage(config.gameUrl);
  const tokenKey = randomBytes(TOKEN_KEY_BYTES);
  const connectKey = randomBytes(KEY_BYTES);
  const threads = await startNodeThreads({
    config,
    game,
    log,
    tokenKey,
    connectKey,
    publicHosts,
    files: {
      zone: new URL('./zone.ts', import.meta.url),
      wsEdge: new URL('./ws-edge.ts', import.meta.url),
      udpEdge: new URL('./udp-edge.ts', import.meta.url),
      store: new URL('./store.ts', import.meta.url),
    },
    now: systemClock.now,
    onHopeless: (reason) => {
      log.fatal(reason);
      ending.fail();
    },
  });
  ending.add(() => threads.drain());
  const keys = { tokenKey, connectKey, publicHosts };
  const http = await serve(config, game, page, threads, keys, log, ending);
  printAddresses(config, game, http.port, threads);
  if (config.udp !== parsed.config.udp) {
    process.stdout.write(
      '  UDP is off: the host of --advertise has no IP address here; name one with --advertise-udp.\n',
    );
  }
  process.send?.('ready');
  ending.start();
}

interface Keys {
  readonly tokenKey: Uint8Array;
  readonly connectKey: Uint8Array;
  /** Of this node, for connect tokens. */
  readonly publicHosts: readonly string[];
}

async function serve(
  config: Config,
  game: AnyGame,
  page: ReadonlyMap<string, PageFile>,
  threads: NodeThreads,
  keys: Keys,
  log: Logger,
  ending: Ending,
): Promise<HttpServer> {
  const signer = createTokenSigner(keys.tokenKey);
  const mint = createConnectTokens(createSodiumAead(), keys.connectKey);
  const ports = {
    accounts: threads.store,
    passwords: createPasswords(),
    random: secureRandom,
    isNameClean: (name: string) => screenText(name, 'name').code === '',
    hashGuestSecret,
    limits: createSessionLimits(config.sessionsPerMinute),
    findZone: threads.store.findZone,
    mintConnectToken: (playerId: number, localAddress: string, port: number, nowS: number) =>
      Buffer.from(mint(playerId, chooseHost(keys.publicHosts, localAddress), port, nowS)).toString('base64'),
    signToken: signer.sign,
    nowS: wallClockS,
  };
  const sessionOptions = {
    game,
    zones: threads.zones,
    advertise: config.advertise,
    listenHost: config.host,
    allowOrigins: config.allowOrigin,
  };
  const answers = createCounterBuffer('gateway');
  const answerCounters = createCounters('gateway', answers);
  const metrics = createMetrics({
    sources: [...threads.sources, { kind: 'gateway', labels: {}, blocks: [answers] }],
    threads: threads.figures,
  });
  const ticks = createTickWatch(config.zones);
  const timers = [
    setInterval(() => {
      ticks.sample(threads.ticks(), systemClock.now());
      for (const index of ticks.takeHung()) threads.replaceZone(index);
    }, TICK_SAMPLE_MS),
    setInterval(() => metrics.sample(), COUNTER_SAMPLE_MS),
  ];
  const http = await startHttp({
    host: config.host,
    port: config.httpPort,
    page,
    trustProxy: config.trustProxy,
    openSession: async (request) => countAnswer(answerCounters, await openSession(ports, sessionOptions, request)),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    async readiness() {
      const reasons = ticks.stuck(systemClock.now()).map((index) => `zone ${index + 1} does not tick`);
      const pong = await withTimeout(pingStore(threads), STORE_PING_MS);
      return pong === true ? reasons : [...reasons, 'the store does not answer'];
    },
    onError: (error) => log.error({ err: error }, 'a request failed'),
  }).catch(async (error: unknown) => {
    for (const timer of timers) clearInterval(timer);
    await ending.run();
    throw error;
  });
  ending.add(async () => {
    for (const timer of timers) clearInterval(timer);
    await http.close();
    return [];
  });
  return http;
}

async function pingStore(threads: NodeThreads): Promise<boolean> {
  try {
    await threads.store.ping();
    return true;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return false;
  }
}

function printAddresses(config: Config, game: AnyGame, httpPort: number, threads: NodeThreads): void {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const lines = [
    `DarkAges ${version} runs ${game.name} (version ${game.version})`,
    `  page      http://${host}:${httpPort}/`,
    `  metrics   http://${host}:${httpPort}/metrics`,
    ...threads
      .zones()
      .flatMap(({ zoneId, port, udpPort }) => [
        `  zone ${String(zoneId).padEnd(4)} ws://${host}:${port}`,
        ...(udpPort === undefined ? [] : [`            udp://${host}:${udpPort}`]),
      ]),
    `  data      ${config.data}`,
  ];
  const { advertise } = config;
  if (advertise !== undefined) {
    lines.push(
      ...threads.zones().map(({ zoneId, port }) => `  players of zone ${zoneId} ${zoneUrl(advertise, zoneId, port)}`),
    );
  }
  if (!isLoopback(config.host)) {
    lines.push('  Sessions and play are not encrypted: let nobody but a TLS proxy reach these ports from outside.');
    if (advertise?.scheme !== 'wss')
      lines.push('  Behind one, say where it is with --advertise wss://…; --help has more.');
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

interface Ending {
  /** Steps run last added first; each answers what went wrong, in words. */
  add(step: () => Promise<readonly string[]>): void;
  run(): Promise<readonly string[]>;
  /** Ends the process in order, to be started again by its parent. */
  fail(): void;
  /** From now on a signal ends the process in order; one that came before does so at once. */
  start(): void;
}

function createEnding(log: Logger): Ending {
  const steps: (() => Promise<readonly string[]>)[] = [];
  let isStarted = false;
  let signals = 0;
  const run = async (): Promise<readonly string[]> => {
    const problems: string[] = [];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) problems.push(...(await step()));
    return problems;
  };
  const end = async (exitCode: number): Promise<void> => {
    const problems = await run();
    for (const problem of problems) log.error(problem);
    log.info('stopped');
    process.exit(problems.length === 0 ? exitCode : EXIT_FAILED);
  };
  const onSignal = (signal: string): void => {
    signals++;
    if (signals > 1) process.exit(EXIT_FAILED);
    if (!isStarted) return;
    log.info({ signal }, 'draining: telling clients, saving players');
    void end(0);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The launcher is gone, however it went: nobody would start or stop this process any more.
  if (process.connected) process.on('disconnect', () => onSignal('disconnect'));
  return {
    add: (step) => steps.push(step),
    run,
    fail: () => void end(EXIT_FAILED),
    start() {
      isStarted = true;
      if (signals > 0) void end(0);
    },
  };
}

try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  const code = errorCode(error);
  process.exit(code?.startsWith('DARKAGES_') && code !== 'DARKAGES_THREAD_DIED' ? EXIT_CONFIG : EXIT_FAILED);
}
