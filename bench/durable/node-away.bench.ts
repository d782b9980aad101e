// One of three nodes of Cassandra is killed and comes back after half a minute, while 200 players trade at quorum: what they
// and their zone notice of it. It takes 2 GB, and minutes for the nodes to find each other.

import { outageBench } from './away.ts';

const KILLED = 3;

export const bench = outageBench({
  name: 'durable.nodeAway',
  cassandraNodes: 3,
  takeAway: ({ cassandra }) => cassandra.kill(KILLED),
  bringBack: ({ cassandra }) => cassandra.resume(),
});
