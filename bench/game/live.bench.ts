// The figures of zone.live with 200 bots that fight: creatures, abilities, projectiles, deaths, chat and parties of the
// game that ships, over real sockets.

import type { Bench } from '../bench.ts';
import { createLiveBench } from '../zone/live.bench.ts';

export const bench: Bench = createLiveBench('game.live', []);
