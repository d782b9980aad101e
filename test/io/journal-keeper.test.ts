import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../../src/base/random.ts';
import { packSegment, readKeyframe } from '../../src/io/journal-jobs.ts';
import { type Journal, openJournal } from '../../src/io/journal-keeper.ts';
import type { JournalFiles } from '../../src/store/journal/files.ts';
import { BLOCK_BYTES, type JournalMark } from '../../src/store/journal/format.ts';
import { keyframeOfName } from '../../src/store/journal/keyframe-file.ts';
import type { JournalRecord, StartRecord, TickRecord } from '../../src/store/journal/records.ts';
import { comparePlaces } from '../../src/store/journal/retention.ts';
import { createFaultyFiles, DiskError, type FaultyFiles, PowerCut } from '../store/journal/faulty-files.ts';
import { createPromptPool } from './prompt-pool.ts';

interface Opened {
  readonly journal: Journal;
  readonly clock: { nowMs: number };
  readonly troubles: unknown[];
}

function open(files: JournalFiles): Opened {
  const clock = { nowMs: 0 };
  const troubles: unknown[] = [];
  const journal = openJournal({
    files,
    pool: createPromptPool(files),
    nodeId: 'node',
    now: () => clock.nowMs,
    wallMs: () => 1000,
    onTrouble: (error) => void troubles.push(error),
    segmentBytes: 6 * BLOCK_BYTES,
    preallocateBytes: BLOCK_BYTES,
  });
  return { journal, clock, troubles };
}

function start(zoneId: number, zoneEpoch: number, tick: number): StartRecord {
  return {
    kind: 'start',
    zoneId,
    zoneEpoch,
    tick,
    game: 'test',
    gameVersion: '1',
    assets: ['gold'],
    accounts: ['opening'],
  };
}

/** What a tick holds follows from its place. */
function payloadOf(zoneId: number, number: number): Uint8Array {
  return new Uint8Array(50 + ((number * 37) % 3000)).fill(zoneId * 100 + (number % 97));
}

function tick(zoneId: number, zoneEpoch: number, number: number): JournalRecord {
  const payload = payloadOf(zoneId, number);
  return { kind: 'tick', zoneId, zoneEpoch, tick: number, payload, hasCommits: number % 3 === 0 };
}

function ticksOf(journal: Journal, zoneId: number): number[] {
  return [...(journal.recovered.get(zoneId)?.ticks() ?? [])].map((record) => {
    expect(Buffer.compare(record.payload, payloadOf(zoneId, record.tick))).toBe(0);
    return record.tick;
  });
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('a zone comes back', () => {
  test('from its start and its ticks', async () => {
    const files = createFaultyFiles(createRandom(1));
    const { journal } = open(files);
    expect(journal.append([start(1, 1, 0)])).toBe(1);
    for (const number of range(1, 20)) journal.append([tick(1, 1, number)]);
    expect(journal.position).toBe(21);
    await journal.close(true);
    const again = open(files).journal;
    expect(again.recovered.get(1)).toMatchObject({
      start: start(1, 1, 0),
      keyframe: undefined,
      isWhole: true,
      last: { zoneEpoch: 1, tick: 20 },
    });
    expect(ticksOf(again, 1)).toEqual(range(1, 20));
    expect([...again.commitsToApply()].map(({ record }) => record.tick)).toEqual([3, 6, 9, 12, 15, 18]);
    // Said twice is once: the next position isn't one that was given out.
    expect(again.append([])).toBe(22);
  });

  test('from its newest keyframe and what follows, or from the one before when that is damaged', async () => {
    const files = createFaultyFiles(createRandom(2));
    const { journal } = open(files);
    journal.append([start(1, 1, 0), start(2, 1, 0)]);
    for (const number of range(1, 30)) {
      journal.append([tick(1, 1, number), tick(2, 1, number)]);
      if (number % 10 === 0) expect(await journal.writeKeyframe(1, 1, number, Uint8Array.of(number))).toBe(true);
    }
    journal.append([tick(1, 1, 31)]);
    const again = open(files).journal;
    expect(again.recovered.get(1)).toMatchObject({ keyframe: { zoneEpoch: 1, tick: 30 }, isWhole: true });
    expect([...again.recovered.get(1)!.keyframe!.bytes]).toEqual([30]);
    expect(ticksOf(again, 1)).toEqual([31]);
    expect(ticksOf(again, 2)).toEqual(range(1, 30));
    files.flipBit('zone-1-1-30.keyframe', 700);
    const { journal: third, troubles } = open(files);
    expect(third.recovered.get(1)).toMatchObject({ keyframe: { tick: 20 }, isWhole: true });
    expect(ticksOf(third, 1)).toEqual(range(21, 31));
    expect(third.counts.keyframesDamaged).toBe(1);
    expect(String(troubles[0])).toContain('zone-1-1-30.keyframe is damaged');
  });

  test('when it had begun anew, without what was before; when it had gone on, with it', async () => {
    const files = createFaultyFiles(createRandom(3));
    const { journal } = open(files);
    for (const zoneId of [1, 2]) {
      journal.append([start(zoneId, 1, 0), tick(zoneId, 1, 1), tick(zoneId, 1, 2)]);
      await journal.writeKeyframe(zoneId, 1, 1, Uint8Array.of(1));
    }
    journal.append([start(1, 2, 0), tick(1, 2, 1), start(2, 2, 2), tick(2, 2, 3)]);
    const { recovered } = open(files).journal;
    expect(recovered.get(1)).toMatchObject({ start: start(1, 2, 0), keyframe: undefined, isWhole: true });
    expect([...recovered.get(1)!.ticks()].map(({ zoneEpoch, tick: number }) => [zoneEpoch, number])).toEqual([[2, 1]]);
    expect(recovered.get(2)).toMatchObject({
      start: start(2, 2, 2),
      keyframe: { zoneEpoch: 1, tick: 1 },
      isWhole: true,
    });
    expect([...recovered.get(2)!.ticks()].map(({ zoneEpoch, tick: number }) => [zoneEpoch, number])).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  test('without ticks that are missing: it says so', () => {
    const files = createFaultyFiles(createRandom(4));
    const { journal } = open(files);
    journal.append([start(1, 1, 0), tick(1, 1, 2), start(2, 1, 0), tick(2, 1, 1)]);
    const { recovered } = open(files).journal;
    expect([recovered.get(1)!.isWhole, recovered.get(2)!.isWhole]).toEqual([false, true]);
  });
});

test('a keyframe that is ahead of the journal, or of a zone that never began, is our mistake', async () => {
  const { journal } = open(createFaultyFiles(createRandom(5)));
  await expect(journal.writeKeyframe(1, 1, 1, new Uint8Array(1))).rejects.toThrow('has begun');
  journal.append([start(1, 1, 0), tick(1, 1, 1)]);
  await expect(journal.writeKeyframe(1, 1, 2, new Uint8Array(1))).rejects.toThrow('on disk');
  const both = [1, 2].map(() => journal.writeKeyframe(1, 1, 1, new Uint8Array(1)));
  expect(await Promise.all(both)).toEqual([true, false]);
});

test('with a full disk each attempt fails once, nothing is lost, and it goes on by itself', () => {
  const files = createFaultyFiles(createRandom(6));
  const { journal, clock } = open(files);
  journal.append([start(1, 1, 0), tick(1, 1, 1)]);
  files.before = (operation) => {
    if (operation === 'write') throw new DiskError('ENOSPC');
  };
  const full = expect.objectContaining({
    code: 'DARKAGES_JOURNAL_FAILED',
    message: expect.stringMatching(/^The journal journal can’t be written \(ENOSPC\): make room on its disk/),
  });
  expect(() => journal.append([tick(1, 1, 2)])).toThrow(full);
  expect(journal.append([tick(1, 1, 3)])).toBeUndefined();
  expect(journal.counts).toMatchObject({ failures: 1, pending: 2, pendingSinceMs: 0 });
  clock.nowMs = 60;
  expect(() => journal.append([])).toThrow(full);
  clock.nowMs = 120;
  expect(journal.append([])).toBeUndefined();
  files.before = () => undefined;
  clock.nowMs = 200;
  expect(journal.append([tick(1, 1, 4)])).toBe(2);
  expect(journal.counts).toMatchObject({ failures: 2, pending: 0, pendingSinceMs: undefined });
  expect(ticksOf(open(files).journal, 1)).toEqual([1, 2, 3, 4]);
});

test('records of many MiB go into several groups', () => {
  const files = createFaultyFiles(createRandom(7));
  const { journal } = open(files);
  const payload = new Uint8Array(3 << 20);
  const records = range(1, 7).map((number) => ({ ...tick(1, 1, number), payload }) as JournalRecord);
  expect(journal.append([start(1, 1, 0), ...records])).toBe(4);
  expect([...open(files).journal.recovered.get(1)!.ticks()].map(({ tick: number }) => number)).toEqual(range(1, 7));
});

test('files go when two keyframes and the store have what is in them, and are packed when they stay', async () => {
  const files = createFaultyFiles(createRandom(8));
  const { journal, clock } = open(files);
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++) {
      journal.update();
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  journal.append([start(1, 1, 0)]);
  for (const number of range(1, 40)) journal.append([tick(1, 1, number)]);
  await settle();
  const segments = journal.counts.segments;
  expect(segments).toBeGreaterThan(3);
  clock.nowMs = 59_000;
  await settle();
  expect(journal.counts.segmentsPacked).toBe(0);
  clock.nowMs = 60_000;
  await settle();
  expect(files.list().filter((name) => name.endsWith('.zst')).length).toBe(segments - 1);
  await journal.writeKeyframe(1, 1, 40, Uint8Array.of(40));
  journal.noteApplied(journal.position);
  await settle();
  expect(journal.counts.segmentsRemoved).toBe(0);
  journal.append([tick(1, 1, 41)]);
  await journal.writeKeyframe(1, 1, 41, Uint8Array.of(41));
  await settle();
  expect(journal.counts.segmentsRemoved).toBe(segments - 1);
  journal.append([tick(1, 1, 42)]);
  await journal.writeKeyframe(1, 1, 42, Uint8Array.of(42));
  await settle();
  expect(
    files
      .list()
      .filter((name) => name.endsWith('.keyframe'))
      .sort(),
  ).toEqual(['zone-1-1-41.keyframe', 'zone-1-1-42.keyframe']);
  journal.dropZone(1);
  await settle();
  expect(files.list().filter((name) => name.endsWith('.keyframe'))).toEqual([]);
});

test('a segment that was given up and could not be removed goes in its turn', async () => {
  // Those after it went first: what was left began with it and looked as if they were missing.
  const files = createFaultyFiles(createRandom(11));
  const { journal, clock } = open(files);
  files.before = (operation) => {
    if (operation === 'syncFolder' || operation === 'remove') throw new DiskError('EIO');
  };
  expect(() => journal.append([start(1, 1, 0)])).toThrow('EIO');
  files.before = () => undefined;
  expect(files.list()).toEqual(['00000001.journal']);
  clock.nowMs = 100;
  for (const number of range(1, 40)) {
    journal.append([tick(1, 1, number)]);
    if (number > 20) await journal.writeKeyframe(1, 1, number, Uint8Array.of(number));
    journal.noteApplied(journal.position);
    journal.update();
    await Promise.resolve();
  }
  expect(journal.counts.segmentsRemoved).toBeGreaterThan(2);
  expect(files.list()).not.toContain('00000001.journal');
  expect(open(files).journal.recovered.get(1)).toMatchObject({ isWhole: true, last: { tick: 40 } });
});

test('our own mistakes are not taken for a disk that fails', () => {
  const { journal } = open(createFaultyFiles(createRandom(10)));
  const payload = new Uint8Array((64 << 20) + 1);
  expect(() => journal.append([{ ...tick(1, 1, 1), payload } as JournalRecord])).toThrow('a group is not larger');
});

test('a damaged journal isn’t opened', () => {
  const files = createFaultyFiles(createRandom(9));
  const { journal } = open(files);
  journal.append([start(1, 1, 0)]);
  journal.append([tick(1, 1, 1)]);
  files.flipBit('00000001.journal', BLOCK_BYTES * 8 + 300);
  expect(() => open(files)).toThrow(expect.objectContaining({ code: 'DARKAGES_JOURNAL_DAMAGED' }));
});

test('a mark leaves out what was before it, in any segment, packed or not; one of another journal leaves out nothing', async () => {
  const files = createFaultyFiles(createRandom(12));
  const { journal } = open(files);
  journal.append([start(1, 1, 0)]);
  const marks = range(1, 30).map((number) => {
    journal.append([tick(1, 1, number)]);
    return journal.mark;
  });
  await journal.writeKeyframe(1, 1, 30, Uint8Array.of(1));
  journal.append([]);
  packSegment(files, '00000001.journal');
  const again = open(files).journal;
  const ticksAfter = (mark?: JournalMark) => [...again.commitsToApply(mark)].map(({ record }) => record.tick);
  const all = range(1, 30).filter((number) => number % 3 === 0);
  expect(ticksAfter()).toEqual(all);
  for (const [index, mark] of marks.entries()) {
    expect(ticksAfter(mark)).toEqual(all.filter((number) => number > index + 1));
    expect(ticksAfter({ ...mark, checksum: mark.checksum ^ 1 })).toEqual(all);
  }
  expect(again.mark.sequence).toBeGreaterThan(marks.at(-1)!.sequence);
  expect(ticksAfter(again.mark)).toEqual([]);
  for (const sequence of [0, again.mark.sequence + 1]) {
    expect(ticksAfter({ sequence, checksum: again.mark.checksum })).toEqual(all);
  }
});

interface Promised {
  /** Last tick of each zone that was acknowledged. */
  readonly last: [number, number];
  applied: number;
  mark: JournalMark;
  /** Zone and tick of what was acknowledged with commits, by position. */
  readonly commits: [number, string][];
  epoch: number;
}

/** A server's life: it recovers, checks, goes on, until it ends or the power does. Returns the segments it removed. */
async function liveOnce(files: FaultyFiles, random: Random, promised: Promised): Promise<number> {
  files.before = () => undefined;
  const { journal, clock } = open(files);
  for (const zoneId of [1, 2]) check(journal, zoneId, promised);
  const all = [...journal.commitsToApply()];
  const { mark } = promised;
  const later = all.filter(({ position }) => position > mark.sequence);
  expect([...journal.commitsToApply(mark)].map(placeOf)).toEqual(later.map(placeOf));
  const found = new Set(all.map(placeOf));
  for (const [position, place] of promised.commits) if (position > promised.applied) expect(found).toContain(place);
  promised.epoch++;
  let until = random.below(200);
  files.before = () => {
    if (--until < 0) throw new PowerCut();
    if (random.below(25) === 0) throw new DiskError('EIO');
  };
  const last: [number, number] = [0, 0];
  for (const zoneId of [1, 2]) last[zoneId - 1] = journal.recovered.get(zoneId)?.last.tick ?? 0;
  let records: JournalRecord[] = [1, 2].map((zoneId) => start(zoneId, promised.epoch, last[zoneId - 1]!));
  let sent: [number, string][] = [];
  for (let step = 0; step < 60 && until >= 0; step++) {
    const zoneId = 1 + random.below(2);
    const number = ++last[zoneId - 1]!;
    records.push(tick(zoneId, promised.epoch, number));
    if (number % 3 === 0) sent.push([0, `${zoneId}/${number}`]);
    clock.nowMs += 5_000;
    const position = tryAppend(journal, records);
    records = [];
    if (position === undefined) continue;
    promised.last.splice(0, 2, ...last);
    if (random.below(10) === 0) promised.mark = journal.mark;
    promised.commits.push(...sent.map(([, place]): [number, string] => [position, place]));
    sent = [];
    if (random.below(6) === 0) {
      await journal.writeKeyframe(zoneId, promised.epoch, number, Uint8Array.of(zoneId, number, number >>> 8));
    }
    if (random.below(20) === 0) {
      promised.applied = position;
      journal.noteApplied(position);
    }
    journal.update();
    await Promise.resolve();
  }
  return journal.counts.segmentsRemoved;
}

const placeOf = ({ record }: { readonly record: TickRecord }) => `${record.zoneId}/${record.tick}`;

function tryAppend(journal: Journal, records: readonly JournalRecord[]): number | undefined {
  try {
    return journal.append(records);
  } catch (error) {
    expect(error).toMatchObject({ code: 'DARKAGES_JOURNAL_FAILED' });
    return undefined;
  }
}

function check(journal: Journal, zoneId: number, promised: Promised): void {
  const zone = journal.recovered.get(zoneId);
  const wanted = promised.last[zoneId - 1]!;
  if (zone === undefined) {
    expect(wanted).toBe(0);
    return;
  }
  expect(zone.isWhole).toBe(true);
  expect(zone.last.tick).toBeGreaterThanOrEqual(wanted);
  const base = zone.keyframe?.tick ?? 0;
  if (zone.keyframe) expect([...zone.keyframe.bytes]).toEqual([zoneId, base & 0xff, base >>> 8]);
  expect(ticksOf(journal, zoneId)).toEqual(range(base + 1, zone.last.tick));
}

/** The newest, where it and the one before are whole: the journal promises to do without one, not without both. */
function damageKeyframe(files: FaultyFiles, random: Random): boolean {
  const zoneId = 1 + random.below(2);
  const newest = files
    .list()
    .flatMap((name) => keyframeOfName(name) ?? [])
    .filter((file) => file.zoneId === zoneId)
    .sort((a, b) => comparePlaces(b, a))
    .slice(0, 2);
  const areWhole = newest.every((file) => readKeyframe(files, file.name, file) !== undefined);
  if (newest.length < 2 || !areWhole) return false;
  const { name } = newest[0]!;
  files.flipBit(name, random.below(8 * files.read(name).length));
  return true;
}

test('over many power cuts, failing disks and damaged keyframes every acknowledged tick and commit is recovered', async () => {
  const sum = { ticks: 0, keyframes: 0, lives: 0, damaged: 0, removed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = createRandom(seed);
      const files = createFaultyFiles(random);
      const promised: Promised = {
        last: [0, 0],
        applied: 0,
        mark: { sequence: 0, checksum: 0 },
        commits: [],
        epoch: 0,
      };
      for (let life = 0; life < 8; life++) {
        sum.removed += await liveOnce(files, random, promised);
        sum.lives++;
        if (random.below(3) > 0) files.cutPower();
        files.before = () => undefined;
        if (random.below(3) === 0 && damageKeyframe(files, random)) sum.damaged++;
      }
      sum.ticks += promised.last[0] + promised.last[1];
      sum.keyframes += files.list().filter((name) => name.endsWith('.keyframe')).length;
    }),
    { numRuns: 40 },
  );
  expect(sum.ticks).toBeGreaterThan(sum.lives * 5);
  expect(sum.keyframes).toBeGreaterThan(40);
  expect(Math.min(sum.damaged, sum.removed)).toBeGreaterThan(10);
}, 60_000);
