// Main thread of a node: reads the configuration, starts the threads, serves HTTP last, says what runs where, and ends
// all of it in order. Composition only; each part is in src. Exit codes: 0 drained, 1 something failed while running
// (its parent starts it again), 2 it can't run as configured.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../src/base/assert.ts';
import { errorCode } from '../src/base/errors.ts';
import { type Advertised, edgeUrl } from '../src/gateway/advertise.ts';
import { isLoopback } from '../src/gateway/origin.ts';
import { keepCompiled } from '../src/io/compile-cache.ts';
import { type Config, parseConfig } from '../src/io/config.ts';
import { readStoreOptions, secretsOf } from '../src/io/config-store.ts';
import { readTracingOptions, tracingSecretsOf } from '../src/io/config-tracing.ts';
import { findPublicHosts } from '../src/io/connect-tokens.ts';
import { loadGame } from '../src/io/game-module.ts';
import type { HttpServer } from '../src/io/http.ts';
import { deriveKey, keepKey, missingKey, readKey, spellKey } from '../src/io/keys.ts';
import { createLog, createLogShared, type Log } from '../src/io/log.ts';
import { logLevelPath, tendLog } from '../src/io/log-control.ts';
import { checkLogFile } from '../src/io/log-files.ts';
import { startNodeThreads } from '../src/io/node-threads.ts';
import type { NodeThreads } from '../src/io/node-view.ts';
import { buildPage } from '../src/io/page-bundle.ts';
import { phasesPath } from '../src/io/phases-control.ts';
import { createProfiler, ownThread } from '../src/io/profiler.ts';
import { showRedisAddress } from '../src/io/redis-url.ts';
import { readSeats } from '../src/io/rendezvous.ts';
import { systemClock } from '../src/io/system.ts';
import type { Certificate } from '../src/io/tls-certificate.ts';
import { startTracing } from '../src/io/tracing-node.ts';
import { chooseWebSocket } from '../src/io/websocket.ts';
import type { EndingSteps, Keys, NodeHttp, NodeHttpOptions } from './node-http.ts';

const EXIT_FAILED = 1;
const EXIT_CONFIG = 2;
const PAGE_FILE = 'page.json';
const FILES = {
  zone: new URL('./zone.ts', import.meta.url),
  wsEdge: new URL('./ws-edge.ts', import.meta.url),
  udpEdge: new URL('./udp-edge.ts', import.meta.url),
  store: new URL('./store.ts', import.meta.url),
};

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
  const tracingOptions = await readTracingOptions(config);
  const { keys, read } = await readKeys(config);
  const secrets = [...secretsOf(storeOptions), ...tracingSecretsOf(tracingOptions), ...read.flatMap(spellKey)];
  const logShared = createLogShared(config.logLevel, config.logFile || undefined, secrets);
  const log = createLog(logShared, { thread: 'main' });
  const ending = createEnding(log);
  const game = await loadGame(config.gameUrl);
  // Beside all that follows; `prepareHttp` waits for it.
  const page = buildPage(config.gameUrl, join(config.data, PAGE_FILE));
  page.catch(() => {
    // It is told where it is waited for; until then it is nobody's.
  });
  const certificate = await findCertificate(config);
  const seats = await readSeats(config, process.env);
  const { boot } = keys;
  const tracing = await startTracing({ ...tracingOptions, version, instance: boot, log });
  const tls = certificate && { cert: certificate.cert, key: certificate.key, requirePq: config.requirePq };
  const webSocket = await chooseWebSocket(config.ws, tls !== undefined);
  const service = { version, config, game, page, tracing, ...keys, publicHosts, seats, tls, log, logShared, ending };
  let http: Promise<NodeHttp> | undefined;
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
    files: FILES,
    now: systemClock.now,
    onBegun: (begun) => {
      http = prepareHttp({ ...service, threads: begun });
    },
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
  const [plain, encrypted] = await openDoors(http, ending);
  ending.add(tendLog(config, logShared, log));
  await openControl({ ...service, threads });
  const lines = [
    `DarkAges ${version} runs ${game.name} (version ${game.version})`,
    ...addressLines(config, plain!.port, encrypted?.port, threads),
    ...warningLines(config, certificate),
  ];
  if (config.udp !== parsed.config.udp) {
    lines.push('  UDP is off: the host of --advertise has no IP address here; name one with --advertise-udp.');
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  log.event('started', { version, game: game.name, count: config.zones });
  if (webSocket.note !== undefined) log.event('note', { detail: webSocket.note });
  process.send?.('ready');
  if (config.spare) process.send?.('spare');
  keepCompiled();
  ending.start();
}

/** Beside the threads, which load their own code. What is wrong with it is told where it is waited for. */
function prepareHttp(options: NodeHttpOptions): Promise<NodeHttp> {
  const prepared = import('./node-http.ts').then(({ prepareNodeHttp }) => prepareNodeHttp(options));
  prepared.catch(() => {
    // Deliberate: `openDoors` says so.
  });
  return prepared;
}

/** Everything runs: players may come. */
async function openDoors(http: Promise<NodeHttp> | undefined, ending: Ending): Promise<readonly HttpServer[]> {
  assert(http !== undefined, 'it was prepared while the threads began');
  try {
    return await (await http).listen();
  } catch (error) {
    await ending.run();
    throw error;
  }
}

/** For tools on this machine; behind the start of the store, which holds the folder's lock. */
async function openControl({
  config,
  threads,
  tracing,
  log,
  logShared,
  ending,
}: Omit<NodeHttpOptions, 'version'>): Promise<void> {
  // Not before: what it imports takes as long as a fifth of all that main loads, and players wait for what comes before.
  const { startControl } = await import('../src/io/control.ts');
  const control = await startControl({
    data: config.data,
    paths: {
      '/log-level': logLevelPath(logShared, log),
      '/tracing': tracing.control,
      '/phases': phasesPath(threads.phaseSwitches, log),
      '/profile': createProfiler(() => [ownThread, ...threads.profiled()], log),
    },
    onWarning: (sentence) => log.event('advice', { detail: sentence }),
    onError: (error) => log.event('request_failed', { error }),
  });
  ending.add(async () => {
    await control?.close();
    return [];
  });
}

/** Those made for this process, and those they are made of. */
async function readKeys({
  tokenKeyFile,
  connectKeyFile,
  production,
  data,
}: Config): Promise<{ readonly keys: Keys; readonly read: readonly Uint8Array[] }> {
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
  const keys = {
    boot,
    ticketKey: deriveKey(token, 'ticket'),
    tokenKey: deriveKey(token, 'join', boot),
    connectKey: deriveKey(connect, 'connect', boot),
  };
  return { keys, read: [token, connect] };
}

async function findCertificate(config: Config): Promise<Certificate | undefined> {
  const { httpsPort, tlsCert, tlsKey, data, host, advertise } = config;
  if (httpsPort === undefined) return undefined;
  // Only where there is one: its library takes a while to load.
  const { keepSelfSigned, readCertificate } = await import('../src/io/tls-certificate.ts');
  if (tlsCert !== '') return readCertificate(tlsCert, tlsKey);
  const advertised = advertise?.host === undefined ? [] : [new URL(`https://${advertise.host}`).hostname];
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const hosts = isEverywhere ? advertised : [host, ...advertised];
  return keepSelfSigned(
    data,
    hosts.map((name) => name.replace(/^\[|\]$/g, '')),
  );
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

interface Ending extends EndingSteps {
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
  if (process.env.DARKAGES_LAUNCH_AS === 'spare') await (await import('./spare.ts')).waitToBegin(FILES);
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  const code = errorCode(error);
  process.exit(code?.startsWith('DARKAGES_') && code !== 'DARKAGES_THREAD_DIED' ? EXIT_CONFIG : EXIT_FAILED);
}
