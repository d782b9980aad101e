// The figures of zone.live with 500 players over encrypted UDP: connect tokens, netcode, channels, sockets in batches.
// Nine bots in ten look at nobody and predict nothing, else their core would be the limit; they
// make no claims of where they are, all else is the same for the server.

import type { Bench } from '../bench.ts';
import { createLiveBench } from '../zone/live.bench.ts';

export const bench: Bench = createLiveBench('udp.live', ['--peaceful', '--transport', 'udp', '--light', '90'], 500);
