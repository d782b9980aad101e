import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { chargeBucket, refillBucket } from '../../../src/transport/channels/budget.ts';
import { createNodeShare, updateNodeShare } from '../../../src/transport/channels/node-share.ts';

const NODE = 100_000;
const SEED = Number(process.env.SEED ?? 17);

test.each<[string, readonly number[], readonly number[]]>([
  ['by clients', [10, 30, 60], [0.1, 0.3, 0.6]],
  ['all of it to the only one with clients', [0, 5, 0], [1 / 6, 1, 1 / 6]],
  ['an edge without clients has the share of one', [0, 0, 0], [1, 1, 1]],
])('%s', (_, counts, shares) => {
  const clients = new SharedArrayBuffer(12);
  const edges = counts.map((_, edge) => createNodeShare(NODE, clients, edge, 0));
  for (let twice = 0; twice < 2; twice++)
    for (const [edge, count] of counts.entries()) updateNodeShare(edges[edge]!, count, 0);
  expect(edges.map(({ bucket }) => bucket.bytesPerSecond / NODE)).toEqual(
    shares.map((share) => expect.closeTo(share, 9)),
  );
});

test('clients that come and go, edges that take all they get: in any ten seconds no more than the node may', () => {
  console.log(`SEED=${SEED}`);
  const random = createRandom(SEED);
  const clients = new SharedArrayBuffer(16);
  const edges = Array.from({ length: 4 }, (_, edge) => createNodeShare(NODE, clients, edge, 0));
  const counts = [100, 10, 1, 50];
  const sums = [0];
  for (let tick = 1; tick <= 6_000; tick++) {
    const nowMs = tick * 10;
    let sent = 0;
    for (const [edge, share] of edges.entries()) {
      if (random.below(50) === 0) counts[edge] = 1 + random.below(200);
      if (tick % 10 === edge) updateNodeShare(share, counts[edge]!, nowMs);
      refillBucket(share.bucket, nowMs);
      while (share.bucket.bytes > 0) {
        chargeBucket(share.bucket, 500);
        sent += 500;
      }
    }
    sums.push(sums.at(-1)! + sent);
  }
  // After the first second: at the start each edge may send a burst of all.
  for (let from = 100; from + 1_000 < sums.length; from++) {
    const inTenSeconds = sums[from + 1_000]! - sums[from]!;
    expect([SEED, from, inTenSeconds < 10 * NODE * 1.02]).toEqual([SEED, from, true]);
  }
});
