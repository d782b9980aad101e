import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { isPlayerSide } from '../../src/store/commit.ts';
import {
  beginCutRecord,
  beginTickRecord,
  type CommitSource,
  eachTaken,
  endTaken,
  putHash,
  readCommits,
  readTickHead,
  writeCommitHead,
  writeNamedSide,
  writePlayerSide,
  writeTaken,
  writeTransferHead,
} from '../../src/store/tick-record.ts';

const source: CommitSource = {
  origin: 'node/2',
  zoneId: 2,
  game: 'g',
  assets: ['gold', 'gem'],
  accounts: ['a', 'b'],
};

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const side = fc.oneof(
  fc.record({ playerId: fc.integer({ min: 1, max: 2 ** 53 - 1 }), epoch: u32, seq: u32, balance: u32 }),
  fc.constantFrom({ account: 'a' }, { account: 'b' }),
);
const commit = fc.record({
  playerId: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  key: u32,
  request: fc.constantFrom('', 'buy'),
  refused: fc.constantFrom('', 'no_room'),
  transfers: fc.array(fc.record({ asset: fc.constantFrom('gold', 'gem'), amount: u32, from: side, to: side }), {
    maxLength: 4,
  }),
});

test('what was written is read: what was taken, the hash, the commits; cut anywhere it is none, or is missing something', () => {
  const taken = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(
      u32,
      fc.boolean(),
      fc.boolean(),
      taken,
      fc.array(commit, { maxLength: 5 }),
      (tick, isOpen, hasHash, records, commits) => {
        const writer = new Writer(new Uint8Array(1 << 14));
        beginTickRecord(writer, tick, 7, isOpen, hasHash);
        for (const record of records) writeTaken(writer, record, 0, record.length);
        endTaken(writer);
        if (hasHash) putHash(writer, 0xdead_beef, 7);
        for (const { playerId, key, request, refused, transfers } of commits) {
          writeCommitHead(writer, playerId, key, request, refused, transfers.length);
          for (const { asset, amount, from, to } of transfers) {
            writeTransferHead(writer, source.assets.indexOf(asset), amount);
            for (const each of [from, to]) {
              if ('account' in each) writeNamedSide(writer, source.accounts.indexOf(each.account));
              else writePlayerSide(writer, each.playerId, each.epoch, each.seq, each.balance);
            }
          }
        }
        const bytes = writer.copy();
        const head = readTickHead(bytes)!;
        expect(head).toMatchObject({ tick, epoch: 7, isOpen, isCut: false });
        expect(head.hash).toEqual(hasHash ? { low: 0xdead_beef, high: 7 } : undefined);
        const found: Uint8Array[] = [];
        expect(eachTaken(bytes, head, (from, end) => void found.push(bytes.slice(from, end)))).toBe(true);
        expect(found).toEqual(records);
        const read = readCommits(bytes, head, source)!;
        expect(read).toEqual(
          commits.map((each, index) => ({ ...each, id: `node/2/7/${tick}/${index}`, game: 'g', zoneId: 2, tick })),
        );
        for (const { transfers } of read)
          for (const { from } of transfers) expect(isPlayerSide(from)).toBe('playerId' in from);
        for (let end = 0; end < bytes.length; end += 3) {
          const cut = bytes.slice(0, end);
          const cutHead = readTickHead(cut);
          const rest = cutHead && readCommits(cut, cutHead, source);
          if (rest !== undefined) expect(rest).toEqual(read.slice(0, rest.length));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a cut record says so; lengths that lead beyond the end are seen', () => {
  const writer = new Writer(new Uint8Array(64));
  beginCutRecord(writer, 5, 7);
  expect(readTickHead(writer.copy())).toMatchObject({ tick: 5, isCut: true, isOpen: true });
  beginTickRecord(writer, 5, 7, true, false);
  writer.u16(9);
  writer.u8(1);
  endTaken(writer);
  const bytes = writer.copy();
  expect(eachTaken(bytes, readTickHead(bytes)!, () => {})).toBe(false);
});
