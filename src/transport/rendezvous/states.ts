// The states of a guest at a rendezvous and the steps between them that there are, as a table: the code asserts each step
// it takes, proto/STANDARD.md shows the same rows, and test/transport/rendezvous/states.test.ts holds the three together.
// Clients. Negative: failed.

import { assert } from '../../base/assert.ts';
import type { Step } from '../states.ts';

export const INVALID_INVITATION = -3;
export const NO_HOST = -2;
export const UNREACHED = -1;
export const ASKING = 1;
export const PUNCHING = 2;
export const OPEN = 3;

export const GUEST_STATES: ReadonlyMap<number, string> = new Map([
  [INVALID_INVITATION, 'invalid invitation'],
  [NO_HOST, 'no host'],
  [UNREACHED, 'unreached'],
  [ASKING, 'asking'],
  [PUNCHING, 'punching'],
  [OPEN, 'open'],
]);

export const GUEST_STEPS: readonly Step[] = [
  { from: ASKING, to: PUNCHING, when: 'the point told the host’s address' },
  { from: ASKING, to: NO_HOST, when: 'the point knows no such host' },
  { from: ASKING, to: UNREACHED, when: '5 s passed' },
  { from: ASKING, to: INVALID_INVITATION, when: 'what it was given is no invitation' },
  { from: PUNCHING, to: OPEN, when: 'a punch of the host came' },
  { from: PUNCHING, to: NO_HOST, when: 'the point knows no such host any more' },
  { from: PUNCHING, to: UNREACHED, when: '5 s passed' },
];

export function assertGuestStep(from: number, to: number): void {
  assert(
    GUEST_STEPS.some((step) => step.from === from && step.to === to),
    'a guest takes a step of the table',
  );
}
