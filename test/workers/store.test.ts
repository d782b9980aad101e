// The store thread as a thread: ring in, file out, calls answered, one sentence when the folder is taken.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createCounterBuffer, createCounters } from '../../src/base/counters.ts';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createRingBuffer, createRingWriter } from '../../src/base/ring.ts';
import { openEmbeddedStore } from '../../src/io/embedded-store.ts';
import { openJournalFiles } from '../../src/io/journal-files.ts';
import { openJournal } from '../../src/io/journal-keeper.ts';
import { createLogShared } from '../../src/io/log.ts';
import { connectStore } from '../../src/io/store-client.ts';
import { startThread, type ThreadOptions } from '../../src/io/threads.ts';
import { NO_TRACE } from '../../src/io/tracing.ts';
import { writeSaveRecord } from '../../src/store/save-record.ts';

let folder: string;
let logCounters: SharedArrayBuffer;
beforeEach(() => {
  logCounters = createCounterBuffer('log');
  folder = mkdtempSync(join(tmpdir(), 'darkages-store-thread-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = (saveRing: SharedArrayBuffer, isRestart = false, more: Partial<ThreadOptions> = {}) =>
  startThread({
    ...more,
    name: 'store',
    file: new URL('../../workers/store.ts', import.meta.url),
    workerData: {
      store: { kind: 'embedded', folder },
      nodeId: 'node',
      gameName: 'g',
      savedColumns: ['health'],
      assets: [],
      saveRings: [saveRing],
      journals: [],
      start: { game: 'g', gameVersion: '1', assets: [], accounts: [] },
      counters: createCounterBuffer('store'),
      loopDelay: createCounterBuffer('loop'),
      threadCounters: createCounterBuffer('thread'),
      log: createLogShared('silent'),
      logCounters,
      trace: NO_TRACE,
      isRestart,
    },
  });

function connect(thread: Awaited<ReturnType<typeof start>>) {
  const { port1, port2 } = new MessageChannel();
  thread.post({ type: 'port', port: port1 }, [port1]);
  return connectStore(port2);
}

let tokens = 0;
const entry = (playerId: number, issuedS = Date.now() / 1000) => ({
  playerId,
  tokenId: `token-${tokens++}`,
  expiresS: Math.floor(issuedS) + TOKEN_LIFETIME_S,
  zoneId: 1,
  isZoneFull: false,
});

test('what zones left in their rings is loaded at once, and in the file after the end', async () => {
  const ring = createRingBuffer(1 << 16);
  const thread = await start(ring);
  const store = connect(thread);
  const writer = new Writer(new Uint8Array(64));
  const zone = createRingWriter(ring);
  const save = (playerId: number, health: number, final: boolean) => {
    writer.reset();
    writeSaveRecord(writer, playerId, 1, health, final, [health]);
    expect(zone.push(writer.bytes, 0, writer.offset)).toBe(true);
  };
  const taken = { character: undefined, epoch: 1, isNew: true, isStanding: false, answers: [] };
  for (let playerId = 1; playerId <= 1000; playerId++) expect(await store.enterZone(entry(playerId))).toEqual(taken);
  save(1, 10, false);
  expect(await store.enterZone(entry(1))).toEqual({ isStanding: true });
  for (let playerId = 1; playerId <= 1000; playerId++) save(playerId, playerId * 2, true);
  expect(await store.enterZone(entry(1000))).toEqual({
    character: { health: 2000 },
    epoch: 2,
    isNew: false,
    isStanding: false,
    answers: [],
  });
  store.close();
  expect(await thread.stop({ type: 'stop' }, 'stopped', 5000)).toEqual({ type: 'stopped', unsaved: 0 });
  const after = openEmbeddedStore(folder);
  for (const playerId of [1, 500, 1000])
    expect(await after.loadCharacter(playerId, 'g')).toEqual({ health: playerId * 2 });
  await after.close();
});

test('a folder in use fails with its code, and a store thread that ends frees it', async () => {
  const held = openEmbeddedStore(folder);
  await expect(start(createRingBuffer(64))).rejects.toMatchObject({ code: 'DARKAGES_STORE_FOLDER_IN_USE' });
  await held.close();
  const thread = await start(createRingBuffer(64));
  expect(() => openEmbeddedStore(folder)).toThrow(expect.objectContaining({ code: 'DARKAGES_STORE_FOLDER_IN_USE' }));
  await thread.stop({ type: 'stop' }, 'stopped', 5000);
  await openEmbeddedStore(folder).close();
});

test('at start, guests who never played within a day are deleted', async () => {
  const store = openEmbeddedStore(folder);
  const nowMs = Date.now();
  for (const [playerId, hours] of [
    [1, 25],
    [2, 23],
  ] as const) {
    const createdAtMs = nowMs - hours * 3_600_000;
    await store.createAccount({ playerId, name: `guest-${playerId}`, guestSecretHash: `h${playerId}`, createdAtMs });
  }
  await store.close();
  const thread = await start(createRingBuffer(64));
  const client = connect(thread);
  expect(await client.findAccountByName('guest-1')).toBeUndefined();
  expect(await client.findAccountByName('guest-2')).toBeDefined();
  client.close();
  await thread.stop({ type: 'stop' }, 'stopped', 5000);
});

test('guests that the store can not delete are no reason not to start', async () => {
  const store = openEmbeddedStore(folder);
  await store.createAccount({ playerId: 1, name: 'guest', guestSecretHash: 'h', createdAtMs: 0 });
  await store.close();
  const database = new DatabaseSync(join(folder, 'darkages.db'));
  database.exec("CREATE TRIGGER full BEFORE DELETE ON accounts BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
  database.close();
  const thread = await start(createRingBuffer(64));
  const client = connect(thread);
  expect(await client.findAccountByName('guest')).toBeDefined();
  const { words, index } = createCounters('log', logCounters);
  expect([words[index.warn], words[index.info]]).toEqual([1, 0]);
  client.close();
  await thread.stop({ type: 'stop' }, 'stopped', 5000);
});

test('with a long journal it says that it works, for each segment that it reads', async () => {
  await openEmbeddedStore(folder).close();
  const none = () => Promise.reject(new Error('there is no pool'));
  const journal = openJournal({
    files: openJournalFiles(join(folder, 'journal')),
    pool: { packSegment: none, writeKeyframe: none, close: async () => {} },
    nodeId: 'node',
    now: () => 0,
    wallMs: () => 0,
    onTrouble: () => {},
    segmentBytes: 1 << 16,
    preallocateBytes: 1 << 14,
  });
  const place = { zoneId: 1, zoneEpoch: 1 };
  journal.append([{ kind: 'start', ...place, tick: 0, game: 'g', gameVersion: '1', assets: [], accounts: [] }]);
  const payload = new Uint8Array(10_000);
  for (let tick = 1; tick <= 40; tick++) {
    journal.append([{ kind: 'tick', ...place, tick, payload, hasCommits: false }]);
  }
  await journal.close(false);
  const segments = readdirSync(join(folder, 'journal')).length;
  expect(segments).toBeGreaterThan(4);
  const heard: string[] = [];
  const thread = await start(createRingBuffer(64), false, { onMessage: ({ type }) => void heard.push(type) });
  await thread.stop({ type: 'stop' }, 'stopped', 5000);
  // Once to see what it is worth, and once for what the store may not have.
  expect(heard.slice(0, segments)).toEqual(Array(segments).fill('working'));
  expect(heard.slice(-segments - 1)).toEqual([...Array(segments).fill('working'), 'ready']);
  expect(heard.filter((type) => type === 'recovered')).toHaveLength(1);
});

test('one that takes the place of a dead one takes no token that the dead one may have seen', async () => {
  const beforeS = Date.now() / 1000;
  const thread = await start(createRingBuffer(64), true);
  const store = connect(thread);
  expect(await store.enterZone(entry(1, beforeS))).toEqual({ refused: 'token_used' });
  expect(await store.enterZone(entry(1, Date.now() / 1000 + 2))).toEqual({
    character: undefined,
    epoch: 1,
    isNew: true,
    isStanding: false,
    answers: [],
  });
  store.close();
  await thread.stop({ type: 'stop' }, 'stopped', 5000);
});
