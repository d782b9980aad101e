// Redis is killed and comes back after half a minute, while 200 players trade: what they and their zone notice of it.

import { startRedis } from '../../tools/services/redis.ts';
import { outageBench } from './away.ts';

export const bench = outageBench({
  name: 'durable.redisAway',
  cassandraNodes: 1,
  takeAway: ({ redis }) => redis.servers[0]!.stop('SIGKILL'),
  async bringBack(stores) {
    const { port } = stores.redis.servers[0]!;
    stores.redis = await startRedis({ folder: stores.redisFolder, port });
  },
});
