import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  assertClientStep,
  assertKeyStep,
  assertOfferStep,
  assertPathStep,
  assertServerStep,
  CLIENT_STATES,
  CLIENT_STEPS,
  KEY_STATES,
  KEY_STEPS,
  OFFER_STATES,
  OFFER_STEPS,
  PATH_STATES,
  PATH_STEPS,
  SERVER_STATES,
  SERVER_STEPS,
  type Step,
} from '../../src/transport/states.ts';

const standard = readFileSync(new URL('../../proto/STANDARD.md', import.meta.url), 'utf8');

test.each([
  ['client', CLIENT_STATES, CLIENT_STEPS, assertClientStep],
  ['server', SERVER_STATES, SERVER_STEPS, assertServerStep],
  ['offer', OFFER_STATES, OFFER_STEPS, assertOfferStep],
  ['keys', KEY_STATES, KEY_STEPS, assertKeyStep],
  ['path', PATH_STATES, PATH_STEPS, assertPathStep],
])('%s: the steps of the table are permitted, and no others', (_, states, steps, assertStep) => {
  const permitted = new Set(steps.map(({ from, to }) => `${from} ${to}`));
  expect(permitted.size).toBe(steps.length);
  for (const from of states.keys()) {
    for (const to of states.keys()) {
      const attempt = (): void => assertStep(from, to);
      if (permitted.has(`${from} ${to}`)) expect(attempt).not.toThrow();
      else expect(attempt, `${from} → ${to}`).toThrow('table');
    }
  }
});

test('a client that failed stays so', () => {
  for (const { from } of CLIENT_STEPS) expect(from).toBeGreaterThanOrEqual(0);
});

/** The rows `| from | to | when |` of the standard whose states are these. */
function rowsOf(states: ReadonlyMap<number, string>): string[] {
  const names = new Set(states.values());
  const rows = standard.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const found = rows.filter((cells) => cells.length === 5 && names.has(cells[1]!) && names.has(cells[2]!));
  return found.map((cells) => cells.slice(1, 4).join(' | '));
}

function textOf(states: ReadonlyMap<number, string>, steps: readonly Step[]): string[] {
  return steps.map(({ from, to, when }) => `${states.get(from)} | ${states.get(to)} | ${when}`);
}

test('the standard has the same rows', () => {
  expect(rowsOf(CLIENT_STATES)).toEqual(textOf(CLIENT_STATES, CLIENT_STEPS));
  expect(rowsOf(SERVER_STATES)).toEqual(textOf(SERVER_STATES, SERVER_STEPS));
  expect(rowsOf(OFFER_STATES)).toEqual(textOf(OFFER_STATES, OFFER_STEPS));
  expect(rowsOf(KEY_STATES)).toEqual(textOf(KEY_STATES, KEY_STEPS));
  expect(rowsOf(PATH_STATES)).toEqual(textOf(PATH_STATES, PATH_STEPS));
  for (const [number, name] of CLIENT_STATES) expect(standard).toContain(`| ${number} | ${name} |`);
});
