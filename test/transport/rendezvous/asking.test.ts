import { expect, test } from 'vitest';
import { createSodiumAead } from '../../../src/io/aead-sodium.ts';
import { createOutbox } from '../../../src/transport/outbox.ts';
import { createAsking, mayAskAgain } from '../../../src/transport/rendezvous/asking.ts';
import { ASK_MS, CHALLENGED, REGISTERED } from '../../../src/transport/rendezvous/layout.ts';
import { KEY, POINT_ADDRESS } from './lab.ts';

// What it takes of answers is tested with those who ask: host.test.ts, guest.test.ts.
test('a challenge is answered at once, but not as fast as challenges come', () => {
  const outbox = createOutbox(1, () => {});
  const asking = createAsking(createSodiumAead(), outbox, POINT_ADDRESS, KEY);
  asking.status = CHALLENGED;
  expect(mayAskAgain(asking, 1000)).toBe(true);
  expect(mayAskAgain(asking, 1000 + ASK_MS - 1)).toBe(false);
  expect(mayAskAgain(asking, 1000 + ASK_MS)).toBe(true);
  asking.status = REGISTERED;
  expect(mayAskAgain(asking, 9000)).toBe(false);
});
