// What hostile requests cost a tick: among 1,000 players, 20 clients at a time send all they may at once, names that
// nobody has, boards of scores and the longest texts, so that far more waits than a tick takes. Measured are whole ticks
// in which requests were taken; nobody moves, so nearly all of it is theirs. CPU time comes in steps of some ms here and
// there, so of it there is the mean. The slowest ticks are by the clock, which sees the whole machine: the same is played
// several times over, tick by tick the same, and of each tick the fastest counts.

import { Writer } from '../../src/base/bytes.ts';
import { createRandom, type Random } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import { warmUpScreening } from '../../src/guard/requests.ts';
import { encodeToBytes, type WireObject } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import { RECORD_BYTES_MAX, writeRequestRecord } from '../../src/wire/zone-records.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { tickZone } from '../../src/zone/zone.ts';
import { quantileOf } from '../../tools/swarm/statistics.ts';
import { type Bench, type Figure, threadCpuMicros } from '../bench.ts';
import { type Crowd, createCrowd, drain } from './crowd.ts';

const { start: _start, ...peaceful } = game;
const PLAYERS = 1000;
const AT_ONCE = 20;
/** Of one client: what the edge lets through at once. Half of them texts, as many as a player has in 10 s. */
const REQUESTS = 20;
/** Each by the next 20 clients, so that nobody's texts are too many. */
const BURSTS = PLAYERS / AT_ONCE - 1;
const TIMES = 4;
const TEXT_LENGTH = 250;

const { clientRequest } = createMessages(game);
const writer = new Writer(new Uint8Array(RECORD_BYTES_MAX));
const WORDS = [
  'attack',
  'the',
  'wolves',
  'assassin',
  'at',
  'north',
  'gate',
  'f u n',
  'ｗｉｄｅ',
  'grüße',
  'привет',
  '‹3',
];

interface Costs {
  readonly ticksMs: number[];
  cpuMs: number;
}

interface Played extends Costs {
  /** Of the first tick with requests, before any code was optimised for them. */
  readonly firstMs: number;
  readonly checksum: string;
}

export const bench: Bench = {
  figures: ['zone.requests.cpuMs', 'zone.requests.msP99', 'zone.requests.msFirst'],
  run(seed, isSmall) {
    warmUpScreening();
    const { firstMs } = play(seed, isSmall);
    const times = Array.from({ length: isSmall ? 1 : TIMES }, () => play(seed, isSmall));
    const { checksum, ticksMs } = times[0]!;
    const fastest = ticksMs.map((_, tick) => Math.min(...times.map((played) => played.ticksMs[tick]!)));
    const cpuMs = times.reduce((sum, played) => sum + played.cpuMs, 0) / times.length / ticksMs.length;
    const figure = (name: string, value: number): Figure => ({ figure: name, value, unit: 'ms', seed, checksum });
    return [
      figure('zone.requests.cpuMs', cpuMs),
      figure('zone.requests.msP99', quantileOf(fastest, 0.99)),
      figure('zone.requests.msFirst', firstMs),
    ];
  },
};

function play(seed: number, isSmall: boolean): Played {
  const crowd = createCrowd(peaceful, isSmall ? 60 : PLAYERS, 50, seed);
  const random = createRandom(seed);
  const first = playBurst(crowd, 0, random);
  const all: Costs = { ticksMs: [], cpuMs: 0 };
  for (let burst = 1; burst <= (isSmall ? 2 : BURSTS); burst++) {
    const { ticksMs, cpuMs } = playBurst(crowd, burst * AT_ONCE, random);
    all.ticksMs.push(...ticksMs);
    all.cpuMs += cpuMs;
  }
  return { ...all, firstMs: first.ticksMs[0]!, checksum: hashZone(crowd.zone) };
}

/** Until none of its requests waits any more. */
function playBurst(crowd: Crowd, from: number, random: Random): Costs {
  pushRequests(crowd, from, random);
  const ticksMs: number[] = [];
  let cpuMicros = 0;
  do {
    const startMicros = threadCpuMicros();
    const startMs = performance.now();
    tickZone(crowd.zone);
    ticksMs.push(performance.now() - startMs);
    cpuMicros += threadCpuMicros() - startMicros;
    drain(crowd);
  } while (crowd.zone.requests.waiting.size > 0);
  return { ticksMs, cpuMs: cpuMicros / 1000 };
}

function pushRequests(crowd: Crowd, from: number, random: Random): void {
  for (let count = 0; count < REQUESTS; count++) {
    for (let client = from; client < from + AT_ONCE; client++) {
      pushRequest(crowd, client, makeRequest(count, random));
    }
  }
}

function makeRequest(count: number, random: Random): WireObject {
  const name = `nobody-${random.below(1000)}`;
  if (count === 0) return { id: 1, scores: {} };
  if (count % 2 === 0) return { id: 1, say: { text: longText(random) } };
  return count % 4 === 1 ? { id: 1, invite: { name } } : { id: 1, kick: { name } };
}

function longText(random: Random): string {
  let text = '';
  while (text.length < TEXT_LENGTH - 8) text += `${WORDS[random.below(WORDS.length)]} `;
  return text;
}

function pushRequest(crowd: Crowd, client: number, request: WireObject): void {
  const bytes = encodeToBytes(clientRequest, request);
  writer.reset();
  writeRequestRecord(writer, client, bytes, 0, bytes.length);
  crowd.ring.push(writer.bytes, 0, writer.offset);
}
