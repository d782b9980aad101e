// What tests ask of a viewer: one of its own, alone among its watchers, and its entries as objects.

import {
  ACKED,
  createViewer,
  createWatchers,
  ENTRY_WORDS,
  GENERATION,
  GONE,
  SLOT,
  STATE,
  type Viewer,
} from '../../src/snapshot/viewer.ts';

export interface ViewerEntry {
  readonly index: number;
  readonly slot: number;
  readonly generation: number;
  readonly state: number;
  readonly acked: number;
}

export function createLoneViewer(capacity: number, slot: number, generation: number): Viewer {
  return createViewer(createWatchers(capacity, 1), 0, slot, generation);
}

export function entriesOf({ entries, end }: Viewer): ViewerEntry[] {
  return Array.from({ length: end }, (_, index) => {
    const words = entries.subarray(index * ENTRY_WORDS, (index + 1) * ENTRY_WORDS);
    return { index, slot: words[SLOT]!, generation: words[GENERATION]!, state: words[STATE]!, acked: words[ACKED]! };
  }).filter((entry) => entry.state !== GONE);
}

export function entryOf(viewer: Viewer, slot: number): ViewerEntry | undefined {
  return entriesOf(viewer).find((entry) => entry.slot === slot);
}
