// Replays a stream in a browser: the bundle's global function fetches it and answers its hashes. The bundler puts the
// game under test in place of the shipped one.

import { game } from '../../../src/game/game.ts';
import { replayZone } from './stream.ts';

declare global {
  var replay: (url: string, seed: number, ticks: number) => Promise<readonly string[]>;
}

globalThis.replay = async (url, seed, ticks) => {
  const stream = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return replayZone(game, seed, ticks, stream).hashes;
};
