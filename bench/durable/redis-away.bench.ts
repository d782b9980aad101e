// Redis is killed and comes back after half a minute, while 200 players trade: what they and their zone notice of it.

import { startRedis } from '../../tools/services/redis.ts';
import type { Bench } from '../bench.ts';
import { figuresOf, measureOutage, missingStore } from './away.ts';

const NAME = 'durable.redisAway';

export const bench: Bench = {
  figures: figuresOf(NAME),
  needs: missingStore,
  run: (seed, isSmall) =>
    measureOutage(
      {
        name: NAME,
        cassandraNodes: 1,
        players: isSmall ? 10 : 200,
        seconds: isSmall ? 3 : 30,
        takeAway: ({ redis }) => redis.servers[0]!.stop('SIGKILL'),
        async bringBack(stores) {
          const { port } = stores.redis.servers[0]!;
          stores.redis = await startRedis({ folder: stores.redisFolder, port });
        },
      },
      seed,
    ),
};
