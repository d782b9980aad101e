import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { packSegment } from '../../../src/io/journal-jobs.ts';
import { BLOCK_BYTES } from '../../../src/store/journal/format.ts';
import type { TickRecord } from '../../../src/store/journal/records.ts';
import { findLost, repairJournal } from '../../../src/store/journal/repair.ts';
import { type JournalGroup, scanJournal } from '../../../src/store/journal/scan.ts';
import { createJournalWriter } from '../../../src/store/journal/writer.ts';
import { createFaultyFiles, type FaultyFiles, PowerCut } from './faulty-files.ts';

const GROUPS = 30;

function tick(number: number): TickRecord {
  const payload = new Uint8Array(number * 300).fill(number);
  return { kind: 'tick', zoneId: 1, zoneEpoch: 1, tick: number, payload, hasCommits: number % 3 === 0 };
}

function writeJournal(seed: number): FaultyFiles {
  const random = createRandom(seed);
  const files = createFaultyFiles(random);
  const writer = open(files);
  for (let number = 1; number <= GROUPS; number++) expect(writer.append([tick(number)])).toBe(number);
  return files;
}

function open(files: FaultyFiles) {
  return createJournalWriter({
    files,
    nodeId: 'n',
    next: scanJournal(files).next,
    segmentBytes: 10 * BLOCK_BYTES,
    preallocateBytes: BLOCK_BYTES,
    wallMs: () => 0,
    drawSalt: () => 5,
    opening: () => [],
    onSegment: () => undefined,
  });
}

function read(files: FaultyFiles): readonly (readonly unknown[])[] {
  const groups: JournalGroup[] = [];
  expect(scanJournal(files, { onGroup: (group) => void groups.push(group) }).damage).toBeUndefined();
  return groups.map(({ records }) => records);
}

const expected = (groups: number) => Array.from({ length: groups }, (_, index) => [tick(index + 1)]);

/** Damages group 10, wherever it stands. */
function damage(files: FaultyFiles): string {
  for (const name of files.list().sort()) {
    const at = Buffer.from(files.read(name)).indexOf(Buffer.alloc(300, 10));
    if (at === -1) continue;
    files.flipBit(name, at * 8);
    return name;
  }
  throw new Error('there is no group 10');
}

test('the part before the damage stays and goes on, the rest is put aside, and what is lost is said in numbers', () => {
  const files = writeJournal(1);
  const before = new Map(files.list().map((name) => [name, files.read(name)]));
  const name = damage(files);
  before.set(name, files.read(name));
  const scan = scanJournal(files);
  expect(scan.damage?.name).toBe(name);
  expect(findLost(files, scan)).toMatchObject({ groups: GROUPS - 9, wholeGroups: GROUPS - 10 });
  const { lost, files: aside } = repairJournal(files, scan, 'damaged-1');
  expect(lost.ticks.get(1)).toEqual({ count: GROUPS - 10, first: 11, last: GROUPS });
  expect(lost.commits.map(({ tick: number }) => number)).toEqual([12, 15, 18, 21, 24, 27, 30]);
  for (const moved of aside) expect(files.read(`damaged-1/${moved}`)).toEqual(before.get(moved));
  expect(read(files)).toEqual(expected(9));
  open(files).append([tick(10)]);
  expect(read(files)).toEqual(expected(10));
});

test('a packed segment that is damaged goes as a whole', () => {
  const files = writeJournal(2);
  const [first, second] = files.list().sort();
  packSegment(files, first!);
  const { endSequence } = scanJournal(files).segments[0]!;
  packSegment(files, second!);
  files.flipBit(`${second}.zst`, 8 * (files.read(`${second}.zst`).length >>> 1));
  repairJournal(files, scanJournal(files), 'damaged-1');
  expect(files.list()).toEqual([`${first}.zst`]);
  expect(read(files)).toEqual(expected(endSequence - 1));
});

test('a journal without damage is left as it is', () => {
  const files = writeJournal(3);
  const before = files.list();
  expect(repairJournal(files, scanJournal(files), 'x').files).toEqual([]);
  expect(files.list()).toEqual(before);
});

test('a repair that was cut off at any point is done again, or done', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(40), (seed, until) => {
      const files = writeJournal(seed);
      damage(files);
      let left = until;
      files.before = () => {
        if (--left < 0) throw new PowerCut();
      };
      let isCut = false;
      try {
        repairJournal(files, scanJournal(files), 'damaged-1');
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        isCut = true;
      }
      files.before = () => undefined;
      if (isCut) {
        files.cutPower();
        for (const name of files.list()) if (name.endsWith('.tmp')) files.remove(name);
        repairJournal(files, scanJournal(files), 'damaged-2');
      }
      expect(read(files)).toEqual(expected(9));
    }),
    { numRuns: 60 },
  );
});
