import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  ANSWER_BODY_BYTES,
  ASK_MS,
  COOKIE_MS,
  GIVE_UP_MS,
  INTRODUCE_BODY_BYTES,
  INTRODUCTION_MS,
  INVITATION_BYTES,
  isRendezvous,
  MEETING_MS,
  PUNCH_BODY_BYTES,
  PUNCHES_MAX,
  packetBytes,
  REGISTER_MS,
  REQUEST_BYTES,
  SILENCE_MS,
  TICKET_BYTES,
} from '../../../src/transport/rendezvous/layout.ts';

const standard = readFileSync(new URL('../../../proto/STANDARD.md', import.meta.url), 'utf8');

test.each([
  `| 12 | registration | host → point | ${REQUEST_BYTES} |`,
  `| 12 | its answer | point → host | ${packetBytes(ANSWER_BODY_BYTES)} |`,
  `| 13 | ask | guest → point | ${REQUEST_BYTES} |`,
  `| 13 | its answer | point → guest | ${packetBytes(ANSWER_BODY_BYTES)} |`,
  `| 14 | introduction | point → host | ${packetBytes(INTRODUCE_BODY_BYTES)} |`,
  `| 15 | punch | host ↔ guest | ${packetBytes(PUNCH_BODY_BYTES)} |`,
  `the ${INVITATION_BYTES} bytes of`,
  `a ticket of ${TICKET_BYTES} bytes`,
  `at most ${PUNCHES_MAX} punches`,
])('the standard says: %s', (text) => {
  expect(standard.includes(text)).toBe(true);
});

test('times fit each other', () => {
  expect(packetBytes(ANSWER_BODY_BYTES)).toBeLessThan(REQUEST_BYTES * 0.31);
  expect(REGISTER_MS + ASK_MS, 'a cookie is fresh at the next registration').toBeLessThan(COOKIE_MS);
  expect(REGISTER_MS * 3 + ASK_MS, 'two registrations may be lost').toBeLessThan(SILENCE_MS);
  expect(REGISTER_MS * 2 + ASK_MS, 'an introduction is stale before it is forgotten').toBeLessThan(MEETING_MS);
  expect(INTRODUCTION_MS).toBeLessThan(ASK_MS);
  expect(GIVE_UP_MS).toBeLessThan(COOKIE_MS);
});

test('its packets begin with 12 to 15, and none of netcode does', () => {
  const firsts = Array.from({ length: 256 }, (_, first) => first).filter(isRendezvous);
  expect(firsts).toEqual([12, 13, 14, 15]);
  expect(isRendezvous(undefined)).toBe(false);
});
