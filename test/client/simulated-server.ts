// The real zone and edge in one thread with clients, on simulated time and network: what test/client runs against.

import { createManualClock, type ManualClock } from '../../src/base/clock.ts';
import { TICK_MS } from '../../src/base/limits.ts';
import { packLoad } from '../../src/base/overload-steps.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createClient, startClient, updateClient } from '../../src/client/client.ts';
import type { Socket, SocketEvents } from '../../src/client/ports.ts';
import type { Client, ClientOptions } from '../../src/client/state.ts';
import {
  admitConnection,
  type Connection,
  createEdge,
  type Edge,
  forgetConnection,
  openConnection,
  updateEdge,
  welcomeStranger,
} from '../../src/session/edge.ts';
import { receiveFrame } from '../../src/session/receive.ts';
import { serveClients } from '../../src/session/serve.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { publishLoad } from '../../src/sim/history.ts';
import { worldTick } from '../../src/sim/world.ts';
import { SNAPSHOT_PLANS } from '../../src/transport/channels/degradation.ts';
import { createZoneBuffers, type ZoneBuffers } from '../../src/zone/buffers.ts';
import type { Zone } from '../../src/zone/state.ts';
import { createZone, tickZone } from '../../src/zone/zone.ts';
import { createLine, type Line, type LineOptions } from '../simulated-network.ts';

const CAPACITY = 64;
/** The server's clock is another one than the clients'. */
export const SERVER_OFFSET_MS = 12_345.6;

export interface SimulatedServer {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly seed: number;
  readonly buffers: ZoneBuffers;
  zone: Zone;
  readonly edge: Edge;
  readonly links: SimulatedLink[];
  readonly hosts: SimulatedHost[];
  line: LineOptions;
  nextTickMs: number;
  /** How fast its time runs, in percent; `setServerPace` changes it. */
  pacePercent: number;
  /** How many inputs the server wants in a frame. */
  inputsPerFrame: number;
  /** False: nothing ticks, nothing is served, nobody gets in. */
  isUp: boolean;
  nextPlayer: number;
  /** Runs after each tick of the zone. */
  /** Until then no client is told of what arrives. */
  frozenUntilMs: number;
  afterTick: ((tick: number) => void) | undefined;
}

/** Calls its client once a frame. */
export interface SimulatedHost {
  readonly client: Client;
  readonly frameMs: number;
  dueMs: number;
  eachFrame: (() => void) | undefined;
  /** Runs before each frame: what the player then sees is the frame before. */
  beforeFrame: (() => void) | undefined;
  /** Every packet that it sends is held back so long, beside what the line does. */
  holdUpMs: number;
}

interface SimulatedLink {
  readonly up: Line;
  readonly down: Line;
  readonly events: SocketEvents;
  connection: Connection | undefined;
  opensMs: number;
  isOpen: boolean;
  isClosed: boolean;
}

export function createSimulatedServer(
  game: AnyGame,
  seed: number,
  line: LineOptions,
  capacity = CAPACITY,
): SimulatedServer {
  const buffers = createZoneBuffers(game, 1, capacity);
  const zone = createZone({ game, seed, epoch: 1, buffers, resume: false });
  const server: SimulatedServer = {
    clock: createManualClock(1000),
    random: createRandom(seed),
    seed,
    buffers,
    zone,
    edge: createEdge({
      game,
      zoneId: 1,
      edgeIndex: 0,
      seed,
      buffers,
      authenticate(connection, token) {
        admitConnection(server.edge, connection, {
          epoch: 1,
          playerId: Number(token),
          name: `p${token}`,
          saved: undefined,
        });
      },
    }),
    links: [],
    hosts: [],
    line,
    nextTickMs: 1000,
    pacePercent: 100,
    inputsPerFrame: 1,
    isUp: true,
    nextPlayer: 1,
    afterTick: undefined,
    frozenUntilMs: 0,
  };
  return server;
}

/** A client of a player of its own, updated each `frameMs`. */
export function addClient(server: SimulatedServer, options: Partial<ClientOptions> = {}, frameMs = TICK_MS): Client {
  const player = server.nextPlayer++;
  const client: Client = createClient({
    game: server.zone.game,
    requestSession: (done) =>
      done(server.isUp ? { token: String(player), url: 'zone' } : { refused: 'unreachable', isFinal: false }),
    openSocket: (_, events) => openLink(server, events, () => hostOf(server, client).holdUpMs),
    clock: server.clock,
    random: () => server.random.fraction(),
    ...options,
  });
  const now = server.clock.now();
  const dueMs = now + server.random.fraction() * frameMs;
  server.hosts.push({ client, frameMs, dueMs, eachFrame: undefined, beforeFrame: undefined, holdUpMs: 0 });
  startClient(client, now);
  return client;
}

export function hostOf(server: SimulatedServer, client: Client): SimulatedHost {
  return server.hosts.find((host) => host.client === client)!;
}

/** A socket of somebody's own: for bots, which make their clients themselves. */
export function openLink(server: SimulatedServer, events: SocketEvents, holdUpMs: () => number): Socket {
  const { line, random, clock } = server;
  const link: SimulatedLink = {
    up: createLine(random, line),
    down: createLine(random, line),
    events,
    connection: undefined,
    opensMs: clock.now() + 2 * line.latencyMs,
    isOpen: false,
    isClosed: false,
  };
  server.links.push(link);
  return {
    send: (bytes) => link.up.send(clock.now() + holdUpMs(), bytes),
    close: () => {
      link.isClosed = true;
    },
  };
}

/** Simulated time passes, a millisecond at a time. */
export function run(server: SimulatedServer, ms: number): void {
  for (let step = 0; step < ms; step++) {
    server.clock.advance(1);
    const now = server.clock.now();
    if (server.isUp) runServer(server, now);
    for (const link of server.links) runLink(server, link, now);
    for (let index = server.links.length - 1; index >= 0; index--) {
      if (server.links[index]!.isClosed) server.links.splice(index, 1);
    }
    for (const host of server.hosts) {
      if (now < host.dueMs) continue;
      host.dueMs += host.frameMs;
      host.beforeFrame?.();
      updateClient(host.client, now);
      host.eachFrame?.();
    }
  }
}

/** As the zone's thread does after a tick (workers/zone.ts). */
export function setServerPace(server: SimulatedServer, step: number, pacePercent: number): void {
  server.nextTickMs += TICK_MS * (100 / pacePercent - 100 / server.pacePercent);
  server.pacePercent = pacePercent;
  publishLoad(server.zone.history, packLoad(step, pacePercent), worldTick(server.zone.world));
}

function runServer(server: SimulatedServer, now: number): void {
  if (now < server.nextTickMs) return;
  server.nextTickMs += (TICK_MS * 100) / server.pacePercent;
  tickZone(server.zone);
  serveClients(server.edge, now + SERVER_OFFSET_MS);
  updateEdge(server.edge, now + SERVER_OFFSET_MS);
  server.afterTick?.(server.zone.sim.tick);
}

function runLink(server: SimulatedServer, link: SimulatedLink, now: number): void {
  if (link.isClosed) {
    if (link.connection !== undefined) forgetConnection(server.edge, link.connection);
    return;
  }
  if (!link.isOpen) {
    if (now < link.opensMs) return;
    if (!server.isUp) {
      link.isClosed = true;
      link.events.closed();
      return;
    }
    link.isOpen = true;
    link.connection = openConnection(
      server.edge,
      {
        get inputsPerFrame() {
          return server.inputsPerFrame;
        },
        plan: SNAPSHOT_PLANS[0]!,
        playerId: undefined,
        send: (bytes) => link.down.send(server.clock.now(), bytes),
        backlogBytes: () => 0,
        holdUp: () => {},
        close: () => {},
      },
      welcomeStranger(server.edge, `host ${server.links.length}`)!,
      now + SERVER_OFFSET_MS,
    );
    link.events.opened();
  }
  if (server.isUp) {
    link.up.deliver(now, (bytes) => receiveFrame(server.edge, link.connection!, bytes, now + SERVER_OFFSET_MS));
  }
  if (now >= server.frozenUntilMs) link.down.deliver(now, (bytes) => link.events.received(bytes));
}

/** The zone's thread died and another goes on from its keyframe, for clients that stay connected. */
export function restartZone(server: SimulatedServer, epoch: number): void {
  const { buffers, seed } = server;
  server.zone = createZone({ game: server.zone.game, seed, epoch, buffers, resume: true });
}

/** Every connection breaks, as when the server is gone. */
export function breakConnections(server: SimulatedServer): void {
  for (const link of [...server.links]) {
    link.isClosed = true;
    if (link.connection !== undefined) forgetConnection(server.edge, link.connection);
    link.events.closed();
  }
}
