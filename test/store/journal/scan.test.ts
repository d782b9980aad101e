import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { packSegment } from '../../../src/io/journal-jobs.ts';
import { BLOCK_BYTES, encodeSegmentHeader, readGroup, segmentName } from '../../../src/store/journal/format.ts';
import { type JournalGroup, mendTail, readGroups, refuseDamage, scanJournal } from '../../../src/store/journal/scan.ts';
import { createFaultyFiles, type FaultyFiles } from './faulty-files.ts';
import { drawRecords, openWriter } from './journal-lives.ts';

const GROUPS = 40;

/** A journal of several segments, written by two processes, one after the other. */
function writeJournal(seed: number): FaultyFiles {
  const random = createRandom(seed);
  const files = createFaultyFiles(random);
  for (let life = 0; life < 2; life++) {
    const writer = openWriter(files, scanJournal(files), random);
    for (let group = 0; group < GROUPS / 2; group++) writer.append(drawRecords(random));
    writer.close();
  }
  return files;
}

function readAll(files: FaultyFiles) {
  const groups: JournalGroup[] = [];
  const scan = scanJournal(files, { onGroup: (group) => void groups.push(group) });
  return { groups, scan };
}

/** Whether a byte is of a header, or of a group's head or body; and of which group. */
function meaningOf(files: FaultyFiles, name: string, at: number): 'header' | 'nothing' | number {
  if (at < 96) return 'header';
  const bytes = files.read(name);
  for (let offset = BLOCK_BYTES; ; ) {
    const group = readGroup(bytes, offset, files.crc32);
    if (group === undefined) return 'nothing';
    if (at < group.end) return at >= offset && at < group.bodyEnd ? group.sequence : 'nothing';
    offset = group.end;
  }
}

test('all that was written is read, from any group on', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(GROUPS + 3), (seed, from) => {
      const files = writeJournal(seed);
      const { groups, scan } = readAll(files);
      expect(scan.damage ?? scan.torn).toBeUndefined();
      expect(groups.map(({ sequence }) => sequence)).toEqual(Array.from({ length: GROUPS }, (_, index) => index + 1));
      expect(scan.next).toMatchObject({ sequence: GROUPS + 1, segment: scan.segments.at(-1)!.header.segment + 1 });
      expect([...readGroups(files, scan, from)]).toEqual(groups.filter(({ sequence }) => sequence >= from));
    }),
    { numRuns: 30 },
  );
});

test('a segment that is packed while it is read is read all the same', () => {
  const files = writeJournal(9);
  const { groups, scan } = readAll(files);
  let packed = 0;
  const busy = {
    ...files,
    read(name: string) {
      // Another thread is faster.
      if (name.endsWith('.journal')) {
        packSegment(files, name);
        packed++;
      }
      return files.read(name);
    },
  };
  expect([...readGroups(busy, scan, 1)]).toEqual(groups);
  expect(packed).toBe(scan.segments.length);
  files.remove('00000001.journal.zst');
  expect([...readGroups(files, scan, 1)]).toEqual(groups.slice(scan.segments[0]!.endSequence - 1));
});

test('a packed segment is unpacked once', () => {
  const files = writeJournal(10);
  const { groups } = readAll(files);
  const names = files.list().sort();
  for (const name of names) packSegment(files, name);
  let unpacked = 0;
  const counting = {
    ...files,
    unpack(packed: Uint8Array) {
      unpacked++;
      return files.unpack(packed);
    },
  };
  expect(readAll(counting).groups).toEqual(groups);
  expect(unpacked).toBe(names.length);
});

test('a flipped bit never yields a wrong record, and in a group that others follow it stops the start', () => {
  let damages = 0;
  fc.assert(
    fc.property(fc.integer(), fc.nat(), fc.nat(), (seed, pickFile, pickBit) => {
      const files = writeJournal(seed);
      const before = readAll(files).groups;
      const names = files.list().sort();
      const name = names[pickFile % names.length]!;
      const bit = pickBit % (files.read(name).length * 8);
      const meaning = meaningOf(files, name, bit >>> 3);
      files.flipBit(name, bit);
      const { groups, scan } = readAll(files);
      expect(groups).toEqual(before.slice(0, groups.length));
      const mustStop = meaning === 'header' || (typeof meaning === 'number' && meaning < GROUPS);
      expect(scan.damage !== undefined).toBe(mustStop);
      if (mustStop) damages++;
      // What is behind the last group, or the last group itself, can't be told from a torn write.
      else expect(groups.length).toBe(meaning === GROUPS ? GROUPS - 1 : GROUPS);
    }),
    { numRuns: 250 },
  );
  expect(damages).toBeGreaterThan(50);
}, 60_000);

test('a flipped bit in a packed segment stops the start or changes nothing', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(), (seed, pickBit) => {
      const files = writeJournal(seed);
      const before = readAll(files).groups;
      const [name] = files.list().sort();
      packSegment(files, name!);
      expect(readAll(files).groups).toEqual(before);
      const packed = `${name}.zst`;
      files.flipBit(packed, pickBit % (files.read(packed).length * 8));
      const { groups, scan } = readAll(files);
      if (scan.damage === undefined) expect(groups).toEqual(before);
      else expect(scan.damage.name).toBe(packed);
    }),
    { numRuns: 50 },
  );
});

test('a missing segment, an empty one and one that is cut short stop the start', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(), fc.constantFrom('missing', 'empty', 'short'), (seed, pick, how) => {
      const files = writeJournal(seed);
      const names = files.list().sort().slice(0, -1);
      // The oldest may have been removed by right.
      const name = names[how === 'missing' ? 1 + (pick % (names.length - 1)) : pick % names.length]!;
      if (how === 'missing') files.remove(name);
      else files.put(name, files.read(name).slice(0, how === 'empty' ? 0 : BLOCK_BYTES + 16));
      const { scan } = readAll(files);
      if (how === 'empty' && name === names[0]) expect(scan.segments[0]!.header.segment).toBe(2);
      else
        expect(() => refuseDamage(files, scan)).toThrow(expect.objectContaining({ code: 'DARKAGES_JOURNAL_DAMAGED' }));
    }),
    { numRuns: 60 },
  );
});

test('the sentence names file and place, and says what to do', () => {
  const files = writeJournal(1);
  files.flipBit('00000001.journal', (BLOCK_BYTES + 40) * 8);
  expect(() => refuseDamage(files, scanJournal(files))).toThrow(
    /^The journal journal\/00000001\.journal is damaged: .* \(at byte 4096\): .*npm run journal -- repair journal\.$/,
  );
});

test('a segment under another name, or in the place of another, stops the start', () => {
  const files = writeJournal(2);
  files.rename('00000002.journal', '00000099.journal');
  expect(scanJournal(files).damage).toBeDefined();
  const swapped = writeJournal(2);
  const other = writeJournal(3);
  swapped.put('00000002.journal', other.read('00000002.journal'));
  expect(scanJournal(swapped).damage).toBeDefined();
});

test('a torn tail is named, cut off and gone', () => {
  const files = writeJournal(4);
  const last = files.list().sort().at(-1)!;
  const { end } = scanJournal(files).segments.at(-1)!;
  const torn = new Uint8Array(end + 700);
  torn.set(files.read(last).subarray(0, end));
  torn.fill(3, end);
  files.put(last, torn);
  const scan = scanJournal(files);
  expect(scan).toMatchObject({ torn: { name: last, offset: end, bytes: 700 }, damage: undefined });
  mendTail(files, scan);
  expect(files.read(last).length).toBe(end);
  expect(scanJournal(files)).toMatchObject({ torn: undefined, damage: undefined, next: scan.next });
});

test('what a player wrote into a torn group can’t look like a group that follows', () => {
  // Groups of another journal, block for block: whole, but with another salt.
  const files = writeJournal(5);
  const other = writeJournal(6);
  const last = files.list().sort().at(-1)!;
  const { end } = scanJournal(files).segments.at(-1)!;
  const foreign = other.read('00000001.journal').slice(BLOCK_BYTES);
  const torn = new Uint8Array(end + BLOCK_BYTES + foreign.length);
  torn.set(files.read(last).subarray(0, end));
  torn.fill(3, end, end + BLOCK_BYTES);
  torn.set(foreign, end + BLOCK_BYTES);
  files.put(last, torn);
  expect(scanJournal(files)).toMatchObject({ torn: { name: last, offset: end }, damage: undefined });
});

test('a newer format is refused, packed or not', () => {
  for (const isPacked of [false, true]) {
    const files = createFaultyFiles(createRandom(1));
    const header = { version: 2, salt: 1, segment: 1, first: 1, previous: 0, wallMs: 0, nodeId: 'n' };
    const bytes = encodeSegmentHeader(header, files.crc32);
    files.put(segmentName(1) + (isPacked ? '.zst' : ''), isPacked ? zstdCompressSync(bytes) : bytes);
    expect(() => scanJournal(files)).toThrow(expect.objectContaining({ code: 'DARKAGES_JOURNAL_NEWER' }));
    // Rather than the damage of one before it.
    files.put(segmentName(0), new Uint8Array(2 * BLOCK_BYTES).fill(1));
    expect(() => scanJournal(files)).toThrow(expect.objectContaining({ code: 'DARKAGES_JOURNAL_NEWER' }));
  }
});

test('an empty folder is an empty journal', () => {
  const files = createFaultyFiles(createRandom(1));
  expect(scanJournal(files)).toMatchObject({ segments: [], next: { segment: 1, sequence: 1, previous: 0 } });
});
