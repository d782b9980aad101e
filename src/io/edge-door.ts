// What every edge thread does beside its sockets, whatever carries its clients: it lets players in by their token and
// the store, lets go of those who moved to another zone or node, serves each new tick, and ends in order. Edge threads.
// All of an edge runs on one clock: milliseconds since 1970 that never go back.

import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { createCounters } from '../base/counters.ts';
import { errorCode } from '../base/errors.ts';
import { PLAYERS_MAX } from '../base/limits.ts';
import { createTokenVerifier } from '../gateway/token.ts';
import {
  admitConnection,
  type Connection,
  closeConnection,
  createEdge,
  dropPlayer,
  type Edge,
  ENTERING,
  evictPlayer,
  takePlace,
} from '../session/edge.ts';
import { updateEffort } from '../session/load.ts';
import { serveClients } from '../session/serve.ts';
import type { AnyGame } from '../sim/game.ts';
import { NEWEST_TICK_INDEX } from '../sim/history.ts';
import type { ZoneBuffers } from '../zone/buffers.ts';
import { connectStore, type PlayerMoved } from './store-client.ts';
import { steadyMs, wallClockS } from './system.ts';
import { createTickWait } from './tick-wait.ts';
import { createTracer, type TraceData } from './tracing.ts';
import { createEdgeTimes } from './tracing-edge.ts';

/** What the main thread hands to an edge thread of any kind. */
export interface EdgeData {
  readonly zoneId: number;
  readonly edgeIndex: number;
  readonly gameUrl: string;
  readonly seed: number;
  readonly host: string;
  readonly port: number;
  readonly buffers: ZoneBuffers;
  readonly playersPerAddress: number | undefined;
  readonly tokenKey: Uint8Array;
  readonly storePort: MessagePort;
  readonly loopDelay: SharedArrayBuffer;
  readonly threadCounters: SharedArrayBuffer;
  readonly trace: TraceData;
}

export interface Door {
  readonly edge: Edge;
  /** The store thread died and another one is there. */
  useStore(port: MessagePort): void;
  /** Serves each new tick until the thread ends; `afterServing` follows each time. */
  serve(afterServing: () => void): Promise<never>;
  /** Tells all clients that it is over. */
  dismissAll(): void;
  close(): void;
}

/** A zone that publishes nothing still has messages for clients. */
const WAIT_MS_MAX = 100;
/** An edge without connections follows no ticks: each look at them costs a wake-up. Whoever comes first waits so long at most. */
const IDLE_WAIT_MS = 20;

export function createDoor(data: EdgeData, game: AnyGame, transport: 'ws' | 'udp'): Door {
  const tokens = createTokenVerifier(data.tokenKey);
  const zone = createCounters('zone', data.buffers.counters);
  const tracer = createTracer(data.trace);
  const { histograms } = createCounters('edge', data.buffers.edgeCounters[data.edgeIndex]!);
  const times = createEdgeTimes({ tracer, histograms, game, zoneId: data.zoneId, transport });
  const edge = createEdge({
    ...data,
    game,
    watch: times,
    authenticate: (connection, token) => void authenticate(connection, token),
  });
  const storeOptions = { onMoved: letGo, context: tracer.current };
  let store = connectStore(data.storePort, storeOptions);

  async function authenticate(connection: Connection, token: string): Promise<void> {
    const claims = await tokens.verify(token, wallClockS());
    if (typeof claims === 'string') return refuse(connection, claims === 'token_expired' ? claims : 'token_invalid');
    const { playerId, name, tokenId } = claims;
    const span = times.known(connection, tokenId, playerId);
    const admitted = connection.link.playerId;
    if (admitted !== undefined && admitted !== playerId) return refuse(connection, 'token_invalid');
    if (!takePlace(edge, connection)) return;
    try {
      const request = { ...claims, zoneId: data.zoneId, isZoneFull: isZoneFull() };
      const entry = await tracer.within(span, () => store.enterZone(request));
      if ('refused' in entry) {
        if (entry.refused === 'token_used') return refuse(connection, entry.refused);
        return closeConnection(edge, connection, entry.refused);
      }
      if (entry.isStanding) {
        return admitConnection(edge, connection, { playerId, name, epoch: 0, saved: undefined, isStanding: true });
      }
      const { character, epoch, isNew, answers } = entry;
      const saved = character && Int32Array.from(game.savedColumns, (column) => character[column] ?? 0);
      admitConnection(edge, connection, { playerId, name, epoch, saved, isNew, answers });
    } catch (error) {
      // The store counts its own errors. Letting the player in without its character would overwrite what is saved.
      if (!isStoreError(error)) throw error;
      closeConnection(edge, connection, 'store_unavailable');
    }
  }

  function refuse(connection: Connection, reason: string): void {
    edge.counters.words[edge.counters.index.refusedToken]!++;
    closeConnection(edge, connection, reason);
  }

  /** As the zone counts them; it has the last word. */
  function isZoneFull(): boolean {
    const { words, index } = zone;
    return words[index.players]! >= PLAYERS_MAX || words[index.entities]! >= data.buffers.capacity;
  }

  /** The player asks for another zone: its character here is without connection, and lingers. One that is lost goes. */
  function letGo({ playerId, zoneId, lostEpoch }: PlayerMoved): void {
    if (zoneId === data.zoneId) return;
    if (lostEpoch === undefined) dropPlayer(edge, playerId);
    else evictPlayer(edge, { playerId, epoch: lostEpoch });
  }

  /** A store thread that has just started doesn't know who is where. */
  async function claimPlayers(): Promise<void> {
    const players: { playerId: number; sinceMs: number }[] = [];
    for (const connection of edge.connections) {
      if (connection === undefined || connection.state < ENTERING) continue;
      players.push({ playerId: connection.playerId, sinceMs: connection.openedMs });
    }
    try {
      await store.claimPlayers({ zoneId: data.zoneId, players });
    } catch (error) {
      // That one died as well: the next one is told.
      if (!isStoreError(error)) throw error;
    }
  }

  return {
    edge,
    useStore(port) {
      store.close();
      store = connectStore(port, storeOptions);
      void claimPlayers();
    },
    async serve(afterServing) {
      const ticks = createTickWait(edge.history.header, NEWEST_TICK_INDEX, steadyMs);
      for (;;) {
        serveClients(edge, steadyMs());
        afterServing();
        updateEffort(edge.effort, edge.counters, threadCpuMicros, steadyMs());
        if (hasConnections(edge)) await ticks.next(edge.servedTick, WAIT_MS_MAX);
        else await sleep(IDLE_WAIT_MS);
      }
    },
    dismissAll() {
      for (const connection of edge.connections) if (connection) closeConnection(edge, connection, 'shutting_down');
    },
    close: () => store.close(),
  };
}

function hasConnections({ connections }: Edge): boolean {
  for (const connection of connections) if (connection !== undefined) return true;
  return false;
}

function threadCpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function isStoreError(error: unknown): boolean {
  return errorCode(error)?.startsWith('DARKAGES_STORE_') === true;
}
