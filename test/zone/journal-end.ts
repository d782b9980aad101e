// The journal's end of a zone, played by a test.

import { createRingReader, type RingReader } from '../../src/base/ring.ts';
import { readTickHead } from '../../src/store/tick-record.ts';
import { COMMITTED_TICK, KEPT_TICK, KEYFRAME_BYTES, KEYFRAME_TICK } from '../../src/store/zone-journal.ts';
import type { TestZone } from './harness.ts';

/** What the store thread does of it, by hand. */
export interface TestJournal {
  readonly ring: RingReader;
  readonly words: Int32Array;
  readonly ticks: Uint8Array[];
  keyframe: { readonly tick: number; readonly bytes: Uint8Array } | undefined;
}

export function createTestJournal({ buffers }: TestZone): TestJournal {
  const { ring, words } = buffers.journal!;
  return { ring: createRingReader(ring), words: new Int32Array(words), ticks: [], keyframe: undefined };
}

/** Reads all there is and says that it is on disk. */
export function keep(test: TestZone, journal: TestJournal): void {
  const { ring, words, ticks } = journal;
  while (ring.next()) ticks.push(ring.bytes.slice(ring.offset, ring.end));
  const last = ticks.at(-1);
  if (last !== undefined) Atomics.store(words, COMMITTED_TICK, readTickHead(last)!.tick);
  const tick = words[KEYFRAME_TICK]!;
  if (tick === 0) return;
  const bytes = new Uint8Array(test.buffers.journal!.keyframe).slice(0, words[KEYFRAME_BYTES]);
  journal.keyframe = { tick, bytes };
  words[KEPT_TICK] = tick;
  Atomics.store(words, KEYFRAME_TICK, 0);
}
