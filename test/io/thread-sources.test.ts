import { expect, test } from 'vitest';
import { createCounterBuffer } from '../../src/base/counters.ts';
import { game } from '../../src/game/game.ts';
import { edgeName, zoneSources } from '../../src/io/thread-sources.ts';
import { createUdpCounterBuffer } from '../../src/io/udp-metrics.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';

function sourcesOf(kinds: readonly ('ws' | 'udp')[], edges: number) {
  const buffers = createZoneBuffers(game, kinds.length * edges, 64);
  const all = kinds.flatMap((kind, nth) =>
    Array.from({ length: edges }, (_, edge) => ({
      ...{ kind, index: nth * edges + edge, edge: edge + 1, udpCounters: createUdpCounterBuffer() },
      ...{ threadCounters: createCounterBuffer('thread'), loopDelay: createCounterBuffer('loop') },
    })),
  );
  return zoneSources(game, { zoneId: 3, buffers, threadCounters: createCounterBuffer('thread'), edges: all });
}

test('edges of a zone are told together, or each for itself where there are several of a kind', () => {
  const one = sourcesOf(['ws', 'udp'], 1).filter(({ kind }) => kind === 'edge');
  expect(one.map(({ labels, blocks }) => [labels, blocks.length])).toEqual([[{ zone_id: '3' }, 2]]);
  const two = sourcesOf(['ws', 'udp'], 2).filter(({ kind }) => kind === 'edge');
  expect(two.map(({ labels, blocks }) => [labels.edge, blocks.length])).toEqual([
    ['ws-1', 1],
    ['ws-2', 1],
    ['udp-1', 1],
    ['udp-2', 1],
  ]);
});

test('each thread of a zone is told under the name that the system shows, an event loop where it has one', () => {
  const sources = sourcesOf(['ws', 'udp'], 2);
  const threadsOf = (wanted: string) =>
    sources.filter(({ kind }) => kind === wanted).map(({ labels }) => labels.thread);
  const edges = ['edge-3', 'edge-3-2', 'udp-edge-3', 'udp-edge-3-2'];
  expect(threadsOf('thread')).toEqual(['zone-3', ...edges]);
  expect(threadsOf('loop')).toEqual(edges);
  // A thread of Linux shows no more.
  expect(edgeName(1000, { kind: 'udp', edge: 9 }).length).toBeLessThanOrEqual(15);
});
