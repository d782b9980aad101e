// What a rendezvous point counted, as lines of JSON for its operator.

import {
  RENDEZVOUS_COUNT,
  type RendezvousCount,
  type RendezvousCounts,
} from '../../src/transport/rendezvous/counts.ts';

const NAMES = Object.keys(RENDEZVOUS_COUNT) as RendezvousCount[];

/** All counts since the start, by name. */
export function formatCounts(counts: RendezvousCounts): string {
  return `${JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, counts[RENDEZVOUS_COUNT[name]]!])))}\n`;
}

/** To be called now and then: writes the counts when one of them has moved since the last time. */
export function createTeller(counts: RendezvousCounts, write: (line: string) => void): () => void {
  let told = counts.slice();
  return () => {
    if (counts.every((count, index) => count === told[index])) return;
    told = counts.slice();
    write(formatCounts(counts));
  };
}
