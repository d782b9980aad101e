import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { packSegment, readKeyframe, writeKeyframe } from '../../src/io/journal-jobs.ts';
import type { StartRecord } from '../../src/store/journal/records.ts';
import {
  createFaultyFiles,
  DiskError,
  type FaultyFiles,
  type Operation,
  PowerCut,
} from '../store/journal/faulty-files.ts';

const PLACE = { zoneId: 3, zoneEpoch: 2, tick: 77 };
const START: StartRecord = {
  ...PLACE,
  kind: 'start',
  tick: 0,
  game: 'g',
  gameVersion: '1',
  assets: ['gold'],
  accounts: ['opening'],
};
const NAME = 'zone-3-2-77.keyframe';

function drawBytes(seed: number, count: number): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: count }, () => random.below(20));
}

test('a keyframe comes back, from shared memory too, and never with a bit changed', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(5000), fc.nat(), (seed, count, pick) => {
      const files = createFaultyFiles(createRandom(seed));
      const bytes = new Uint8Array(new SharedArrayBuffer(count));
      bytes.set(drawBytes(seed, count));
      const written = writeKeyframe(files, { ...PLACE, start: START, bytes });
      expect(files.list()).toEqual([NAME]);
      expect(written.name).toBe(NAME);
      const read = readKeyframe(files, NAME, PLACE);
      expect(read?.start).toEqual(START);
      expect(Buffer.compare(read!.bytes, bytes)).toBe(0);
      expect(readKeyframe(files, NAME, { ...PLACE, tick: 78 })).toBeUndefined();
      files.flipBit(NAME, pick % (files.read(NAME).length * 8));
      const flipped = readKeyframe(files, NAME, PLACE);
      if (flipped !== undefined) expect(Buffer.compare(flipped.bytes, bytes)).toBe(0);
      files.put(NAME, files.read(NAME).slice(0, pick % files.read(NAME).length));
      expect(readKeyframe(files, NAME, PLACE)).toBeUndefined();
    }),
  );
});

/** Lets so many operations through, then fails. */
function failAfter(files: FaultyFiles, count: number, failure: Error): void {
  let left = count;
  files.before = () => {
    if (--left < 0) throw failure;
  };
}

const OPERATIONS: Operation[] = ['create', 'write', 'sync', 'rename', 'syncFolder'];

test.each([
  ['the power goes', () => new PowerCut()],
  ['the disk fails', () => new DiskError('ENOSPC')],
] as const)('wherever %s, a keyframe is there whole or not at all', (_, makeFailure) => {
  for (let seed = 0; seed < 20; seed++) {
    for (let count = 0; count <= OPERATIONS.length; count++) {
      const context = `seed ${seed}, after ${count} operations`;
      const files = createFaultyFiles(createRandom(seed));
      const bytes = drawBytes(seed, 3000);
      failAfter(files, count, makeFailure());
      const write = () => writeKeyframe(files, { ...PLACE, start: START, bytes });
      if (count < OPERATIONS.length) expect(write, context).toThrow();
      else expect(write, context).not.toThrow();
      files.before = () => undefined;
      files.cutPower();
      if (count === OPERATIONS.length) expect(files.list(), context).toContain(NAME);
      if (files.list().includes(NAME)) expect(readKeyframe(files, NAME, PLACE)?.bytes, context).toEqual(bytes);
    }
  }
});

test('wherever the power goes, a segment that is packed is there in one form or the other', () => {
  for (let seed = 0; seed < 20; seed++) {
    for (let count = 0; count < 8; count++) {
      const context = `seed ${seed}, after ${count} operations`;
      const files = createFaultyFiles(createRandom(seed));
      const bytes = drawBytes(seed, 3000);
      files.put('00000001.journal', bytes);
      failAfter(files, count, new PowerCut());
      const isDone = count >= 7;
      const pack = () => packSegment(files, '00000001.journal');
      if (isDone) expect(pack, context).not.toThrow();
      else expect(pack, context).toThrow(PowerCut);
      files.before = () => undefined;
      files.cutPower();
      const names = files.list();
      const plain = names.includes('00000001.journal');
      expect(plain || names.includes('00000001.journal.zst'), context).toBe(true);
      if (isDone) expect(plain, context).toBe(false);
      const content = plain ? files.read('00000001.journal') : files.unpack(files.read('00000001.journal.zst'));
      expect(content, context).toEqual(bytes);
    }
  }
});

test('what is read again and isn’t the same is an error, and the plain file stays', () => {
  const files = createFaultyFiles(createRandom(1));
  files.put('00000001.journal', drawBytes(1, 3000));
  const lying = {
    ...files,
    read: (name: string) => (name.endsWith('.tmp') ? files.read(name).fill(0, 20) : files.read(name)),
  };
  expect(() => packSegment(lying, '00000001.journal')).toThrow('isn’t what was written');
  expect(files.list()).toContain('00000001.journal');
  expect(() => writeKeyframe(lying, { ...PLACE, start: START, bytes: drawBytes(2, 500) })).toThrow('isn’t what was');
  expect(files.list()).not.toContain(NAME);
});
