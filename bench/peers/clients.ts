// The players of bench/peers: one process with a light client for each, on the other core than the server. It sends
// what a bot that wanders about sends (tools/swarm/wander.ts), 60 times a second each, spread evenly; it counts what
// comes and answers what must be answered, but decodes no states, lest the clients be what is measured. Where a client is it
// reckons itself, by the server's own step. Arguments: peer, variant, players, seed, url. A line on stdin is a mark.

import type { Intent } from '../../src/client/state.ts';
import { createSchedule, nextDueMs, runDueTurns } from '../../tools/swarm/schedule.ts';
import { createWander, updateWander } from '../../tools/swarm/wander.ts';
import type { Connect, Counts, PeerClient } from './clients/light.ts';
import { connectWs } from './clients/ws.ts';
import { CODECS } from './codecs.ts';
import { createFieldGame } from './game.ts';
import { createField, createWalker, createWhims, VARIANTS, walk } from './workload.ts';

/** How each connects. What is installed with bench/peers alone is loaded when it is needed. */
const CONNECTS = {
  async colyseus(url, index, counts) {
    // Else its library takes Node's own WebSocket; all clients here are to have the same one.
    Reflect.deleteProperty(globalThis, 'WebSocket');
    const { connect } = await import('./clients/colyseus.ts');
    return connect(url, index, counts);
  },
  async nengi(url, index, counts) {
    const { connect } = await import('./clients/nengi.ts');
    return connect(url, index, counts);
  },
  'ws-json': connectWs(CODECS.json),
  'ws-binary': connectWs(CODECS.binary),
} as const satisfies Record<string, Connect>;

/** So many connect at once. */
const CONNECTING = 16;

/** What the clients say at a mark, of the time since the mark before. */
export interface ClientsMark {
  readonly seconds: number;
  readonly snapshotsPerSecondMin: number;
  readonly bytesDownPerPlayer: number;
  readonly bytesUpPerPlayer: number;
  /** How long after it was due an input was sent: beyond a few ms the clients' core was the limit. */
  readonly scheduleErrorMsP99: number;
}

const [peer, variant, playerCount, seed, url] = process.argv.slice(2);
const connect = CONNECTS[peer as keyof typeof CONNECTS];
const field = createField(VARIANTS.find((name) => name === variant)!, Number(playerCount), Number(seed));
const game = createFieldGame(field.variant, field.players, field.seed);

const createPlayer = (client: PeerClient, counts: Counts, index: number) => ({
  client,
  counts,
  walker: createWalker(field, index),
  wander: createWander(game, createWhims(field, index), field.players),
  intent: { moveX: 0, moveZ: 0, aim: 0, buttons: 0, inputs: {} } as unknown as Intent,
});
type Player = ReturnType<typeof createPlayer>;

const players: Player[] = [];
let errorsMs: number[] = [];
let markMs = 0;

async function connectAll(): Promise<void> {
  let next = 0;
  const connectSome = async (): Promise<void> => {
    while (next < field.players) {
      const index = next++;
      const counts = { snapshots: 0, bytesDown: 0, bytesUp: 0 };
      players[index] = createPlayer(await connect(url!, index, counts), counts, index);
    }
  };
  await Promise.all(Array.from({ length: CONNECTING }, connectSome));
}

function play(): void {
  const schedule = createSchedule(field.players, performance.now());
  const turn = (): void => {
    runDueTurns(schedule, performance.now(), (index, dueMs) => {
      const { client, walker, wander, intent } = players[index]!;
      updateWander(wander, dueMs, walker.x * 10, walker.z * 10, intent, false);
      const input = { ...intent, aim: Math.floor(intent.aim) };
      walk(walker, input, field.halfCm);
      client.send(input);
      errorsMs.push(performance.now() - dueMs);
    });
    if (nextDueMs(schedule) - performance.now() < 1) setImmediate(turn);
    else setTimeout(turn, 1);
  };
  turn();
}

function mark(): void {
  const nowMs = performance.now();
  const seconds = (nowMs - markMs) / 1000;
  markMs = nowMs;
  const sum = (key: keyof Counts): number => players.reduce((total, { counts }) => total + counts[key], 0);
  const perPlayer = (key: keyof Counts): number => sum(key) / players.length / seconds;
  errorsMs.sort((a, b) => a - b);
  const answer: ClientsMark = {
    seconds,
    snapshotsPerSecondMin: Math.min(...players.map(({ counts }) => counts.snapshots)) / seconds,
    bytesDownPerPlayer: perPlayer('bytesDown'),
    bytesUpPerPlayer: perPlayer('bytesUp'),
    scheduleErrorMsP99: errorsMs[Math.floor(errorsMs.length * 0.99)] ?? 0,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  for (const { counts } of players) Object.assign(counts, { snapshots: 0, bytesDown: 0, bytesUp: 0 });
  errorsMs = [];
}

process.stdin.on('end', () => process.exit());
await connectAll();
play();
markMs = performance.now();
process.stdin.on('data', mark);
process.stdout.write(`${JSON.stringify({ connected: players.length })}\n`);
