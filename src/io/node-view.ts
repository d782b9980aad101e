// What others on the main thread see of a node's threads and ask of them: HTTP, metrics, profiles, whoever watches that zones
// tick. Reads their shared memory at once; the store is asked through its thread.

import { createCounters } from '../base/counters.ts';
import { ServerError } from '../base/errors.ts';
import type { SessionEdge } from '../gateway/edge-choice.ts';
import type { SessionZone } from '../gateway/session.ts';
import type { ZoneLoad } from '../observe/overload-watch.ts';
import { type LineRow, readLines } from '../session/lines.ts';
import type { AnyGame } from '../sim/game.ts';
import type { BlockSource } from './block-series.ts';
import { type Profiled, profiledOf } from './profiler.ts';
import type { StoreClient } from './store-client.ts';
import { describeStoreTrouble } from './store-trouble.ts';
import { loopSources, zoneSources } from './thread-sources.ts';
import type { Thread, ThreadFigures } from './threads.ts';
import type { EdgeThread, ZoneThreads } from './zone-threads.ts';

export interface NodeThreads {
  /** By which stores know this node from all others, also after a restart. */
  readonly nodeId: string;
  /** With the ports its edges listen on, and how many players stand in it. */
  zones(): readonly SessionZone[];
  /** Ticks each zone has run, as its u32 counter says. */
  ticks(): readonly number[];
  /** How much each zone has to do less to keep up. */
  loads(): readonly ZoneLoad[];
  /** Ends the zone's thread, which does not tick; another one goes on from its last whole tick. */
  replaceZone(index: number): void;
  readonly store: Omit<StoreClient, 'close' | 'enterZone' | 'claimPlayers'>;
  /** What is wrong behind it, in words; empty when all is well. */
  storeTrouble(): readonly string[];
  /** Of each zone: whether it measures its ticks' phases. */
  readonly phaseSwitches: readonly SharedArrayBuffer[];
  readonly sources: readonly BlockSource[];
  figures(): Promise<readonly ThreadFigures[]>;
  /** Those that run now. */
  profiled(): readonly Profiled[];
  /** Of everybody who plays by UDP, and through which edge of the zone. */
  lines(): readonly (LineRow & { readonly zoneId: number; readonly edge: number })[];
  /** What was not as it should be at the end, in words; empty when all was saved. */
  drain(): Promise<readonly string[]>;
}

/** As it is now: threads come and go. */
export interface RunningNode {
  readonly nodeId: string;
  readonly game: AnyGame;
  readonly zoneThreads: readonly ZoneThreads[];
  readonly storeCounters: SharedArrayBuffer;
  readonly storeLoopDelay: SharedArrayBuffer;
  readonly storeThreadCounters: SharedArrayBuffer;
  readonly storeLogCounters: SharedArrayBuffer;
  storeThread: Thread | undefined;
  storeClient: StoreClient | undefined;
}

export function describeNode(node: RunningNode, drain: NodeThreads['drain']): NodeThreads {
  const { nodeId, game, zoneThreads } = node;
  const zoneCounters = zoneThreads.map(({ buffers }) => createCounters('zone', buffers.counters));
  const store = (): StoreClient => {
    if (node.storeClient !== undefined) return node.storeClient;
    throw new ServerError('DARKAGES_STORE_TIMEOUT', 'The store is not there.');
  };
  return {
    nodeId,
    zones: () =>
      zoneThreads.map(({ zoneId, edges }, zone) => {
        const { words, index } = zoneCounters[zone]!;
        const players = words[index.players]!;
        return { zoneId, players, ws: sessionEdges(edges, 'ws'), udp: sessionEdges(edges, 'udp') };
      }),
    ticks: () => zoneCounters.map(({ words, index }) => words[index.ticks]!),
    loads: () =>
      zoneCounters.map(({ words, index }, zone) => ({
        zoneId: zoneThreads[zone]!.zoneId,
        step: words[index.overloadStep]!,
        pacePercent: words[index.pacePercent]!,
      })),
    replaceZone: (index) => zoneThreads[index]?.zone?.terminate('it did not tick any more'),
    store: {
      createAccount: async (account) => store().createAccount(account),
      findAccountByGuestSecret: async (hash) => store().findAccountByGuestSecret(hash),
      findAccountByName: async (name) => store().findAccountByName(name),
      replacePasswordHash: async (playerId, before, after) => store().replacePasswordHash(playerId, before, after),
      exportPlayer: async (playerId) => store().exportPlayer(playerId),
      deletePlayer: async (playerId, nameKeptMs) => store().deletePlayer(playerId, nameKeptMs),
      findZone: async (playerId) => store().findZone(playerId),
      ping: async () => store().ping(),
    },
    storeTrouble: () => describeStoreTrouble(node.storeCounters),
    phaseSwitches: zoneThreads.map(({ buffers }) => buffers.phaseSwitch),
    sources: [
      ...zoneThreads.flatMap((zone) => zoneSources(game, zone)),
      { kind: 'store', labels: {}, blocks: [node.storeCounters] },
      ...loopSources('store', {}, node.storeThreadCounters, node.storeLoopDelay),
      { kind: 'log', labels: {}, blocks: [node.storeLogCounters] },
    ],
    async figures() {
      const threads = [
        node.storeThread,
        ...zoneThreads.flatMap(({ zone, edges }) => [zone, ...edges.map(({ thread }) => thread)]),
      ];
      const figures = await Promise.all(threads.map((thread) => thread?.figures()));
      return figures.filter((one) => one !== undefined);
    },
    profiled: () => [
      ...profiledOf(game, node.storeThread, node.storeThreadCounters),
      ...zoneThreads.flatMap(({ zone, threadCounters, buffers, edges }) => [
        ...profiledOf(game, zone, threadCounters, buffers.phases),
        ...edges.flatMap((edge) => profiledOf(game, edge.thread, edge.threadCounters)),
      ]),
    ],
    lines: () =>
      zoneThreads.flatMap(({ zoneId, edges }) =>
        edges.flatMap(({ edge, udpLines }) => readLines(udpLines).map((row) => ({ zoneId, edge, ...row }))),
      ),
    drain,
  };
}

function sessionEdges(edges: readonly EdgeThread[], kind: EdgeThread['kind']): readonly SessionEdge[] {
  return edges
    .filter((one) => one.kind === kind)
    .map(({ edge, place, port, counters: { words, index } }) => ({
      edge,
      place,
      port,
      players: words[index.connections]!,
    }));
}
