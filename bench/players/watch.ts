// Clients that walk about in a crowd and note how old what they see gets: the library of the page, over a real socket.
// A process of its own, started by play.ts: `node watch.ts URL TRANSPORT WATCHERS SEED`. It prints `watching` once all of
// them play; SIGUSR2 begins measuring, SIGINT ends it; then it prints one line of JSON.

import { assert } from '../../src/base/assert.ts';
import { TICK_MS } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import { createClient, startClient, stopClient, updateClient } from '../../src/client/client.ts';
import { createGuestSecret, createSessionRequest } from '../../src/client/session.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { game } from '../../src/game/game.ts';
import { PLAYER } from '../../src/game/kinds.ts';
import { systemClock } from '../../src/io/system.ts';
import { createLink, type Link } from '../../tools/swarm/link.ts';
import { openSocket, openUdpHost, postJson } from '../../tools/swarm/swarm.ts';
import type { UdpHost } from '../../tools/swarm/udp-host.ts';
import { createWander, updateWander, type Wander } from '../../tools/swarm/wander.ts';
import { type Ages, closeAges, createAges, noteAges, summariseAges } from './watch-ages.ts';

/** About the middle of the crowd, where most are near. */
const WITHIN_MM = 25_000;
const PERFECT = { latencyMs: 0, jitterMs: 0, lossShare: 0 };

interface Watcher {
  readonly client: Client;
  readonly link: Link;
  readonly wander: Wander;
  ages: Ages;
}

const [url, transport, watcherCount, seed] = process.argv.slice(2);
assert(url !== undefined && watcherCount !== undefined, 'play.ts says what to watch');
const udp = transport === 'udp' ? await openUdpHost(Number(watcherCount)) : undefined;
const watchers = Array.from({ length: Number(watcherCount) }, (_, index) => createWatcher(index, udp));
let measuredMs = -1;
let isWatching = false;
const startMs = systemClock.now();
for (const { client } of watchers) startClient(client, startMs);
const turn = setInterval(watch, TICK_MS);
process.once('SIGUSR2', () => {
  measuredMs = systemClock.now();
  for (const watcher of watchers) watcher.ages = createAges(watcher.client.replicas, PLAYER);
});
process.once('SIGINT', end);

function createWatcher(index: number, host: UdpHost | undefined): Watcher {
  const random = createRandom((Number(seed) ^ 0x3c6e_f372) + index);
  const link =
    host === undefined
      ? createLink(openSocket, PERFECT, random, () => systemClock.now())
      : host.createLink(PERFECT, random);
  const client = createClient({
    game,
    requestSession: createSessionRequest({
      post: postJson,
      baseUrl: url!,
      secret: createGuestSecret(),
      transport: host === undefined ? undefined : 'udp',
    }),
    openSocket: link.open,
    clock: systemClock,
    random: () => random.fraction(),
    interpolate: false,
    events: { snapshotApplied: () => noteAges(watcher.ages, client.replicas, client.welcome?.slot ?? -1) },
  });
  const wander = createWander(game, random, 1, WITHIN_MM);
  const watcher: Watcher = { client, link, wander, ages: createAges(client.replicas, PLAYER) };
  return watcher;
}

function watch(): void {
  const nowMs = systemClock.now();
  udp?.leaveAt(nowMs, nowMs);
  for (const { client, link, wander } of watchers) {
    link.update(nowMs);
    if (client.state === PLAYING) updateWander(wander, nowMs, client.own.x, client.own.z, client.intent);
    updateClient(client, nowMs);
  }
  udp?.turn(nowMs);
  if (isWatching || watchers.some(({ client }) => client.state !== PLAYING)) return;
  isWatching = true;
  process.stdout.write('watching\n');
}

function end(): void {
  clearInterval(turn);
  const seconds = (systemClock.now() - measuredMs) / 1000;
  for (const { ages } of watchers) closeAges(ages);
  const all = measuredMs < 0 ? [] : watchers.map(({ ages }) => ages);
  process.stdout.write(`${JSON.stringify(summariseAges(all, seconds))}\n`);
  for (const { client } of watchers) stopClient(client);
  udp?.turn(systemClock.now());
  udp?.close();
}
