// Players that trade, as many as asked for, in one process: what kills and outages are done to; and whether the ledger has
// what they were told. Chaos process.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/base/random.ts';
import { PLAYING } from '../../src/client/state.ts';
import { systemClock } from '../../src/io/system.ts';
import type { Store } from '../../src/store/store.ts';
import { createLink } from '../swarm/link.ts';
import { openSocket, openUdpHost } from '../swarm/swarm.ts';
import { game } from './bank.ts';
import { createPlayer, endPlayer, type Player, type PlayerOptions, updatePlayer } from './players.ts';

export interface CrowdOptions {
  /** Of the server's HTTP. */
  readonly url: string;
  readonly players: number;
  readonly seed: number;
  readonly transport: 'ws' | 'udp';
  /** Each waits up to so long before it asks for something again. */
  readonly pauseMsMax: number;
  /** Hears how long a command waited for its answer. */
  readonly answered?: (waitedMs: number) => void;
}

export interface Crowd {
  readonly players: readonly Player[];
  /** Plays on until `isSo`; throws after a while. */
  until(what: string, msMax: number, isSo: () => boolean): Promise<void>;
  /** Whether they ask for things and walk about; they do from the start. */
  trade(isWanted: boolean): void;
  /** Plays until no command is under way, and ends. */
  settle(): Promise<void>;
}

/** By how many transfers accounts have less and more than their players were told. */
export interface Books {
  readonly lost: number;
  readonly doubled: number;
}

const NONE = { latencyMs: 0, jitterMs: 0, lossShare: 0 };
const IN_MS_MAX = 30_000;
const SETTLE_MS_MAX = 30_000;
const TURN_MS = 4;

/** Resolves when all play. */
export async function createCrowd(options: CrowdOptions): Promise<Crowd> {
  const { url, seed, transport, pauseMsMax, answered } = options;
  const lines = await openLines(transport, options.players);
  const players = Array.from({ length: options.players }, (_, index) =>
    createPlayer({
      url,
      seed: seed * 100_003 + index,
      transport,
      pauseMsMax,
      link: lines.link,
      ...(answered !== undefined && { answered }),
    }),
  );
  let isTrading = true;
  const turn = (): void => {
    const nowMs = systemClock.now();
    for (const [place, player] of players.entries()) updatePlayer(player, place, players, nowMs, isTrading);
    lines.turn(systemClock.now());
  };
  const until: Crowd['until'] = async (what, msMax, isSo) => {
    const deadlineMs = performance.now() + msMax;
    while (!isSo()) {
      turn();
      await sleep(TURN_MS);
      // Asked once more: all that time may have passed in this sleep.
      if (performance.now() > deadlineMs && !isSo())
        throw new Error(`not within ${msMax} ms: ${what}${sayAway(players)}`);
    }
  };
  const trade = (isWanted: boolean): void => {
    isTrading = isWanted;
  };
  const end = async (): Promise<void> => {
    for (const player of players) endPlayer(player);
    await sleep(TURN_MS);
    lines.close();
  };
  try {
    await until('all players are in', IN_MS_MAX, () => players.every(({ client }) => client.state === PLAYING));
  } catch (error) {
    await end();
    throw error;
  }
  return {
    players,
    until,
    trade,
    async settle() {
      trade(false);
      await until('all commands are answered', SETTLE_MS_MAX, () => players.every(({ isBusy }) => !isBusy));
      await end();
    },
  };
}

/** Of those who don't play: in which state they are, why they came into it, and how many. */
function sayAway(players: readonly Player[]): string {
  const away = players.filter(({ client }) => client.state !== PLAYING);
  const counts = new Map<string, number>();
  for (const { client } of away) {
    const state = `in state ${client.state} (${client.reason})`;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `; ${count} are ${state}`).join('');
}

/** What players of this process are connected by. */
export interface Lines {
  readonly link: PlayerOptions['link'];
  /** Sends and receives; call often. */
  turn(nowMs: number): void;
  close(): void;
}

export async function openLines(transport: CrowdOptions['transport'], players: number): Promise<Lines> {
  if (transport === 'ws') {
    const link = (random: Random) => createLink(openSocket, NONE, random, systemClock.now);
    return { link, turn: () => {}, close: () => {} };
  }
  const host = await openUdpHost(players);
  return { link: (random) => host.createLink(NONE, random), turn: host.turn, close: host.close };
}

/** @param say hears of each account that is not as its player was told */
export async function compareBooks(
  store: Store,
  players: readonly Player[],
  say: (line: string) => void,
): Promise<Books> {
  let lost = 0;
  let doubled = 0;
  for (const { playerId, gold, gems } of players) {
    const { balances } = await store.loadBalances(playerId, game.name);
    for (const [asset, told] of [
      ['gold', gold],
      ['gems', gems],
    ] as const) {
      const found = balances[asset] ?? 0;
      lost += Math.max(0, told - found);
      doubled += Math.max(0, found - told);
      if (found !== told) say(`player ${playerId} has ${found} of ${asset} and was told ${told}`);
    }
  }
  return { lost, doubled };
}
