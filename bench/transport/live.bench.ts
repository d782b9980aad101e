// The figures of zone.live with 500 players over encrypted UDP: connect tokens, netcode, channels, sockets in batches.

import type { Bench } from '../bench.ts';
import { createLiveBench } from '../zone/live.bench.ts';

export const bench: Bench = createLiveBench('udp.live', ['--peaceful', '--transport', 'udp'], 500);
