// Replays a stream in a worker thread and posts its hashes.

import { parentPort, workerData } from 'node:worker_threads';
import type { AnyGame } from '../../../src/sim/game.ts';
import { replayZone } from './stream.ts';

const { gameUrl, seed, ticks, stream } = workerData as {
  gameUrl: string;
  seed: number;
  ticks: number;
  stream: Uint8Array;
};
const { game } = (await import(gameUrl)) as { game: AnyGame };
parentPort!.postMessage(replayZone(game, seed, ticks, stream).hashes);
