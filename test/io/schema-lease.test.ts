// The lease under which the schema is made, on a naive directory whose time is the test's.

import { expect, test } from 'vitest';
import { createSchemaLease } from '../../src/io/schema-lease.ts';
import { createNaiveStore } from '../store/naive-store.ts';

const LONG_MS = 600_000;

function createDirectory() {
  let nowMs = 0;
  const advance = (ms: number): void => {
    nowMs += ms;
  };
  return { directory: createNaiveStore(() => nowMs), advance };
}

test('who has it may go on, however long it takes, and frees it at its end', async () => {
  const { directory, advance } = createDirectory();
  await createSchemaLease(directory, () => {})(async (stillAlone) => {
    for (let statement = 0; statement < 5; statement++) {
      await stillAlone();
      advance(20_000);
    }
    expect(await directory.takeLease('schema', 'another', LONG_MS)).toBeUndefined();
  });
  expect(await directory.takeLease('schema', 'another', LONG_MS)).toBeDefined();
});

test('who has lost it stops before the next statement, and leaves it to whom has it', async () => {
  const { directory, advance } = createDirectory();
  const statements: number[] = [];
  const working = createSchemaLease(directory, () => {})(async (stillAlone) => {
    for (let statement = 1; statement <= 3; statement++) {
      await stillAlone();
      statements.push(statement);
      // As on a master that took over without it.
      advance(30_000);
      await directory.takeLease('schema', 'another', LONG_MS);
    }
  });
  await expect(working).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  expect(statements).toEqual([1]);
  expect(await directory.takeLease('schema', 'a third', LONG_MS)).toBeUndefined();
});

test('who can not ask stops too', async () => {
  const { directory } = createDirectory();
  const renewLease = () => Promise.reject(new Error('no answer'));
  const working = createSchemaLease({ ...directory, renewLease }, () => {})((stillAlone) => stillAlone());
  await expect(working).rejects.toThrow('no answer');
});

test('who comes second waits for its turn, and says so', async () => {
  const { directory, advance } = createDirectory();
  await directory.takeLease('schema', 'first', 10_000);
  let waited = 0;
  const lease = createSchemaLease(directory, (withinMs) => {
    waited = withinMs;
    advance(10_000);
  });
  await lease((stillAlone) => stillAlone());
  expect(waited).toBe(30_000);
});
