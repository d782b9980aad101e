import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { createRingReader } from '../../src/base/ring.ts';
import { worldTick } from '../../src/sim/world.ts';
import { readCommits, readTickHead } from '../../src/store/tick-record.ts';
import {
  COMMITTED_TICK,
  createZoneJournalBuffers,
  IS_PAUSED,
  JOURNAL_RING_BYTES,
  KEPT_TICK,
  KEYFRAME_TICK,
} from '../../src/store/zone-journal.ts';
import { adoptLeft, beginRecordOfTick, createZoneJournal, pushRecord, recordTaken } from '../../src/zone/journal.ts';
import { tellCommitted } from '../../src/zone/zone.ts';
import { game as bank } from '../../tools/chaos/bank.ts';
import { createTestZone, input, join, leave, receive, request, run, type TestZone } from './harness.ts';
import { createTestJournal, keep } from './journal-end.ts';

const source = { origin: 'n/1', zoneId: 1, game: bank.name, assets: bank.assets, accounts: bank.accounts };

function makeZone() {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  join(zone, 1);
  run(zone);
  keep(zone, journal);
  receive(zone);
  return { zone, journal };
}

const responses = (zone: TestZone) =>
  receive(zone)
    .filter(({ kind }) => kind === 'response')
    .map(({ value }) => value!.refused);

test('the answer to a command comes when its tick is on disk, between ticks too; what else is told waits for nothing', () => {
  const { zone, journal } = makeZone();
  request(zone, 1, { id: 1, key: 1, mint: { gold: 7, gems: 0 } });
  run(zone, 3);
  expect(zone.zone.world.columns.gold[0], 'it is done').toBe(7);
  expect(responses(zone), 'and not said').toEqual([]);
  keep(zone, journal);
  tellCommitted(zone.zone);
  expect(responses(zone)).toEqual(['']);
  const [commit] = journal.ticks.flatMap((bytes) => readCommits(bytes, readTickHead(bytes)!, source)!);
  expect(commit).toMatchObject({
    id: 'n/1/1/2/0',
    playerId: 1001,
    key: 1,
    request: 'mint',
    refused: '',
    transfers: [{ asset: 'gold', amount: 7, from: { account: 'mint' }, to: { playerId: 1001, seq: 1, balance: 7 } }],
  });
});

test('an event that tells of a promise waits as well; for who has left nothing does', () => {
  const { zone, journal } = makeZone();
  join(zone, 2);
  request(zone, 1, { id: 1, mint: { gold: 7, gems: 0 } });
  run(zone);
  keep(zone, journal);
  run(zone);
  receive(zone);
  request(zone, 1, { id: 2, swap: { to: zone.zone.sim.handle(1), gold: 3, gems: 0 } });
  run(zone);
  expect(receive(zone)).toEqual([]);
  leave(zone, 1);
  run(zone);
  keep(zone, journal);
  run(zone);
  const told = receive(zone);
  expect(told.map(({ kind, client }) => [kind, client])).toEqual([
    ['gone', 1],
    ['event', 2],
  ]);
});

test('a repeated key gets the first answer, also where that was no; another player’s key is another one', () => {
  const { zone, journal } = makeZone();
  join(zone, 2);
  run(zone);
  const ask = (client: number, key: number, gold: number) => {
    request(zone, client, { id: 1, key, swap: { to: zone.zone.sim.handle(client === 1 ? 1 : 0), gold, gems: 0 } });
    run(zone);
    keep(zone, journal);
    run(zone);
    return responses(zone);
  };
  expect(ask(1, 5, 3)).toEqual(['too_poor']);
  request(zone, 1, { id: 1, key: 6, mint: { gold: 10, gems: 0 } });
  run(zone);
  keep(zone, journal);
  run(zone);
  receive(zone);
  expect(ask(1, 5, 3)).toEqual(['too_poor']);
  expect(ask(1, 7, 3)).toEqual(['']);
  expect(ask(1, 7, 3)).toEqual(['']);
  expect(ask(2, 7, 1)).toEqual(['']);
  expect([...zone.zone.world.columns.gold.subarray(0, 2)]).toEqual([8, 2]);
  const { words, index } = zone.zone.counters;
  expect([words[index.commands], words[index.commandsRepeated]]).toEqual([4, 2]);
});

test('nothing is promised before a keyframe is on disk, while the store is behind, and with a full ring; the game goes on', () => {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  join(zone, 1);
  const ask = () => {
    request(zone, 1, { id: 1, mint: { gold: 1, gems: 0 } });
    run(zone);
    keep(zone, journal);
    run(zone);
    keep(zone, journal);
    return responses(zone);
  };
  request(zone, 1, { id: 1, mint: { gold: 1, gems: 0 } });
  run(zone);
  expect(responses(zone), 'at once').toEqual(['not_now']);
  keep(zone, journal);
  expect(ask()).toEqual(['']);
  journal.words[IS_PAUSED] = 1;
  expect(ask()).toEqual(['not_now']);
  journal.words[IS_PAUSED] = 0;
  expect(ask()).toEqual(['']);
  // Nobody reads the ring.
  const before = worldTick(zone.zone.world);
  for (
    let round = 0;
    round < 60_000 && zone.zone.counters.words[zone.zone.counters.index.ticksUnrecorded] === 0;
    round++
  ) {
    for (let each = 0; each < 40; each++)
      input(zone, 1, { tick: worldTick(zone.zone.world) + 1 + (each % 32), moveX: 5 });
    run(zone);
  }
  expect(zone.zone.counters.words[zone.zone.counters.index.ticksUnrecorded]).toBeGreaterThan(0);
  request(zone, 1, { id: 1, mint: { gold: 1, gems: 0 } });
  run(zone);
  expect(responses(zone)).toEqual(['not_now']);
  expect(worldTick(zone.zone.world)).toBeGreaterThan(before);
  // It is read again: the ring alone is not enough, what is missing can't be replayed.
  while (journal.ring.next());
  request(zone, 1, { id: 1, mint: { gold: 1, gems: 0 } });
  run(zone);
  expect(responses(zone)).toEqual(['not_now']);
  // A keyframe of before lies there; the next one is of a tick behind the gap.
  keep(zone, journal);
  run(zone);
  keep(zone, journal);
  expect(ask()).toEqual(['']);
});

test('a keyframe is handed over with the first tick and then each ten seconds, not sooner and not later', () => {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  const handed: number[] = [];
  for (let tick = 0; tick < 1_900; tick++) {
    run(zone);
    if (journal.words[KEYFRAME_TICK] !== 0) handed.push(journal.words[KEYFRAME_TICK]!);
    keep(zone, journal);
  }
  expect(handed).toEqual([1, 601, 1201, 1801]);
});

test('of more than fits a record the promises alone are kept, and no tick after it counts as replayable', () => {
  const buffers = createZoneJournalBuffers(64);
  const journal = createZoneJournal(buffers, 1, -1);
  new Int32Array(buffers.words)[KEPT_TICK] = 0;
  expect(beginRecordOfTick(journal, 1)).toBe(true);
  const chunk = new Uint8Array(8192).fill(3);
  for (let each = 0; each < JOURNAL_RING_BYTES / 4 / chunk.length + 1; each++)
    recordTaken(journal, chunk, 0, chunk.length);
  const commits = new Writer(new Uint8Array(64));
  commits.u8(42);
  pushRecord(journal, commits, undefined);
  journal.ring.publish();
  const ring = createRingReader(buffers.ring);
  expect(ring.next()).toBe(true);
  const bytes = ring.bytes.slice(ring.offset, ring.end);
  const head = readTickHead(bytes)!;
  expect(head).toMatchObject({ tick: 1, isCut: true, isOpen: true });
  expect([...bytes.subarray(head.inputsEnd)]).toEqual([42]);
  expect(beginRecordOfTick(journal, 2), 'until a keyframe is kept').toBe(false);
  new Int32Array(buffers.words)[KEPT_TICK] = 1;
  expect(beginRecordOfTick(journal, 2)).toBe(true);
});

test.each([
  ['its tick was whole', 2, [1, 2]],
  ['the thread died in its tick', 1, [1]],
])('a record that was pushed and not published: %s', (_, wholeTick, expected) => {
  const buffers = createZoneJournalBuffers(64);
  const first = createZoneJournal(buffers, 1, 0);
  for (const tick of [1, 2]) {
    beginRecordOfTick(first, tick);
    pushRecord(first, new Writer(new Uint8Array(8)), undefined);
    if (tick === 1) first.ring.publish();
  }
  adoptLeft(createZoneJournal(buffers, 2, wholeTick), wholeTick);
  // A third one finds nothing more of the first.
  adoptLeft(createZoneJournal(buffers, 3, 2), 2);
  const ring = createRingReader(buffers.ring);
  const ticks: number[] = [];
  while (ring.next()) ticks.push(readTickHead(ring.bytes.slice(ring.offset, ring.end))!.tick);
  expect(ticks).toEqual(expected);
  expect(Atomics.load(new Int32Array(buffers.words), COMMITTED_TICK)).toBe(0);
});

test('who comes with answers from elsewhere gets them again, and does nothing twice', () => {
  const { zone, journal } = makeZone();
  const answers = [
    { key: 9, refused: '' },
    { key: 8, refused: 'too_poor' },
  ];
  join(zone, 2, { epoch: 3, answers });
  run(zone);
  receive(zone);
  for (const key of [8, 9, 10]) request(zone, 2, { id: key, key, mint: { gold: 4, gems: 0 } });
  run(zone);
  keep(zone, journal);
  run(zone);
  expect(responses(zone)).toEqual(['too_poor', '', '']);
  expect(zone.zone.world.columns.gold[1]).toBe(4);
});
