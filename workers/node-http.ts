// The HTTP side of a node: sessions and accounts, metrics, readiness, the page. Main thread, composition only. Apart from
// node.ts, which loads and prepares it while the threads start: what it needs takes longest of all.

import { type CounterName, type Counters, createCounterBuffer, createCounters } from '../src/base/counters.ts';
import { errorCode } from '../src/base/errors.ts';
import { PLAYERS_MAX, PROTOCOL_VERSION } from '../src/base/limits.ts';
import { deleteAccount, exportAccount } from '../src/gateway/account.ts';
import { countAnswer } from '../src/gateway/answers.ts';
import { showsTicket } from '../src/gateway/credentials.ts';
import { createEdgeChoice, type SessionEdge } from '../src/gateway/edge-choice.ts';
import type { SessionResponse } from '../src/gateway/refusals.ts';
import { createRepeats } from '../src/gateway/repeats.ts';
import { openSession } from '../src/gateway/session.ts';
import { createTickets } from '../src/gateway/ticket.ts';
import { createTokenSigner } from '../src/gateway/token.ts';
import { screenText } from '../src/guard/text.ts';
import { createSodiumAead } from '../src/io/aead-sodium.ts';
import type { BlockSource } from '../src/io/block-series.ts';
import type { Config } from '../src/io/config.ts';
import { chooseHost, createConnectTokens } from '../src/io/connect-tokens.ts';
import { CONTENT_TYPES, chooseFormat } from '../src/io/exposition.ts';
import { type HttpOptions, type HttpServer, type PageFile, prepareHttp } from '../src/io/http.ts';
import { createHttpMetrics } from '../src/io/http-metrics.ts';
import type { Log, LogShared } from '../src/io/log.ts';
import { nodeMetrics } from '../src/io/node-metrics.ts';
import type { NodeThreads } from '../src/io/node-view.ts';
import { createPasswords } from '../src/io/password.ts';
import type { Metrics } from '../src/io/prometheus.ts';
import { mintInvite, publicAddressOf, type RendezvousSeat, rendezvousSources } from '../src/io/rendezvous.ts';
import { createSessionLimits, hashGuestSecret, secureRandom } from '../src/io/session-ports.ts';
import { systemClock, wallClockS } from '../src/io/system.ts';
import { loopSources } from '../src/io/thread-sources.ts';
import { measureThisThread, reportCollections, reportLoopDelay } from '../src/io/thread-stats.ts';
import { withTimeout } from '../src/io/threads.ts';
import type { TlsIdentity } from '../src/io/tls.ts';
import { aboutSession } from '../src/io/tracing.ts';
import { tracePasswords, tracePost } from '../src/io/tracing-http.ts';
import type { NodeTracing } from '../src/io/tracing-node.ts';
import { createOverloadWatch, type OverloadChange } from '../src/observe/overload-watch.ts';
import { createTickWatch } from '../src/observe/tick-watch.ts';
import type { AnyGame } from '../src/sim/game.ts';

const TICK_SAMPLE_MS = 500;
/** Whoever reaches the server may ask for its metrics: not more than one scrape in this time is made for all of them. */
const STRANGERS_SCRAPE_MS = 1_000;
const STORE_PING_MS = 1_000;
/** Counter blocks wrap after minutes at the earliest; Prometheus may ask less often. */
const COUNTER_SAMPLE_MS = 10_000;

export interface Keys {
  /** Names this process among those that use the same keys. */
  readonly boot: string;
  readonly ticketKey: Uint8Array;
  readonly tokenKey: Uint8Array;
  readonly connectKey: Uint8Array;
}

/** How the node ends, as far as others add to it. */
export interface EndingSteps {
  /** Steps run last added first; each answers what went wrong, in words. */
  add(step: () => Promise<readonly string[]>): void;
}

export interface NodeHttpOptions extends Keys {
  /** Of DarkAges. */
  readonly version: string;
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
  readonly ending: EndingSteps;
}

function createPosts(service: NodeHttpOptions, answers: Counters<'gateway'>): HttpOptions['posts'] {
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
    node: threads.nodeId,
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

export interface NodeHttp {
  /** Plain HTTP, and https where there is a port for it. */
  listen(): Promise<readonly HttpServer[]>;
}

/** All but the doors: the threads need not be up yet. */
export async function prepareNodeHttp(service: NodeHttpOptions): Promise<NodeHttp> {
  const { version, config, threads, ending } = service;
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
  const sources: readonly BlockSource[] = [
    ...threads.sources,
    ...rendezvousSources(service.seats, config.zones),
    { kind: 'gateway', labels: {}, blocks: [answers] },
    service.tracing.source,
    { kind: 'log', labels: {}, blocks: [service.log.counters] },
    ...http.sources,
    ...watchThisThread(),
  ];
  let opened: Promise<Metrics> | undefined;
  /** When they are first asked for, or have to be read: before that players are let in. */
  const openMetrics = (): Promise<Metrics> => {
    opened ??= import('../src/io/prometheus.ts').then(({ createMetrics }) =>
      createMetrics({
        sources,
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
      }),
    );
    return opened;
  };
  const watchOverload = createOverloadWatch();
  const watchTicks = (): void => {
    ticks.sample(threads.ticks(), systemClock.now());
    for (const index of ticks.takeHung()) {
      service.log.event('zone_hung', { zone: index + 1 });
      threads.replaceZone(index);
    }
    for (const change of watchOverload(threads.loads())) sayLoad(service.log, change);
  };
  const scrapes = createRepeats<string>(Object.keys(CONTENT_TYPES).length, STRANGERS_SCRAPE_MS);
  const options = {
    host: config.host,
    trustProxy: config.trustProxy,
    posts: createPosts(service, createCounters('gateway', answers)),
    repeats: createRepeats<SessionResponse>(),
    metrics: async (accept: string | undefined, isStranger: boolean) => {
      const format = chooseFormat(accept);
      const metrics = await openMetrics();
      const scrape = () => metrics.text(format);
      const text = await (isStranger ? scrapes.answer(format, systemClock.now(), scrape, () => true) : scrape());
      return { contentType: CONTENT_TYPES[format], text };
    },
    onAnswered: (path: string | undefined, status: number, durationS: number, traceId?: string) =>
      http.count(path, status, durationS, service.tracing.tracer.exemplar(traceId)),
    lines: threads.lines,
    readiness,
    onError: (error: unknown) => service.log.event('request_failed', { error }),
  };
  const page = await service.page;
  const prepared = [await prepareHttp({ ...options, page, port: config.httpPort })];
  if (config.httpsPort !== undefined) {
    prepared.push(await prepareHttp({ ...options, page, port: config.httpsPort, tls: service.tls }));
  }
  return {
    async listen() {
      const timers = [
        setInterval(watchTicks, TICK_SAMPLE_MS),
        setInterval(async () => (await openMetrics()).sample(), COUNTER_SAMPLE_MS),
      ];
      const servers: HttpServer[] = [];
      ending.add(async () => {
        for (const timer of timers) clearInterval(timer);
        await Promise.all(servers.map((server) => server.close()));
        return [];
      });
      for (const { listen } of prepared) servers.push(await listen());
      return servers;
    },
  };
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
