// The figures of zone.live with 500 players over WebSocket, nine bots in ten of them light ones as in udp.live. That many
// are a crowd: the server asks them to put two inputs into a frame.

import type { Bench } from '../bench.ts';
import { createLiveBench } from '../zone/live.bench.ts';

export const bench: Bench = createLiveBench('ws.live', ['--peaceful', '--light', '90'], 500);
