import { expect, test } from 'vitest';
import { COUNTERS, createCounters } from '../../src/base/counters.ts';
import { countAnswer } from '../../src/gateway/answers.ts';
import { sessionError } from '../../src/gateway/refusals.ts';

test('each answer is handed on and counted by its code, those without one as what was done', () => {
  const counters = createCounters('gateway');
  const { words, index } = counters;
  const refused = sessionError('rate_limited', 'Try again.', 3);
  expect(countAnswer(counters, refused)).toBe(refused);
  countAnswer(counters, sessionError('bad_name', 'No name.'));
  countAnswer(counters, { status: 200, body: { token: 'x' } }, 'sessions');
  countAnswer(counters, sessionError('ticket_refused', 'No.'), 'sessions', 'resumed');
  countAnswer(counters, { status: 200, body: { token: 'x' } }, 'sessions', 'resumed');
  expect([words[index.refusedRate], words[index.refusedBadName], words[index.sessions]]).toEqual([1, 1, 2]);
  expect([words[index.refusedTicket], words[index.resumed]]).toEqual([1, 1]);
  expect(words.slice(0, Object.keys(COUNTERS.gateway).length).reduce((sum, count) => sum + count, 0)).toBe(6);
});
