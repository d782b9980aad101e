// One of three nodes of Cassandra is killed and comes back after half a minute, while 200 players trade at quorum: what they
// and their zone notice of it. It takes 2 GB, and minutes for the nodes to find each other.

import type { Bench } from '../bench.ts';
import { figuresOf, measureOutage, missingStore } from './away.ts';

const NAME = 'durable.nodeAway';
const KILLED = 3;

export const bench: Bench = {
  figures: figuresOf(NAME),
  needs: missingStore,
  run: (seed, isSmall) =>
    measureOutage(
      {
        name: NAME,
        cassandraNodes: 3,
        players: isSmall ? 10 : 200,
        seconds: isSmall ? 3 : 30,
        takeAway: ({ cassandra }) => cassandra.kill(KILLED),
        bringBack: ({ cassandra }) => cassandra.resume(),
      },
      seed,
    ),
};
