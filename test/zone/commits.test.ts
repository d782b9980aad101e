import { expect, test } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { OPENING_ACCOUNT } from '../../src/sim/game.ts';
import { createWorld, spawnEntity } from '../../src/sim/world.ts';
import { beginTickRecord, endTaken, readCommits, readTickHead } from '../../src/store/tick-record.ts';
import { beginCommand, canCommit, createCommits, endCommand, transferAsset } from '../../src/zone/commits.ts';
import { game as bank } from '../../tools/chaos/bank.ts';

function make() {
  const world = createWorld(bank.allColumns, 8);
  for (let slot = 0; slot < 3; slot++) {
    spawnEntity(world, 1);
    world.columns.playerLow[slot] = 100 + slot;
    world.columns.epoch[slot] = 4;
  }
  const commits = createCommits(bank, world);
  const read = () => {
    const writer = new Writer(new Uint8Array(1 << 18));
    beginTickRecord(writer, 9, 1, true, false);
    endTaken(writer);
    writer.raw(commits.writer.bytes, 0, commits.writer.offset);
    const bytes = writer.copy();
    return readCommits(bytes, readTickHead(bytes)!, {
      origin: 'n/1',
      zoneId: 1,
      game: 'bank',
      assets: bank.assets,
      accounts: bank.accounts,
    })!;
  };
  return { world, commits, read, gold: world.columns.gold! };
}

test('who has less gives nothing, who can hold no more takes nothing; what one gets another gives', () => {
  const { commits, gold, read } = make();
  expect(transferAsset(commits, 'gold', 5, 0, 1)).toBe(false);
  expect(transferAsset(commits, 'gold', 0x7fff_ffff, 'mint', 0)).toBe(true);
  expect(transferAsset(commits, 'gold', 1, 'mint', 0)).toBe(false);
  expect(transferAsset(commits, 'gold', 7, 0, 1)).toBe(true);
  expect([...gold.subarray(0, 3)]).toEqual([0x7fff_ffff - 7, 7, 0]);
  expect(read().map(({ id, request, transfers }) => [id, request, transfers.length])).toEqual([
    ['n/1/1/9/0', '', 1],
    ['n/1/1/9/1', '', 1],
  ]);
  expect(read()[1]!.transfers[0]).toEqual({
    asset: 'gold',
    amount: 7,
    from: { playerId: 100, epoch: 4, seq: 2, balance: 0x7fff_ffff - 7 },
    to: { playerId: 101, epoch: 4, seq: 1, balance: 7 },
  });
});

test('all of a command are one commit; a refused one is kept for its key', () => {
  const { commits, read } = make();
  beginCommand(commits);
  transferAsset(commits, 'gold', 3, 'mint', 0);
  transferAsset(commits, 'gems', 2, 'mint', 0);
  endCommand(commits, 100, 0xffff_ffff, 'mint', '');
  beginCommand(commits);
  endCommand(commits, 101, 8, 'swap', 'too_poor');
  expect(read()).toMatchObject([
    { playerId: 100, key: 0xffff_ffff, request: 'mint', refused: '', transfers: [{ amount: 3 }, { amount: 2 }] },
    { playerId: 101, key: 8, request: 'swap', refused: 'too_poor', transfers: [] },
  ]);
  beginCommand(commits);
  transferAsset(commits, 'gold', 1, 'mint', 2);
  expect(() => endCommand(commits, 102, 0, 'mint', 'no')).toThrow('transferred nothing');
});

test('what a character had before there were accounts is put into its own with the first transfer', () => {
  const { commits, gold, world, read } = make();
  gold[1] = 40;
  world.columns.gems![1] = 2;
  transferAsset(commits, 'gold', 10, 1, 0);
  const [commit] = read();
  expect(commit!.transfers.map(({ asset, amount, from }) => [asset, amount, from])).toEqual([
    ['gold', 40, { account: OPENING_ACCOUNT }],
    ['gems', 2, { account: OPENING_ACCOUNT }],
    ['gold', 10, { playerId: 101, epoch: 4, seq: 3, balance: 30 }],
  ]);
  expect([...gold.subarray(0, 2), world.columns.gems![1]]).toEqual([10, 30, 2]);
});

test('where nothing can be promised nothing is moved, and a tick promises no more than its record holds', () => {
  const { commits, gold } = make();
  commits.isOpen = false;
  expect(transferAsset(commits, 'gold', 1, 'mint', 0)).toBe(false);
  commits.isOpen = true;
  let moved = 0;
  while (transferAsset(commits, 'gold', 1, 'mint', 0)) moved++;
  expect(canCommit(commits)).toBe(false);
  expect(gold[0]).toBe(moved);
  expect(commits.writer.failed).toBe(false);
  for (const [asset, from, to] of [
    ['steps', 0, 1],
    ['gold', 0, 0],
    ['gold', 'nowhere', 0],
    ['gold', 'mint', 5],
  ] as const) {
    commits.writer.reset();
    expect(() => transferAsset(commits, asset, 1, from, to)).toThrow();
  }
});
