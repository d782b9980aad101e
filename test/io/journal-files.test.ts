import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { openJournalFiles } from '../../src/io/journal-files.ts';
import { packSegment } from '../../src/io/journal-jobs.ts';
import { type JournalGroup, mendTail, scanJournal } from '../../src/store/journal/scan.ts';
import { drawRecords, openWriter } from '../store/journal/journal-lives.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('files are made once, written in place, cut, renamed and removed', () => {
  const files = openJournalFiles(join(folder, 'journal'));
  const file = files.create('a');
  file.writeAt(0, Uint8Array.of(9, 1, 2, 3, 9), 1, 4);
  file.writeAt(2, Uint8Array.of(7, 8), 0, 2);
  file.sync();
  expect([...files.read('a')]).toEqual([1, 2, 7, 8]);
  expect([...files.readStart('a', 2)]).toEqual([1, 2]);
  expect([...files.readStart('a', 20)]).toEqual([1, 2, 7, 8]);
  file.truncate(3);
  file.close();
  expect(() => files.create('a')).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  const again = files.open('a');
  again.writeAt(0, Uint8Array.of(5), 0, 1);
  again.close();
  files.makeFolder('below');
  files.rename('a', 'below/a');
  files.syncFolder('below');
  files.syncFolder();
  expect(files.list()).toEqual([]);
  expect([...readFileSync(join(folder, 'journal', 'below', 'a'))]).toEqual([5, 2, 7]);
  files.remove('below/a');
  expect(() => files.read('below/a')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

test('a journal on a real disk: written, torn, mended, packed, gone on with', () => {
  const files = openJournalFiles(folder);
  const random = createRandom(8);
  const written: unknown[] = [];
  for (let life = 1; life <= 5; life++) {
    const scan = scanJournal(files);
    mendTail(files, scan);
    const writer = openWriter(files, scan, random);
    for (let group = 0; group < 10; group++) {
      const records = drawRecords(random);
      writer.append(records);
      written.push(records.map((record) => structuredClone(record)));
    }
    writer.close();
    const groups: JournalGroup[] = [];
    const { segments } = scanJournal(files, { onGroup: (group) => void groups.push(group) });
    const read = groups.map(({ records }) => records.filter(({ kind }) => kind !== 'start').map(withOwnPayload));
    expect(read).toEqual(written);
    packSegment(files, segments.find(({ name }) => name.endsWith('.journal'))!.name);
    // As a crash in the middle of a write leaves it.
    const { name, end } = segments.at(-1)!;
    if (files.list().includes(name)) writeFileSync(join(folder, name), withTail(files.read(name), end));
  }
});

function withOwnPayload(record: JournalGroup['records'][number]) {
  return 'payload' in record ? { ...record, payload: new Uint8Array(record.payload) } : record;
}

function withTail(bytes: Uint8Array, end: number): Uint8Array {
  const torn = new Uint8Array(end + 1000).fill(0x55);
  torn.set(bytes.subarray(0, end));
  return torn;
}
