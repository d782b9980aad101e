import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { BLOCK_BYTES } from '../../../src/store/journal/format.ts';
import type { JournalRecord } from '../../../src/store/journal/records.ts';
import { type JournalGroup, scanJournal } from '../../../src/store/journal/scan.ts';
import { createJournalWriter } from '../../../src/store/journal/writer.ts';
import { BROKEN_JOURNALS } from './broken-journals.ts';
import { createFaultyFiles, DiskError, type FaultyFiles, type Operation } from './faulty-files.ts';
import { runLives } from './journal-lives.ts';

const LIVES = 15;

describe('on a disk that does its worst, over many lives', () => {
  test('every acknowledged group is there, in order, and nothing that was never written', () => {
    const sum = { acknowledged: 0, cuts: 0, failures: 0, removed: 0, packed: 0 };
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0, 5, 20), (seed, failOneOf) => {
        const { problem, ...result } = runLives({ seed, lives: LIVES, failOneOf });
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += result[key];
        expect(problem).toBeUndefined();
      }),
      { numRuns: 80 },
    );
    // Else it was an easy life.
    for (const count of Object.values(sum)) expect(count).toBeGreaterThan(100);
  }, 60_000);

  test.each(Object.keys(BROKEN_JOURNALS))(
    'it is found out: %s',
    (name) => {
      const wrap = BROKEN_JOURNALS[name]!;
      const problem = Array.from({ length: 400 }, (_, seed) => seed).find(
        (seed) => runLives({ seed, lives: LIVES, failOneOf: 10, wrap }).problem !== undefined,
      );
      expect(problem).toBeDefined();
    },
    60_000,
  );
});

function tick(number: number, bytes = 10): JournalRecord {
  return { kind: 'tick', zoneId: 1, zoneEpoch: 1, tick: number, payload: new Uint8Array(bytes), hasCommits: false };
}

function open(files: FaultyFiles, begun: string[] = []) {
  return createJournalWriter({
    files,
    nodeId: 'n',
    next: scanJournal(files).next,
    segmentBytes: 8 * BLOCK_BYTES,
    preallocateBytes: 0,
    wallMs: () => 5,
    drawSalt: () => 77,
    opening: () => [],
    onSegment: (name, first) => void begun.push(`${name} from ${first}`),
  });
}

/** Operations of each kind. */
function watch(files: FaultyFiles): Operation[] {
  const seen: Operation[] = [];
  files.before = (operation) => void seen.push(operation);
  return seen;
}

test('a group is one write and one sync; a segment is one more of each, and one of the folder', () => {
  const files = createFaultyFiles(createRandom(1));
  const begun: string[] = [];
  const writer = open(files, begun);
  const seen = watch(files);
  expect(writer.append([tick(1)])).toBe(1);
  expect(seen).toEqual(['create', 'write', 'sync', 'syncFolder', 'write', 'sync']);
  seen.length = 0;
  expect(writer.append([tick(2), tick(3)])).toBe(2);
  expect(seen).toEqual(['write', 'sync']);
  seen.length = 0;
  expect(writer.append([tick(4, 7 * BLOCK_BYTES)])).toBe(3);
  expect(seen).toEqual(['create', 'write', 'sync', 'syncFolder', 'write', 'sync']);
  expect(begun).toEqual(['00000001.journal from 1', '00000002.journal from 3']);
});

test.each(['write', 'sync'] as const)('after a failed %s it goes on in a new segment, from the same group', (kind) => {
  const files = createFaultyFiles(createRandom(2));
  const begun: string[] = [];
  const writer = open(files, begun);
  writer.append([tick(1)]);
  files.before = (operation) => {
    if (operation === kind) throw new DiskError('EIO');
  };
  expect(() => writer.append([tick(2)])).toThrow('EIO');
  expect(() => writer.append([tick(2)])).toThrow('EIO');
  files.before = () => undefined;
  expect(writer.append([tick(2), tick(3)])).toBe(2);
  expect(begun).toEqual(['00000001.journal from 1', '00000003.journal from 2']);
  const groups: JournalGroup[] = [];
  const scan = scanJournal(files, { onGroup: (group) => void groups.push(group) });
  expect(scan.damage).toBeUndefined();
  expect(groups.map(({ records }) => records)).toEqual([[tick(1)], [tick(2), tick(3)]]);
});

test('a group that is larger than a segment gets one to itself', () => {
  const files = createFaultyFiles(createRandom(3));
  const writer = open(files);
  for (const bytes of [1, 20 * BLOCK_BYTES, 1]) writer.append([tick(1, bytes)]);
  const { segments, damage } = scanJournal(files);
  expect(damage).toBeUndefined();
  expect(segments.map(({ header, endSequence }) => [header.first, endSequence])).toEqual([
    [1, 2],
    [2, 3],
    [3, 4],
  ]);
});
