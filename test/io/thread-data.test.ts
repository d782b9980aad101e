// Threads that load their code before anybody knows what they are to do, against real ones.

import { afterEach, expect, test } from 'vitest';
import { endPrepared, prepareThread, startThread } from '../../src/io/threads.ts';

const FILE = new URL('./fixtures/prepared-thread.ts', import.meta.url);
const NOTHING = new URL('./fixtures/no-such-module.ts', import.meta.url).href;

afterEach(endPrepared);

/** @param told what it hears after its data */
const start = (name: string, workerData: object, told: unknown = 'more') =>
  startThread({ name, file: FILE, workerData, firstMessage: Promise.resolve({ message: told }) });

test('who was prepared hears what it is to do, and then what else there is, as one that is started', async () => {
  await prepareThread({ name: 'prepared', file: FILE, modules: [] });
  for (const name of ['prepared', 'started']) {
    const thread = await start(name, { word: name });
    expect(thread.upMessage).toEqual({ type: 'ready', word: name, told: 'more' });
    await thread.stop({ type: 'stop' }, 'stopped', 2000);
  }
});

test('one is taken once; the next of its name is another', async () => {
  await prepareThread({ name: 'one', file: FILE, modules: [] });
  const first = await start('one', { word: 'a' });
  const second = await start('one', { word: 'b' });
  expect([first.upMessage.word, second.upMessage.word]).toEqual(['a', 'b']);
  for (const thread of [first, second]) await thread.stop({ type: 'stop' }, 'stopped', 2000);
});

test('one that fails once it is told is told of as any other, and one that died while it waited is nobody', async () => {
  await prepareThread({ name: 'broken', file: FILE, modules: [] });
  await expect(start('broken', { word: '', dies: true })).rejects.toMatchObject({
    code: 'DARKAGES_THREAD_DIED',
    message: 'The thread broken died at start: broken at start',
  });
  await prepareThread({ name: 'gone', file: FILE, modules: [NOTHING] });
  await endPrepared();
  const thread = await start('gone', { word: 'c' });
  expect(thread.upMessage.word).toBe('c');
  await thread.stop({ type: 'stop' }, 'stopped', 2000);
});
