// Which blocks of a node's threads appear in /metrics, under which labels, and what its threads are called there and in the
// system. Main thread.

import { ruleRows } from '../base/counters.ts';
import type { AnyGame } from '../sim/game.ts';
import type { ZoneBuffers } from '../zone/buffers.ts';
import { phaseNames } from '../zone/phases.ts';
import type { BlockSource } from './block-series.ts';
import type { Config } from './config.ts';
import { UDP_ROWS } from './udp-metrics.ts';

type Labels = BlockSource['labels'];

interface EdgeBlocks {
  readonly kind: 'ws' | 'udp';
  /** Among all edges of the zone. */
  readonly index: number;
  /** Among those of its kind in the zone, from 1 on. */
  readonly edge: number;
  readonly threadCounters: SharedArrayBuffer;
  readonly loopDelay: SharedArrayBuffer;
  /** Of UDP alone. */
  readonly udpCounters: SharedArrayBuffer;
}

interface ZoneBlocks {
  readonly zoneId: number;
  readonly buffers: Pick<ZoneBuffers, 'counters' | 'ruleCounters' | 'edgeCounters' | 'phases'>;
  readonly threadCounters: SharedArrayBuffer;
  readonly edges: readonly EdgeBlocks[];
}

/** Of the edges that a zone has, in their order. */
export function edgeKinds({ udp }: Pick<Config, 'udp'>): readonly EdgeBlocks['kind'][] {
  return udp === 'off' ? ['ws'] : ['ws', 'udp'];
}

export function zoneName(zoneId: number): string {
  return `zone-${zoneId}`;
}

/** Of a system's thread, so short: 15 characters are shown. */
export function edgeName(zoneId: number, { kind, edge }: Pick<EdgeBlocks, 'kind' | 'edge'>): string {
  return `${kind === 'ws' ? '' : 'udp-'}edge-${zoneId}${edge === 1 ? '' : `-${edge}`}`;
}

export function zoneSources(game: AnyGame, zone: ZoneBlocks): BlockSource[] {
  const { zoneId, buffers, threadCounters, edges } = zone;
  const labels = { zone_id: String(zoneId) };
  return [
    { kind: 'zone', labels, blocks: [buffers.counters] },
    { kind: ruleRows(game.rules), labels, blocks: [buffers.ruleCounters] },
    ...phaseNames(game).map((phase, nth) => ({
      ...{ kind: 'phase' as const, labels: { ...labels, phase } },
      blocks: [buffers.phases[nth]!],
    })),
    ...edgeSources(labels, zone),
    threadSource(zoneName(zoneId), labels, threadCounters),
    ...edges.flatMap((edge) => loopSources(edgeName(zoneId, edge), labels, edge.threadCounters, edge.loopDelay)),
  ];
}

/** Where a zone has several edges of a kind, each for itself: `edge="udp-2"`. Else WebSocket and UDP are added up. */
function edgeSources(labels: Labels, { buffers: { edgeCounters }, edges }: ZoneBlocks): BlockSource[] {
  const hasSeveral = edges.some(({ edge }) => edge > 1);
  const labelsOf = ({ kind, edge }: EdgeBlocks) => (hasSeveral ? { ...labels, edge: `${kind}-${edge}` } : labels);
  const counted: BlockSource[] = hasSeveral
    ? edges.map((edge) => ({ kind: 'edge', labels: labelsOf(edge), blocks: [edgeCounters[edge.index]!] }))
    : [{ kind: 'edge', labels, blocks: edgeCounters }];
  const udp = edges.filter(({ kind }) => kind === 'udp');
  return [...counted, ...udp.map((edge) => ({ kind: UDP_ROWS, labels: labelsOf(edge), blocks: [edge.udpCounters] }))];
}

function threadSource(thread: string, labels: Labels, block: SharedArrayBuffer): BlockSource {
  return { kind: 'thread', labels: { thread, ...labels }, blocks: [block] };
}

/** Of a thread that lives on an event loop. */
export function loopSources(
  thread: string,
  labels: Labels,
  counters: SharedArrayBuffer,
  loopDelay: SharedArrayBuffer,
): BlockSource[] {
  const loop = { kind: 'loop', labels: { thread, ...labels }, blocks: [loopDelay] } as const;
  return [threadSource(thread, labels, counters), loop];
}
