import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { errorCode, ServerError } from '../../src/base/errors.ts';

test('an error carries its code, its sentence and its cause', () => {
  const cause = new Error('EACCES');
  const error = new ServerError('DARKAGES_STORE_FOLDER_NOT_WRITABLE', 'cannot write to ./data: choose another', {
    cause,
  });
  expect(error).toMatchObject({ name: 'ServerError', code: 'DARKAGES_STORE_FOLDER_NOT_WRITABLE', cause });
  expect(errorCode(error)).toBe('DARKAGES_STORE_FOLDER_NOT_WRITABLE');
});

test('anything may be thrown; what has no code in words has none', () => {
  for (const value of [undefined, null, 5, 'x', new Error('x'), { code: 5 }, {}]) {
    expect(errorCode(value)).toBeUndefined();
  }
  expect(errorCode({ code: 'EADDRINUSE' })).toBe('EADDRINUSE');
});

test('a code told to another thread as a message is still a code', async () => {
  const code = `require('node:worker_threads').parentPort.postMessage({ code: 'DARKAGES_STORE_FAILED' })`;
  const worker = new Worker(code, { eval: true });
  const received = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  expect(errorCode(received)).toBe('DARKAGES_STORE_FAILED');
});
