// Players that trade while their server is killed under them: each has one command under way, asks for it again with the
// same key until it knows what became of it, and keeps account of what it was told. Chaos process; time is handed in.

import { createRandom, type Random } from '../../src/base/random.ts';
import { createClient, startClient, stopClient, updateClient } from '../../src/client/client.ts';
import { sendCommand } from '../../src/client/commands.ts';
import { createGuestSecret, createRequestKey, createSessionRequest } from '../../src/client/session.ts';
import { type Client, PLAYING } from '../../src/client/state.ts';
import { systemClock } from '../../src/io/system.ts';
import type { Link } from '../swarm/link.ts';
import { postJson } from '../swarm/swarm.ts';
import { game } from './bank.ts';

export interface PlayerOptions {
  /** Of the server's HTTP. */
  readonly url: string;
  readonly seed: number;
  readonly transport: 'ws' | 'udp';
  readonly pauseMsMax: number;
  readonly link: (random: Random) => Link;
  readonly answered?: (waitedMs: number) => void;
}

export interface Player {
  readonly options: PlayerOptions;
  readonly client: Client;
  readonly link: Link;
  readonly random: Random;
  /** What it was told that it has. */
  gold: number;
  gems: number;
  /** Commands that it was answered, those that were done, and of these the swaps of gold and gems. */
  answered: number;
  done: number;
  exchanges: number;
  isBusy: boolean;
  /** Until then it asks for nothing. */
  pausesUntilMs: number;
  /** The process that it was welcomed by, as its session named it; and when that one's first snapshot came. */
  boot: string | undefined;
  backMs: number;
  playerId: number;
}

/** One in so many walks about, and finds coins: commits that nobody asked for. */
const WALKERS = 3;
const MINTED_MAX = 50;
/** Gems that are minted, or asked for in a swap, are fewer. */
const GEMS = 3;
const PAID_MAX = 9;
const MOVE_MAX = 127;

export function createPlayer(options: PlayerOptions): Player {
  const { url, transport } = options;
  const random = createRandom(options.seed);
  const own = options.link(random);
  const client = createClient({
    game,
    requestSession: createSessionRequest({
      post: postJson,
      baseUrl: url,
      secret: createGuestSecret(),
      key: createRequestKey(() => crypto.randomUUID()),
      transport: transport === 'udp' ? 'udp' : undefined,
    }),
    openSocket: own.open,
    clock: systemClock,
    random: () => random.fraction(),
    interpolate: false,
    events: {
      welcomed: ({ playerId }) => {
        player.playerId = Number(playerId);
        player.boot = client.boot;
        player.backMs = Number.NaN;
      },
      snapshotApplied: () => {
        if (Number.isNaN(player.backMs)) player.backMs = systemClock.now();
      },
    },
    heardEvents: [],
  });
  const player: Player = {
    options,
    client,
    link: own,
    random,
    gold: 0,
    gems: 0,
    answered: 0,
    done: 0,
    exchanges: 0,
    isBusy: false,
    pausesUntilMs: 0,
    boot: undefined,
    backMs: Number.NaN,
    playerId: 0,
  };
  startClient(client, systemClock.now());
  return player;
}

/** @param all of them: whom it may pay */
export function updatePlayer(
  player: Player,
  place: number,
  all: readonly Player[],
  nowMs: number,
  isTrading: boolean,
): void {
  const { client, random } = player;
  player.link.update(nowMs);
  if (place % WALKERS === 0 && nowMs - client.updatedMs > 0) {
    const turn = Math.floor(nowMs / 1000) + place;
    // Who pauses stands: each step may find a coin, which is one more commit.
    const isResting = !isTrading || nowMs < player.pausesUntilMs;
    client.intent.moveX = isResting ? 0 : turn % 2 === 0 ? MOVE_MAX : -MOVE_MAX;
  }
  updateClient(client, nowMs);
  if (!isTrading || player.isBusy || nowMs < player.pausesUntilMs || client.state !== PLAYING) return;
  if (player.gold < PAID_MAX || random.below(10) === 0) mint(player);
  else swap(player, all[random.below(all.length)]!);
}

function mint(player: Player): void {
  const { random } = player;
  const [gold, gems] = [1 + random.below(MINTED_MAX), random.below(GEMS)];
  ask(player, 'mint', { gold, gems }, () => {
    player.gold += gold;
    player.gems += gems;
  });
}

function swap(player: Player, other: Player): void {
  const { client, random } = player;
  const to = other.client.welcome;
  // Who isn't there at the moment has another handle when it comes back.
  if (other === player || to === undefined || other.client.state !== PLAYING) return;
  const gold = 1 + random.below(PAID_MAX);
  // As far as is known: what others ask for at the same time may have gone first, and what it got may not be told yet.
  const gems = Math.min(random.below(GEMS), Math.max(0, other.gems));
  const handle = (to.generation << 16) | to.slot;
  if (client.welcome === undefined) return;
  ask(player, 'swap', { to: handle, gold, gems }, () => {
    player.gold -= gold;
    other.gold += gold;
    player.gems += gems;
    other.gems -= gems;
    if (gems > 0) player.exchanges++;
  });
}

function ask(player: Player, name: string, values: Readonly<Record<string, number>>, book: () => void): void {
  const { client, random, options } = player;
  const askedMs = systemClock.now();
  player.isBusy = true;
  sendCommand(
    client,
    name,
    values,
    () => random.fraction(),
    (refused) => {
      player.isBusy = false;
      if (refused === 'replaced' || refused === 'disconnected' || refused === 'too_many') {
        throw new Error(`player ${player.playerId}: nobody knows what became of a command (${refused})`);
      }
      player.answered++;
      const nowMs = systemClock.now();
      options.answered?.(nowMs - askedMs);
      if (options.pauseMsMax > 0) player.pausesUntilMs = nowMs + random.below(options.pauseMsMax);
      if (refused !== '') return;
      player.done++;
      book();
    },
  );
}

export function endPlayer({ client }: Player): void {
  stopClient(client);
}
