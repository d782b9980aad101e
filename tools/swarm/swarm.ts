// The bots of one process: makes them, gives each its turn, moves what their lines hold, ends them. The only loop, and
// with main.ts the only place that knows clock, sockets and HTTP.

import { closeSync, openSync, writeSync } from 'node:fs';
import { WebSocket } from 'ws';
import type { OpenSocket, PostJson } from '../../src/client/ports.ts';
import { PLAYING } from '../../src/client/state.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import { systemClock } from '../../src/io/system.ts';
import { openUdp } from '../../src/io/udp.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { type Acknowledged, type Bot, createBot, endBot, measureAnew, runBot } from './bot.ts';
import { type Crowd, createCrowd, updateCrowd } from './crowd.ts';
import { createLink, isPerfect } from './link.ts';
import type { SwarmOptions } from './options.ts';
import { clearPart, countFailed, createPart, type Part } from './report.ts';
import { createSchedule, runDueTurns, type Schedule, takeTurnAhead } from './schedule.ts';
import { addValue } from './statistics.ts';
import { createUdpHost, type UdpHost } from './udp-host.ts';

/** The timer's grain: turns that fall due within it are run together. */
const LOOP_MS = 1;
const PROGRESS_MS = 1_000;
const HTTP_TIMEOUT_MS = 8_000;

/** Totals since the start, but for `connected`. */
export interface Progress {
  connected: number;
  failed: number;
  snapshots: number;
  corrections: number;
  /** Of all pongs. */
  roundTrips: number;
  roundTripSumMs: number;
  /** Of all turns. */
  turns: number;
  scheduleErrorSumMs: number;
  turnsSkipped: number;
}

export interface Swarm {
  readonly done: Promise<Part>;
  /** Ends it early; `done` resolves with what there is. */
  stop(): void;
  /** Forgets what was measured until now, but for who failed: what follows is what is reported. */
  measureAnew(): void;
}

/** Those bots of the run whose number is `first` modulo `options.processes`. */
export function startSwarm(
  game: AnyGame,
  options: SwarmOptions,
  first: number,
  onProgress: (progress: Progress) => void,
): Swarm {
  let isStopped = false;
  let isAnew = false;
  const takeAnew = (): boolean => {
    const was = isAnew;
    isAnew = false;
    return was;
  };
  const run = async (): Promise<Part> => {
    const udp = options.transport === 'udp' ? await openUdpHost(options.bots / options.processes) : undefined;
    const part = await runBots(game, options, first, udp, onProgress, () => isStopped, takeAnew);
    udp?.close();
    return part;
  };
  return {
    done: run(),
    stop() {
      isStopped = true;
    },
    measureAnew() {
      isAnew = true;
    },
  };
}

/** @param bots how many there will be, about */
export function openUdpHost(bots: number): Promise<UdpHost> {
  return createUdpHost({
    openUdp,
    aead: createSodiumAead(),
    keyExchange: createNodeKeyExchange(),
    clock: systemClock,
    bots,
  });
}

function runBots(
  game: AnyGame,
  options: SwarmOptions,
  first: number,
  udp: UdpHost | undefined,
  onProgress: (progress: Progress) => void,
  isStopped: () => boolean,
  takeAnew: () => boolean,
): Promise<Part> {
  const startMs = systemClock.now();
  const crowd = createCrowd(options.lightShare > 0);
  const schedule = createSchedule(numbersOf(options, first).length, startMs);
  const file = options.acknowledgedFile === undefined ? undefined : openSync(options.acknowledgedFile, 'a');
  const acknowledged =
    file === undefined ? undefined : (each: Acknowledged) => void writeSync(file, `${JSON.stringify(each)}\n`);
  const bots = createBots(shareMap(game), options, first, udp, startMs, crowd, schedule, acknowledged);
  const part = bots[0]!.part;
  if (udp !== undefined) udp.left = (lateMs) => addValue(part.figures.scheduleErrorMs, lateMs);
  let measuredMs = startMs + options.rampUpS * 1000;
  const endMs = measuredMs + options.durationS * 1000;
  const { promise: done, resolve } = Promise.withResolvers<Part>();
  let progressMs = startMs + PROGRESS_MS;
  let cpuBefore: NodeJS.CpuUsage | undefined;
  const turn = (): void => {
    const nowMs = systemClock.now();
    if (nowMs >= measuredMs) cpuBefore ??= process.cpuUsage();
    updateCrowd(crowd, nowMs);
    // A perfect line holds nothing: what else there is to do for it the bots do with their turns.
    if (!isPerfect(options.conditions)) for (const bot of bots) bot.link.update(nowMs);
    const isBehind = runDueTurns(schedule, Math.min(nowMs, endMs), (bot, dueMs) => {
      const turnMs = systemClock.now();
      udp?.leaveAt(turnMs, turnMs);
      runBot(bots[bot]!, dueMs, turnMs);
    });
    udp?.turn(systemClock.now());
    if (takeAnew()) {
      clearPart(part);
      schedule.skipped = 0;
      measuredMs = nowMs;
      cpuBefore = process.cpuUsage();
      for (const bot of bots) measureAnew(bot, nowMs);
    }
    part.turnsSkipped = schedule.skipped;
    if (nowMs >= progressMs) {
      progressMs += PROGRESS_MS;
      onProgress(readProgress(bots, part));
    }
    if (!isStopped() && nowMs < endMs) {
      if (isBehind) setImmediate(turn);
      else setTimeout(turn, LOOP_MS);
      return;
    }
    for (const bot of bots) endBot(bot, nowMs);
    if (file !== undefined) closeSync(file);
    part.durationS = Math.max(0, nowMs - measuredMs) / 1000;
    if (cpuBefore !== undefined) {
      const { user, system } = process.cpuUsage(cpuBefore);
      part.cpuMs = (user + system) / 1000;
    }
    resolve(part);
  };
  setTimeout(turn, LOOP_MS);
  return done;
}

function createBots(
  game: AnyGame,
  options: SwarmOptions,
  first: number,
  udp: UdpHost | undefined,
  startMs: number,
  crowd: Crowd,
  schedule: Schedule,
  acknowledged: ((command: Acknowledged) => void) | undefined,
): Bot[] {
  const { transport, conditions } = options;
  const numbers = numbersOf(options, first);
  const part = createPart(numbers.length);
  part.lightBots = numbers.filter((number) => isAmong(number, options.lightShare)).length;
  return numbers.map((number, index) =>
    createBot({
      game,
      url: options.url,
      zoneId: options.zoneId,
      bots: options.bots,
      seed: (Math.imul(options.seed, 0x9e37_79b1) + number) >>> 0,
      startMs: startMs + (options.rampUpS * 1000 * number) / options.bots,
      transport,
      createLink: (random) =>
        udp === undefined
          ? createLink(openSocket, conditions, random, () => systemClock.now())
          : udp.createLink(conditions, random),
      isPeaceful: options.isPeaceful,
      withinMm: options.withinM * 1000,
      isLight: isAmong(number, options.lightShare),
      isTrader: isAmong(number, options.tradeShare),
      acknowledged,
      crowd,
      ahead: udp && {
        count: () => schedule.ahead[index]!,
        take: () => takeTurnAhead(schedule, index),
        leaveAt: udp.leaveAt,
      },
      post: postJson,
      clock: systemClock,
      part,
    }),
  );
}

function numbersOf({ bots, processes }: SwarmOptions, first: number): number[] {
  const numbers: number[] = [];
  for (let number = first; number < bots; number += processes) numbers.push(number);
  return numbers;
}

/** Evenly among the numbers, the same ones however many processes there are. */
function isAmong(number: number, share: number): boolean {
  return Math.floor((number + 1) * share) > Math.floor(number * share);
}

/** A map doesn't change and depends on the seed alone: one for all bots, not one for each. */
function shareMap(game: AnyGame): AnyGame {
  const maps = new Map<number, unknown>();
  return {
    ...game,
    createMap(seed: number) {
      if (!maps.has(seed)) maps.set(seed, game.createMap(seed));
      return maps.get(seed);
    },
  };
}

function readProgress(bots: readonly Bot[], part: Part): Progress {
  return {
    connected: bots.filter(({ client }) => client.state === PLAYING).length,
    failed: countFailed(part),
    snapshots: part.snapshots,
    corrections: part.corrections,
    roundTrips: part.figures.roundTripMs.count,
    roundTripSumMs: part.figures.roundTripMs.sum,
    turns: part.figures.scheduleErrorMs.count,
    scheduleErrorSumMs: part.figures.scheduleErrorMs.sum,
    turnsSkipped: part.turnsSkipped,
  };
}

export const postJson: PostJson = async (url, body, key) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
  });
  const { status, headers } = response;
  const retryAfter = headers.get('retry-after');
  const text = await response.text();
  try {
    return { status, body: JSON.parse(text) as unknown, retryAfter };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { status, body: undefined, retryAfter };
  }
};

export const openSocket: OpenSocket = ({ url }, events) => {
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: HTTP_TIMEOUT_MS });
  socket.binaryType = 'nodebuffer';
  socket.on('open', () => events.opened());
  socket.on('message', (message: Buffer, isBinary: boolean) => {
    if (isBinary) events.received(message);
  });
  // The close that follows is what the client hears of it.
  socket.on('error', () => socket.terminate());
  socket.once('close', () => events.closed());
  return {
    send(bytes) {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes, { binary: true, compress: false });
    },
    close: () => socket.close(),
  };
};
