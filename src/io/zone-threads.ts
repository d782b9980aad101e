// The threads of one zone as the node has them: its own and its edges', with the shared memory that outlives each of them. Main
// thread; io/node-threads.ts starts and ends them.

import { getRandomValues } from 'node:crypto';
import { type Counters, createCounterBuffer, createCounters } from '../base/counters.ts';
import { RANDOM_WORDS } from '../base/random.ts';
import { createLineTable } from '../session/lines.ts';
import type { AnyGame } from '../sim/game.ts';
import { createZoneBuffers, type ZoneBuffers } from '../zone/buffers.ts';
import type { Config } from './config.ts';
import { edgeKinds } from './thread-sources.ts';
import type { Thread } from './threads.ts';
import { createUdpCounterBuffer } from './udp-metrics.ts';
import type { RecoveredZone } from './zone-journals.ts';

export interface EdgeThread {
  readonly kind: 'ws' | 'udp';
  /** Among all edges of the zone: by it the zone knows it. */
  readonly index: number;
  /** Among those of its kind in the zone, from 1 on. */
  readonly edge: number;
  /** Among those of its kind in the node, from 0 on: zone by zone. */
  readonly place: number;
  readonly loopDelay: SharedArrayBuffer;
  readonly threadCounters: SharedArrayBuffer;
  readonly counters: Counters<'edge'>;
  /** Of UDP alone. */
  readonly udpCounters: SharedArrayBuffer;
  readonly udpLines: SharedArrayBuffer;
  /** Where it listens; the first time as configured, then where it was. */
  port: number;
  thread: Thread | undefined;
}

export interface ZoneThreads {
  readonly zoneId: number;
  readonly buffers: ZoneBuffers;
  /** Of the zone's own thread, as a thread. */
  readonly threadCounters: SharedArrayBuffer;
  readonly edges: readonly EdgeThread[];
  /** Of its chances; none where the run is to be repeated. */
  readonly secret: Uint32Array | undefined;
  epoch: number;
  /** Of the process before, until the first thread has it. */
  recovered: RecoveredZone | undefined;
  zone: Thread | undefined;
}

/** @param zone from 0 on */
export function createZoneThreads(config: Config, game: AnyGame, zone: number): ZoneThreads {
  const kinds = edgeKinds(config);
  const buffers = createZoneBuffers(game, kinds.length * config.edges, undefined, true);
  const createEdgeThread = (kind: EdgeThread['kind'], index: number): EdgeThread => {
    const edge = 1 + (index % config.edges);
    const place = zone * config.edges + edge - 1;
    return {
      kind,
      index,
      edge,
      place,
      loopDelay: createCounterBuffer('loop'),
      threadCounters: createCounterBuffer('thread'),
      counters: createCounters('edge', buffers.edgeCounters[index]!),
      udpCounters: createUdpCounterBuffer(),
      udpLines: createLineTable(),
      port: config.port === 0 ? 0 : config.port + place,
      thread: undefined,
    };
  };
  return {
    zoneId: zone + 1,
    buffers,
    edges: kinds.flatMap((kind, nth) =>
      Array.from({ length: config.edges }, (_, edge) => createEdgeThread(kind, nth * config.edges + edge)),
    ),
    secret: config.seed === undefined ? getRandomValues(new Uint32Array(RANDOM_WORDS)) : undefined,
    threadCounters: createCounterBuffer('thread'),
    epoch: 1,
    recovered: undefined,
    zone: undefined,
  };
}
