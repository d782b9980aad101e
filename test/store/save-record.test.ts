import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer } from '../../src/base/bytes.ts';
import { readSaveRecord, SAVE_HEAD_BYTES, writeSaveRecord } from '../../src/store/save-record.ts';

const COLUMNS = ['positionX', 'positionY', 'health'];
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

test('a record comes back as it was written, and any other length is refused', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 52 - 1 }),
      fc.nat(),
      fc.nat(),
      fc.boolean(),
      fc.tuple(i32, i32, i32),
      (playerId, epoch, tick, final, values) => {
        const writer = new Writer(new Uint8Array(64));
        writeSaveRecord(writer, playerId, epoch, tick, final, values);
        const bytes = writer.copy();
        expect(bytes.length).toBe(SAVE_HEAD_BYTES + 4 * COLUMNS.length);
        const [positionX, positionY, health] = values;
        const version = 2 * tick + Number(final);
        const expected = { playerId, epoch, version, final, columns: { positionX, positionY, health } };
        expect(readSaveRecord(new Reader(bytes), COLUMNS)).toEqual(expected);
        for (let length = 0; length < bytes.length; length++) {
          expect(readSaveRecord(new Reader(bytes.slice(0, length)), COLUMNS)).toBeUndefined();
        }
        expect(readSaveRecord(new Reader(bytes), COLUMNS.slice(1))).toBeUndefined();
      },
    ),
  );
});

test('player 0 is nobody', () => {
  const writer = new Writer(new Uint8Array(64));
  writeSaveRecord(writer, 0, 1, 1, false, [1]);
  expect(readSaveRecord(new Reader(writer.copy()), ['health'])).toBeUndefined();
});
