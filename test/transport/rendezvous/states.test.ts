import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assertGuestStep, GUEST_STATES, GUEST_STEPS } from '../../../src/transport/rendezvous/states.ts';

const standard = readFileSync(new URL('../../../proto/STANDARD.md', import.meta.url), 'utf8');

test('the steps of the table are permitted, and no others', () => {
  const permitted = new Set(GUEST_STEPS.map(({ from, to }) => `${from} ${to}`));
  expect(permitted.size).toBe(GUEST_STEPS.length);
  for (const from of GUEST_STATES.keys()) {
    for (const to of GUEST_STATES.keys()) {
      const attempt = (): void => assertGuestStep(from, to);
      if (permitted.has(`${from} ${to}`)) expect(attempt).not.toThrow();
      else expect(attempt, `${from} → ${to}`).toThrow('table');
    }
  }
});

test('the standard has the same rows', () => {
  for (const [number, name] of GUEST_STATES) expect(standard.includes(`| ${number} | ${name} |`), name).toBe(true);
  const cellsOf = (line: string): string =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .join('|');
  const rows = new Set(standard.split('\n').map(cellsOf));
  for (const { from, to, when } of GUEST_STEPS) {
    const row = `|${GUEST_STATES.get(from)}|${GUEST_STATES.get(to)}|${when}|`;
    expect(rows.has(row), row).toBe(true);
  }
});
