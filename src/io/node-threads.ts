// The threads of a node and how they live together: the store, and for each zone its thread and its edges. Starts them
// all at once, since after a crash players wait for the slowest, and hands a zone what the store has found in the journal
// when it has; starts one again that died, and stops them so that nothing is lost: edges first (clients are told), then
// zones (they hand over every player's state), then the store (it writes it).
// Main thread. Holds the shared memory, so that a zone thread that died goes on from its last keyframe while its
// clients stay connected to the edge.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createCounterBuffer } from '../base/counters.ts';
import { MAP_SEED_DEFAULT, TOKEN_LIFETIME_S } from '../base/limits.ts';
import { createRestartBudget, type RestartBudget } from '../observe/restart-budget.ts';
import type { AnyGame } from '../sim/game.ts';
import type { Replayed } from '../zone/state.ts';
import type { Config } from './config.ts';
import { readNodeId } from './data-folder.ts';
import type { Log, LogShared } from './log.ts';
import { describeNode, type NodeThreads } from './node-view.ts';
import type { StoreOptions } from './open-store.ts';
import type { RendezvousSeat } from './rendezvous.ts';
import { connectStore, type StoreClient } from './store-client.ts';
import { wallClockS } from './system.ts';
import { edgeName, zoneName } from './thread-sources.ts';
import { endPrepared, type FirstMessage, startThread, type Thread, type ThreadMessage, whenBegun } from './threads.ts';
import type { TlsIdentity } from './tls.ts';
import type { NodeTracing } from './tracing-node.ts';
import { describeSmallBuffer } from './udp.ts';
import { loadLibc } from './udp-libc.ts';
import type { WebSocketAdapter } from './websocket.ts';
import { EDGE_YOUNG_MIB, ZONE_YOUNG_MIB } from './young-memory.ts';
import type { RecoveredStart, ZoneStart } from './zone-journals.ts';
import { createZoneThreads, type EdgeThread, type ZoneThreads } from './zone-threads.ts';

/** Entry files of the threads. */
export interface ThreadFiles {
  readonly zone: URL;
  readonly wsEdge: URL;
  readonly udpEdge: URL;
  readonly store: URL;
}

export interface NodeThreadsOptions {
  readonly config: Config;
  readonly game: AnyGame;
  readonly storeOptions: StoreOptions;
  readonly files: ThreadFiles;
  /** Of join tokens, of this process alone. */
  readonly tokenKey: Uint8Array;
  /** Of connect tokens, as well, and the IP addresses that they may name. */
  readonly connectKey: Uint8Array;
  readonly publicHosts: readonly string[];
  /** Of each UDP edge, zone by zone, where it stands behind a NAT. */
  readonly seats?: readonly RendezvousSeat[];
  /** What the WebSocket edges run on. */
  readonly webSocket: WebSocketAdapter;
  /** Of the WebSocket edges; undefined: plain only. */
  readonly tls: TlsIdentity | undefined;
  readonly tracing: Pick<NodeTracing, 'forThread' | 'tracer'>;
  readonly log: Log;
  /** Of the store thread's own. */
  readonly logShared: LogShared;
  /** Monotonic milliseconds. */
  now(): number;
  /** All threads load their code: the main thread may load what it needs itself without keeping them waiting. None is up. */
  onBegun?(threads: NodeThreads): void;
  /** A thread died too often, or could not be started again. */
  onHopeless(reason: string): void;
}

const EDGE_DRAIN_MS = 4_000;
const ZONE_STOP_MS = 5_000;
const STORE_STOP_MS = 15_000;
const BYTES_PER_MBIT = 125_000;

interface Node extends NodeThreadsOptions {
  /** By which stores know this node from all others, also after a restart. */
  readonly nodeId: string;
  readonly zoneThreads: readonly ZoneThreads[];
  /** Of the UDP edges: how many clients each has, a word by place. They share the node's bandwidth by it. */
  readonly udpClients: SharedArrayBuffer;
  readonly storeCounters: SharedArrayBuffer;
  readonly storeLoopDelay: SharedArrayBuffer;
  readonly storeThreadCounters: SharedArrayBuffer;
  readonly storeLogCounters: SharedArrayBuffer;
  /** By thread: one faulty zone must not use up what the others may need. */
  readonly restarts: Map<string, RestartBudget>;
  storeThread: Thread | undefined;
  storeClient: StoreClient | undefined;
  /** How often a store thread has taken the place of one that died. */
  storesReplaced: number;
  isDraining: boolean;
}

/** Resolves when everything runs and listens. Rejects with a ServerError after stopping what was started. */
export async function startNodeThreads(options: NodeThreadsOptions): Promise<NodeThreads> {
  const { config } = options;
  const zoneThreads = Array.from({ length: config.zones }, (_, zone) => createZoneThreads(config, options.game, zone));
  const node: Node = {
    ...options,
    nodeId: readNodeId(options.storeOptions.folder),
    zoneThreads,
    udpClients: new SharedArrayBuffer(config.zones * config.edges * 4),
    storeCounters: createCounterBuffer('store'),
    storeLoopDelay: createCounterBuffer('loop'),
    storeThreadCounters: createCounterBuffer('thread'),
    storeLogCounters: createCounterBuffer('log'),
    restarts: new Map(),
    storeThread: undefined,
    storeClient: undefined,
    storesReplaced: 0,
    isDraining: false,
  };
  const threads = describeNode(node, () => drain(node));
  try {
    const edges = zoneThreads.flatMap((zone) => zone.edges.map((edge) => ({ zone, edge, ...new MessageChannel() })));
    const found = Promise.withResolvers<void>();
    const store = startStore(
      node,
      edges.map(({ port1 }) => port1),
      (message) => {
        if (message.type !== 'recovered') return;
        takeRecovered(node, message.recovered as readonly RecoveredStart[]);
        found.resolve();
      },
    );
    // For UDP edges: see there.
    const libc = config.udp === 'auto' ? loadLibc() : undefined;
    // Each zone does its ticks again while the store goes through the commits in them.
    const recovered = Promise.race([found.promise, store]);
    await allOf([
      store,
      ...zoneThreads.map((zone) => startZone(node, zone, false, recovered)),
      ...edges.map(async ({ zone, edge, port2 }) => {
        if (edge.kind === 'udp') await libc;
        await startEdge(node, zone, edge, port2);
      }),
      tellBegun(node, threads, libc),
    ]);
    warnOfSmallBuffers(node);
    await endPrepared();
  } catch (error) {
    // What ran before a crash goes on at the next start.
    await drain(node, false);
    throw error;
  }
  return threads;
}

async function tellBegun(node: Node, threads: NodeThreads, libc: Promise<unknown> | undefined): Promise<void> {
  await libc;
  await whenBegun();
  node.onBegun?.(threads);
}

/** When all have ended. Of those that failed the first in the list is told: of two ports in use the lower one. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
}

/** Once for all edges: their sockets ask one system for the same. */
function warnOfSmallBuffers({ zoneThreads, log }: Node): void {
  const udp = zoneThreads[0]?.edges.find(({ kind }) => kind === 'udp');
  if (udp?.thread === undefined) return;
  const warning = describeSmallBuffer(Number(udp.thread.upMessage.receiveBufferBytes));
  if (warning !== undefined) log.event('advice', { detail: warning });
}

/** @param ports that it answers from the beginning: edges have their other ends before it is up */
async function startStore(
  node: Node,
  ports: readonly MessagePort[] = [],
  onMessage: (message: ThreadMessage) => void = () => {},
): Promise<void> {
  const { game, zoneThreads, files, storeCounters, storeLoopDelay, storeThreadCounters } = node;
  const thread = await startThread({
    name: 'store',
    file: files.store,
    workerData: {
      store: node.storeOptions,
      nodeId: node.nodeId,
      gameName: game.name,
      savedColumns: [...game.savedColumns],
      assets: [...game.assets],
      saveRings: zoneThreads.map(({ buffers }) => buffers.saveRing),
      journals: zoneThreads.map(({ buffers }) => buffers.journal),
      start: startOf(game),
      counters: storeCounters,
      loopDelay: storeLoopDelay,
      threadCounters: storeThreadCounters,
      trace: node.tracing.forThread('store'),
      log: node.logShared,
      logCounters: node.storeLogCounters,
      isRestart: node.storeThread !== undefined,
      ports,
    },
    transferList: ports,
    onMessage,
  });
  if (node.storeThread !== undefined) node.storesReplaced++;
  node.storeThread = thread;
  node.storeClient = connectStore(openStorePort(node), { context: node.tracing.tracer.current });
  if (ports.length === 0) {
    for (const { edges } of zoneThreads) {
      for (const { thread: edge } of edges) if (edge !== undefined) sendStorePort(node, edge);
    }
  }
  watch(node, thread, async () => {
    node.storeClient?.close();
    await startStore(node);
  });
}

/** What the journal has of the zones, for their first threads. */
function takeRecovered({ zoneThreads }: Node, recovered: readonly RecoveredStart[]): void {
  for (const { zoneId, epoch, state } of recovered) {
    const threads = zoneThreads[zoneId - 1];
    if (threads === undefined) continue;
    threads.epoch = epoch;
    threads.recovered = state;
  }
}

/** What the journal says of a zone's run. */
function startOf({ name, version, assets, accounts }: AnyGame): ZoneStart {
  return { game: name, gameVersion: String(version), assets: [...assets], accounts: [...accounts] };
}

/** A port that the store thread answers; for this thread or to be handed on. */
function openStorePort(node: Node): MessagePort {
  const { port1, port2 } = new MessageChannel();
  node.storeThread?.post({ type: 'port', port: port1 }, [port1]);
  return port2;
}

function sendStorePort(node: Node, edge: Thread): void {
  const port = openStorePort(node);
  edge.post({ type: 'storePort', port }, [port]);
}

/** Each zone has a map of its own. */
function seedOf({ config }: Node, zoneId: number): number {
  return ((config.seed ?? MAP_SEED_DEFAULT) + zoneId - 1) >>> 0;
}

/** @param recovered resolves when `threads` has its epoch, and what the journal has of the zone */
async function startZone(
  node: Node,
  threads: ZoneThreads,
  resume: boolean,
  recovered = Promise.resolve(),
): Promise<void> {
  const { zoneId, buffers } = threads;
  const { gameUrl } = node.config;
  const seed = seedOf(node, zoneId);
  const thread = await startThread({
    name: zoneName(zoneId),
    file: node.files.zone,
    youngMiB: ZONE_YOUNG_MIB,
    labels: { zone_id: String(zoneId) },
    workerData: {
      zoneId,
      gameUrl,
      seed,
      secret: threads.secret,
      resume,
      buffers,
      threadCounters: threads.threadCounters,
    },
    firstMessage: recovered.then(() => toBegin(threads)),
  });
  threads.zone = thread;
  sayReplayed(node, zoneId, thread.upMessage.replayed as Replayed | undefined);
  watch(node, thread, async () => {
    threads.epoch++;
    await startZone(node, threads, true);
  });
}

/** What the zone's thread begins with (workers/zone.ts). Takes what was recovered: it is for one thread. */
function toBegin(threads: ZoneThreads): FirstMessage {
  const { epoch, recovered } = threads;
  threads.recovered = undefined;
  const transferList = recovered === undefined ? [] : [recovered.keyframe.buffer, recovered.ticks.buffer];
  return { message: { epoch, recovered }, transferList };
}

function sayReplayed({ log }: Node, zoneId: number, replayed: Replayed | undefined): void {
  if (replayed === undefined) return;
  const { ticks, end, tick, hash, error } = replayed;
  if (end === 'whole') log.event('zone_resumed', { zone: zoneId, ticks, tick, hash });
  else log.event('zone_anew', { zone: zoneId, ticks, end, detail: error ?? '' });
}

async function startEdge(
  node: Node,
  threads: ZoneThreads,
  edge: EdgeThread,
  storePort = openStorePort(node),
): Promise<void> {
  const { zoneId, buffers } = threads;
  const { kind, index, place, loopDelay, udpCounters, udpLines } = edge;
  const { config, tokenKey, connectKey } = node;
  const { storesReplaced } = node;
  const thread = await startThread({
    name: edgeName(zoneId, edge),
    file: kind === 'ws' ? node.files.wsEdge : node.files.udpEdge,
    youngMiB: EDGE_YOUNG_MIB,
    labels: { zone_id: String(zoneId) },
    transferList: [storePort],
    workerData: {
      zoneId,
      edgeIndex: index,
      gameUrl: config.gameUrl,
      host: config.host,
      port: edge.port,
      buffers,
      tokenKey,
      storePort,
      loopDelay,
      threadCounters: edge.threadCounters,
      trace: node.tracing.forThread(edgeName(zoneId, edge)),
      playersPerAddress: config.playersPerAddress,
      ...(kind === 'ws' && {
        adapter: node.webSocket,
        allowOrigins: [...config.allowOrigin],
        trustProxy: config.trustProxy,
        tls: node.tls,
      }),
      ...(kind === 'udp' && {
        expiresAfterS: edge.thread !== undefined ? wallClockS() + TOKEN_LIFETIME_S : 0,
        adapter: config.udp === 'portable' ? 'portable' : undefined,
        connectKey,
        publicHosts: [...node.publicHosts],
        udpCounters,
        seat: node.seats?.[place],
        udpLines,
        bandwidth: config.bandwidthMbit && {
          bytesPerSecond: config.bandwidthMbit * BYTES_PER_MBIT,
          clients: node.udpClients,
          edge: place,
        },
      }),
      seed: seedOf(node, zoneId),
    },
  });
  edge.thread = thread;
  edge.port = Number(thread.upMessage.port);
  // The store thread that was there when this edge began may be dead: then its port leads nowhere.
  if (node.storesReplaced !== storesReplaced) sendStorePort(node, thread);
  watch(node, thread, () => startEdge(node, threads, edge));
}

function watch(node: Node, thread: Thread, restart: () => Promise<void>): void {
  const onDeath = async (why: string): Promise<void> => {
    if (node.isDraining) return;
    const budget = node.restarts.get(thread.name) ?? createRestartBudget();
    node.restarts.set(thread.name, budget);
    if (!budget.take(node.now())) {
      node.onHopeless(`thread ${thread.name} died (${why}), as it did too often within a minute`);
      return;
    }
    node.log.event('thread_died', { subject: thread.name, detail: why });
    try {
      await restart();
      node.log.event('thread_back', { subject: thread.name });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!node.isDraining) node.onHopeless(`thread ${thread.name} could not be started again: ${reason}`);
    }
  };
  void thread.died.then(onDeath);
}

/** @param mayEnd whatever goes well: there is nothing to go on from then */
async function drain(node: Node, mayEnd = true): Promise<readonly string[]> {
  node.isDraining = true;
  const problems: string[] = [];
  // Else the next start goes on from the journal.
  let isAll = mayEnd;
  await Promise.all(
    node.zoneThreads.flatMap(({ edges }) =>
      edges.map(async ({ thread }) => {
        const answer = await thread?.stop({ type: 'drain' }, 'drained', EDGE_DRAIN_MS);
        if (thread !== undefined && answer === undefined) problems.push(`${thread.name} did not close in time`);
      }),
    ),
  );
  await Promise.all(
    node.zoneThreads.map(async ({ zone, zoneId }) => {
      const answer = await zone?.stop({ type: 'stop' }, 'stopped', ZONE_STOP_MS);
      if (answer === undefined || Number(answer.unsaved) > 0) isAll = false;
      if (zone !== undefined && answer === undefined) problems.push(`zone ${zoneId} did not save its players in time`);
      if (Number(answer?.unsaved ?? 0) > 0)
        problems.push(`zone ${zoneId}: ${answer?.unsaved} characters could not be saved`);
    }),
  );
  node.storeClient?.close();
  const stopped = await node.storeThread?.stop({ type: 'stop', isAll }, 'stopped', STORE_STOP_MS);
  if (node.storeThread !== undefined && stopped === undefined) problems.push('the store did not close in time');
  if (Number(stopped?.unsaved ?? 0) > 0) problems.push(`${stopped?.unsaved} characters could not be saved`);
  return problems;
}
