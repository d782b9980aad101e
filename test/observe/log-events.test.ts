import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type EventRow, LOG_EVENTS, printLogEvents } from '../../src/observe/log-events.ts';

test('docs/logs.md is what the table says', () => {
  const file = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'logs.md'), 'utf8');
  expect(file, 'npm run logs-table -- --write').toBe(printLogEvents());
});

test('a cause is told apart by fields that the event has', () => {
  for (const { cause = [], fields } of Object.values(LOG_EVENTS) as EventRow[]) {
    for (const field of cause) expect(fields).toContain(field);
  }
});

test('no field has the name of what every line has', () => {
  const all = (Object.values(LOG_EVENTS) as EventRow[]).flatMap(({ fields }) => fields as readonly string[]);
  expect(all.filter((field) => ['level', 'time', 'thread', 'event', 'msg', 'left_out'].includes(field))).toEqual([]);
});
