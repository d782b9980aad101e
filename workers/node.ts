// Main thread of a node: reads the configuration, starts the threads, serves HTTP last, says what runs where, and ends
// all of it in order. Composition only; each part is in src. Exit codes: 0 drained, 1 something failed while running
// (its parent starts it again), 2 it can't run as configured.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CounterName, type Counters, createCounterBuffer, createCounters } from '../src/base/counters.ts';
import { errorCode } from '../src/base/errors.ts';
import { PLAYERS_MAX, PROTOCOL_VERSION } from '../src/base/limits.ts';
import { deleteAccount, exportAccount } from '../src/gateway/account.ts';
import { type Advertised, edgeUrl } from '../src/gateway/advertise.ts';
import { countAnswer } from '../src/gateway/answers.ts';
import { showsTicket } from '../src/gateway/credentials.ts';
import { createEdgeChoice, type SessionEdge } from '../src/gateway/edge-choice.ts';
import { isLoopback } from '../src/gateway/origin.ts';
import type { SessionResponse } from '../src/gateway/refusals.ts';
import { openSession } from '../src/gateway/session.ts';
import { createTickets } from '../src/gateway/ticket.ts';
import { createTokenSigner } from '../src/gateway/token.ts';
import { screenText } from '../src/guard/text.ts';
import { createSodiumAead } from '../src/io/aead-sodium.ts';
import type { BlockSource } from '../src/io/block-series.ts';
import { keepCompiled } from '../src/io/compile-cache.ts';
import { type Config, parseConfig } from '../src/io/config.ts';
import { readStoreOptions, secretsOf } from '../src/io/config-store.ts';
import { readTracingOptions } from '../src/io/config-tracing.ts';
import { chooseHost, createConnectTokens, findPublicHosts } from '../src/io/connect-tokens.ts';
import { startControl } from '../src/io/control.ts';
import { CONTENT_TYPES, chooseFormat } from '../src/io/exposition.ts';
import { loadGame } from '../src/io/game-module.ts';
import { type HttpOptions, type HttpServer, type PageFile, startHttp } from '../src/io/http.ts';
import { createHttpMetrics } from '../src/io/http-metrics.ts';
import { deriveKey, keepKey, missingKey, readKey } from '../src/io/keys.ts';
import { createLog, createLogShared, type Log, type LogShared } from '../src/io/log.ts';
import { logLevelPath, tendLog } from '../src/io/log-control.ts';
import { checkLogFile } from '../src/io/log-files.ts';
import { nodeMetrics } from '../src/io/node-metrics.ts';
import { type NodeThreads, startNodeThreads } from '../src/io/node-threads.ts';
import { buildPage } from '../src/io/page-bundle.ts';
import { createPasswords } from '../src/io/password.ts';
import { createProfiler, ownThread } from '../src/io/profiler.ts';
import { createMetrics } from '../src/io/prometheus.ts';
import { showRedisAddress } from '../src/io/redis-url.ts';
import {
  mintInvite,
  publicAddressOf,
  type RendezvousSeat,
  readSeats,
  rendezvousSources,
} from '../src/io/rendezvous.ts';
import { createSessionLimits, hashGuestSecret, secureRandom } from '../src/io/session-ports.ts';
import { systemClock, wallClockS } from '../src/io/system.ts';
import { loopSources } from '../src/io/thread-sources.ts';
import { measureThisThread, reportCollections, reportLoopDelay } from '../src/io/thread-stats.ts';
import { withTimeout } from '../src/io/threads.ts';
import type { TlsIdentity } from '../src/io/tls.ts';
import { type Certificate, keepSelfSigned, readCertificate } from '../src/io/tls-certificate.ts';
import { aboutSession } from '../src/io/tracing.ts';
import { tracePasswords, tracePost } from '../src/io/tracing-http.ts';
import { type NodeTracing, startTracing } from '../src/io/tracing-node.ts';
import { chooseWebSocket } from '../src/io/websocket.ts';
import { createOverloadWatch, type OverloadChange } from '../src/observe/overload-watch.ts';
import { createTickWatch } from '../src/observe/tick-watch.ts';
import type { AnyGame } from '../src/sim/game.ts';

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
  const storeOptions = await readStoreOptions(config, process.env);
  if (config.logFile !== '') checkLogFile(config.logFile);
  const logShared = createLogShared(config.logLevel, config.logFile || undefined, secretsOf(storeOptions));
  const log = createLog(logShared, { thread: 'main' });
  const ending = createEnding(log);
  const game = await loadGame(config.gameUrl);
  // Beside all that follows; `serve` waits for it.
  const page = buildPage(config.gameUrl);
  page.catch(() => {
    // It is told where it is waited for; until then it is nobody's.
  });
  const keys = await readKeys(config);
  const certificate = await findCertificate(config);
  const seats = await readSeats(config, process.env);
  const { boot } = keys;
  const tracing = await startTracing({ ...(await readTracingOptions(config)), version, instance: boot, log });
  const tls = certificate && { cert: certificate.cert, key: certificate.key, requirePq: config.requirePq };
  const webSocket = await chooseWebSocket(config.ws, tls !== undefined);
  const threads = await startNodeThreads({
    config,
    game,
    storeOptions,
    log,
    tracing,
    logShared,
    ...keys,
    publicHosts,
    seats,
    webSocket: webSocket.adapter,
    tls,
    files: {
      zone: new URL('./zone.ts', import.meta.url),
      wsEdge: new URL('./ws-edge.ts', import.meta.url),
      udpEdge: new URL('./udp-edge.ts', import.meta.url),
      store: new URL('./store.ts', import.meta.url),
    },
    now: systemClock.now,
    onHopeless: (reason) => {
      log.event('hopeless', { detail: reason });
      ending.fail();
    },
  });
  ending.add(async () => {
    await tracing.close();
    return [];
  });
  ending.add(() => threads.drain());
  const service = { config, game, page, threads, tracing, ...keys, publicHosts, seats, tls, log, logShared, ending };
  const [http, https] = await serve(service);
  ending.add(tendLog(config, logShared, log));
  await openControl(service);
  const lines = [
    `DarkAges ${version} runs ${game.name} (version ${game.version})`,
    ...addressLines(config, http!.port, https?.port, threads),
    ...warningLines(config, certificate),
  ];
  if (config.udp !== parsed.config.udp) {
    lines.push('  UDP is off: the host of --advertise has no IP address here; name one with --advertise-udp.');
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  log.event('started', { version, game: game.name, count: config.zones });
  if (webSocket.note !== undefined) log.event('note', { detail: webSocket.note });
  process.send?.('ready');
  keepCompiled();
  ending.start();
}

/** For tools on this machine; behind the start of the store, which holds the folder's lock. */
async function openControl({ config, threads, tracing, log, logShared, ending }: Service): Promise<void> {
  const control = await startControl({
    data: config.data,
    paths: {
      '/log-level': logLevelPath(logShared, log),
      '/tracing': tracing.control,
      '/profile': createProfiler(() => [ownThread, ...threads.profiled()]),
    },
    onWarning: (sentence) => log.event('advice', { detail: sentence }),
    onError: (error) => log.event('request_failed', { error }),
  });
  ending.add(async () => {
    await control?.close();
    return [];
  });
}

interface Keys {
  /** Names this process among those that use the same keys. */
  readonly boot: string;
  readonly ticketKey: Uint8Array;
  readonly tokenKey: Uint8Array;
  readonly connectKey: Uint8Array;
}

async function readKeys({ tokenKeyFile, connectKeyFile, production, data }: Config): Promise<Keys> {
  const read = async (variable: string, flag: string, file: string, keptFile: string): Promise<Uint8Array> => {
    const source = { variable, text: process.env[variable], flag, file };
    const key = await readKey(source);
    if (key !== undefined) return key;
    if (production) throw missingKey(source);
    return keepKey(join(data, 'keys', keptFile));
  };
  const boot = randomUUID();
  const token = await read('DARKAGES_TOKEN_KEY', '--token-key-file', tokenKeyFile, 'token.key');
  const connect = await read('DARKAGES_CONNECT_KEY', '--connect-key-file', connectKeyFile, 'connect.key');
  return {
    boot,
    ticketKey: deriveKey(token, 'ticket'),
    tokenKey: deriveKey(token, 'join', boot),
    connectKey: deriveKey(connect, 'connect', boot),
  };
}

async function findCertificate(config: Config): Promise<Certificate | undefined> {
  const { httpsPort, tlsCert, tlsKey, data, host, advertise } = config;
  if (httpsPort === undefined) return undefined;
  if (tlsCert !== '') return readCertificate(tlsCert, tlsKey);
  const advertised = advertise?.host === undefined ? [] : [new URL(`https://${advertise.host}`).hostname];
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const hosts = isEverywhere ? advertised : [host, ...advertised];
  return keepSelfSigned(
    data,
    hosts.map((name) => name.replace(/^\[|\]$/g, '')),
  );
}

interface Service extends Keys {
  readonly config: Config;
  readonly game: AnyGame;
  readonly page: Promise<ReadonlyMap<string, PageFile>>;
  readonly threads: NodeThreads;
  readonly tracing: NodeTracing;
  /** Of this node, for connect tokens. */
  readonly publicHosts: readonly string[];
  /** Of each UDP edge at the rendezvous point, if there is one. */
  readonly seats: readonly RendezvousSeat[];
  readonly tls: TlsIdentity | undefined;
  readonly log: Log;
  readonly logShared: LogShared;
  readonly ending: Ending;
}

function createPosts(service: Service, answers: Counters<'gateway'>): HttpOptions['posts'] {
  const { config, game, threads, publicHosts, log } = service;
  const { tracer } = service.tracing;
  const signer = createTokenSigner(service.tokenKey);
  const tickets = createTickets(service.ticketKey);
  const aead = createSodiumAead();
  const mint = createConnectTokens(aead, service.connectKey);
  /** Of the edge, while the point knows it. */
  const findSeat = ({ place }: SessionEdge) => {
    const seat = service.seats[place];
    const publicAddress = seat && publicAddressOf(seat);
    return publicAddress && { seat, publicAddress };
  };
  const ports = {
    accounts: threads.store,
    passwords: tracePasswords(createPasswords(), tracer),
    random: secureRandom,
    isNameClean: (name: string) => screenText(name, 'name').code === '',
    hashGuestSecret,
    limits: createSessionLimits(config.sessionsPerMinute),
    findZone: threads.store.findZone,
    edgeChoice: createEdgeChoice(),
    mintConnectToken: (playerId: number, localAddress: string, edge: SessionEdge, nowS: number) =>
      Buffer.from(
        mint(playerId, chooseHost(publicHosts, localAddress), edge.port, nowS, findSeat(edge)?.publicAddress),
      ).toString('base64'),
    mintInvitation(edge: SessionEdge, nowS: number) {
      const found = findSeat(edge);
      return found && mintInvite(aead, found.seat, nowS);
    },
    signToken: signer.sign,
    signTicket: tickets.sign,
    tickets,
    async exportPlayer(player: number) {
      const exported = await threads.store.exportPlayer(player);
      log.event('account_exported', { player });
      return exported;
    },
    async deletePlayer(player: number, nameKeptMs: number) {
      const result = await threads.store.deletePlayer(player, nameKeptMs);
      if (result === 'deleted') log.event('account_deleted', { player });
      return result;
    },
    nowS: wallClockS,
  };
  const sessionOptions = {
    game,
    zones: threads.zones,
    advertise: config.advertise,
    listenHost: config.host,
    allowOrigins: config.allowOrigin,
    hasTls: service.tls !== undefined,
    allowPlainHttp: config.allowPlainHttp,
    boot: service.boot,
  };
  const tell = (response: SessionResponse, ...done: readonly CounterName<'gateway'>[]): SessionResponse => {
    if (response.body.error !== undefined) log.event('session_refused', { code: String(response.body.error) });
    return countAnswer(answers, response, ...done);
  };
  return {
    '/v1/session': (request) => {
      const done = showsTicket(request.body) ? (['sessions', 'resumed'] as const) : (['sessions'] as const);
      // Drawn before there is a token: by it the edges know the trace.
      const tokenId = secureRandom.tokenId();
      const ownPorts = { ...ports, random: { ...secureRandom, tokenId: () => tokenId } };
      return tracePost(tracer, '/v1/session', tracer.derive(aboutSession(tokenId)), async () =>
        tell(await openSession(ownPorts, sessionOptions, request), ...done),
      );
    },
    '/v1/account/export': (request) =>
      tracePost(tracer, '/v1/account/export', tracer.random(), async () =>
        tell(await exportAccount(ports, sessionOptions, request), 'exports'),
      ),
    '/v1/account/delete': (request) =>
      tracePost(tracer, '/v1/account/delete', tracer.random(), async () =>
        tell(await deleteAccount(ports, sessionOptions, request), 'deletions'),
      ),
  };
}

/** Plain HTTP, and https where there is a port for it. */
async function serve(service: Service): Promise<readonly HttpServer[]> {
  const { config, threads, ending } = service;
  const answers = createCounterBuffer('gateway');
  const http = createHttpMetrics();
  const ticks = createTickWatch(config.zones);
  const stuckZones = () => ticks.stuck(systemClock.now());
  const readiness = async (): Promise<readonly string[]> => {
    const stuck = stuckZones().map((index) => `zone ${index + 1} does not tick`);
    const reasons = [...stuck, ...threads.storeTrouble()];
    const pong = await withTimeout(pingStore(threads), STORE_PING_MS);
    return pong === true ? reasons : [...reasons, 'the store does not answer'];
  };
  const metrics = createMetrics({
    sources: [
      ...threads.sources,
      ...rendezvousSources(service.seats, config.zones),
      { kind: 'gateway', labels: {}, blocks: [answers] },
      service.tracing.source,
      { kind: 'log', labels: {}, blocks: [service.log.counters] },
      ...http.sources,
      ...watchThisThread(),
    ],
    threads: async () => [measureThisThread('main'), ...(await threads.figures())],
    live: nodeMetrics({
      version,
      game: service.game,
      protocol: String(PROTOCOL_VERSION),
      zoneIds: threads.zones().map(({ zoneId }) => zoneId),
      playersMax: PLAYERS_MAX,
      dataFolder: config.data,
      certificate: service.tls?.cert,
      isReady: async () => (await readiness()).length === 0,
      stuckZones,
    }),
  });
  const watchOverload = createOverloadWatch();
  const timers = [
    setInterval(() => {
      ticks.sample(threads.ticks(), systemClock.now());
      for (const index of ticks.takeHung()) {
        service.log.event('zone_hung', { zone: index + 1 });
        threads.replaceZone(index);
      }
      for (const change of watchOverload(threads.loads())) sayLoad(service.log, change);
    }, TICK_SAMPLE_MS),
    setInterval(() => metrics.sample(), COUNTER_SAMPLE_MS),
  ];
  const servers: HttpServer[] = [];
  ending.add(async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(servers.map((server) => server.close()));
    return [];
  });
  const options = {
    host: config.host,
    trustProxy: config.trustProxy,
    posts: createPosts(service, createCounters('gateway', answers)),
    metrics: async (accept: string | undefined) => {
      const format = chooseFormat(accept);
      return { contentType: CONTENT_TYPES[format], text: await metrics.text(format) };
    },
    onAnswered: (path: string | undefined, status: number, durationS: number, traceId?: string) =>
      http.count(path, status, durationS, service.tracing.tracer.exemplar(traceId)),
    lines: threads.lines,
    readiness,
    onError: (error: unknown) => service.log.event('request_failed', { error }),
  };
  try {
    const page = await service.page;
    servers.push(await startHttp({ ...options, page, port: config.httpPort }));
    if (config.httpsPort !== undefined) {
      servers.push(await startHttp({ ...options, page, port: config.httpsPort, tls: service.tls }));
    }
  } catch (error) {
    await ending.run();
    throw error;
  }
  return servers;
}

function sayLoad(log: Log, { zoneId, state, pacePercent }: OverloadChange): void {
  if (state === undefined) log.event('zone_recovered', { zone: zoneId });
  else log.event('zone_overloaded', { zone: zoneId, state, percent: pacePercent });
}

/** Its event loop and its collections, as every other thread's. */
function watchThisThread(): readonly BlockSource[] {
  const counters = createCounterBuffer('thread');
  const loopDelay = createCounterBuffer('loop');
  reportLoopDelay(loopDelay);
  reportCollections(counters);
  return loopSources('main', {}, counters, loopDelay);
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

function addressLines(
  config: Config,
  httpPort: number,
  httpsPort: number | undefined,
  threads: NodeThreads,
): readonly string[] {
  const { advertise, data } = config;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const hasTls = httpsPort !== undefined;
  const lines = [`  page      http://${host}:${httpPort}/`];
  if (hasTls) lines.push(`            https://${host}:${httpsPort}/`);
  lines.push(`  metrics   http://${host}:${httpPort}/metrics`);
  for (const { zoneId, ws, udp } of threads.zones()) {
    const addresses = [
      ...ws.map(({ port }) => `ws://${host}:${port}`),
      ...(hasTls ? ws.map(({ port }) => `wss://${host}:${port}`) : []),
      ...udp.map(({ port }) => `udp://${host}:${port}`),
    ];
    lines.push(`  zone ${String(zoneId).padEnd(4)} ${addresses[0]}`);
    for (const address of addresses.slice(1)) lines.push(`            ${address}`);
  }
  lines.push(`  data      ${data}`);
  if (config.store === 'redis+scylla' && config.redisUrl !== undefined) {
    lines.push(
      `  store     Redis at ${showRedisAddress(config.redisUrl)}, ScyllaDB at ${config.scyllaContactPoints.join(', ')}`,
    );
  }
  if (advertise === undefined) return lines;
  const told: Advertised = hasTls ? { ...advertise, scheme: 'wss' } : advertise;
  for (const { zoneId, ws } of threads.zones()) {
    // A proxy that chooses among the edges itself is told once.
    for (const url of new Set(ws.map((edge) => edgeUrl(told, zoneId, edge)))) {
      lines.push(`  players of zone ${zoneId} ${url}`);
    }
  }
  return lines;
}

/** What the operator may not have thought of; each a line. */
function warningLines(config: Config, certificate: Certificate | undefined): readonly string[] {
  const { host, httpsPort, trustProxy, allowPlainHttp, advertise } = config;
  const lines: string[] = [];
  if (certificate?.selfSignedFile !== undefined) {
    lines.push(`  The certificate is self-signed (${certificate.selfSignedFile}): browsers ask whether to trust it.`);
  }
  if (allowPlainHttp) {
    lines.push('  --allow-plain-http: whoever listens on the network reads passwords and tokens, and plays as others.');
  } else if (!isLoopback(host) && httpsPort === undefined && !trustProxy) {
    lines.push('  Only this machine can open sessions: others need --https-port, or a TLS proxy and --trust-proxy.');
  }
  if (trustProxy && httpsPort === undefined && advertise?.scheme !== 'wss') {
    lines.push('  Players behind the TLS proxy need --advertise wss://…, which says where it is; --help has more.');
  }
  return lines;
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

function createEnding(log: Log): Ending {
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
    for (const problem of problems) log.event('drain_incomplete', { detail: problem });
    log.event('stopped', {});
    process.exit(problems.length === 0 ? exitCode : EXIT_FAILED);
  };
  const onSignal = (signal: string): void => {
    signals++;
    if (signals > 1) process.exit(EXIT_FAILED);
    if (!isStarted) return;
    log.event('draining', { signal });
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
