import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createCounterBuffer } from '../../src/base/counters.ts';
import { TOKEN_KEY_BYTES } from '../../src/gateway/token.ts';
import { createDoor } from '../../src/io/edge-door.ts';
import type { PlayerMoved } from '../../src/io/store-client.ts';
import { tellRpcClient } from '../../src/io/thread-rpc.ts';
import { createTestZone, join, leave, run, testGame } from '../zone/harness.ts';
import { setUpTracer } from './traced.ts';

test('what stands of a lost player goes through any edge of its zone, though it lingers; of one that moved it stays', async () => {
  const zone = createTestZone(testGame, 2);
  const { port1, port2 } = new MessageChannel();
  const door = createDoor(
    {
      ...{ zoneId: 2, edgeIndex: 1, gameUrl: '', seed: 1, host: '127.0.0.1', port: 0, buffers: zone.buffers },
      ...{ playersPerAddress: 0, tokenKey: new Uint8Array(TOKEN_KEY_BYTES), storePort: port1 },
      ...{ loopDelay: createCounterBuffer('loop'), threadCounters: createCounterBuffer('thread') },
      trace: setUpTracer(0).data,
    },
    testGame,
    'ws',
  );
  for (const client of [0, 1, 2]) join(zone, client, { epoch: 3 });
  run(zone);
  leave(zone, 1);
  const standing = () => {
    run(zone);
    return [...zone.zone.slotOfPlayer.keys()];
  };
  const told: PlayerMoved[] = [
    { playerId: 1000, zoneId: 5 },
    { playerId: 1001, zoneId: 0, lostEpoch: 2 },
    { playerId: 1002, zoneId: 0, lostEpoch: 3 },
  ];
  for (const moved of told) tellRpcClient(port2, moved);
  await expect.poll(standing).toEqual([1000, 1001]);
  tellRpcClient(port2, { playerId: 1001, zoneId: 0, lostEpoch: 3 });
  await expect.poll(standing).toEqual([1000]);
  door.close();
});
