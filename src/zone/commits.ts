// What a zone promises in a tick: transfers of assets, and the commands they belong to, written as they happen in the form
// the journal keeps (store/tick-record.ts). Zone thread. Assets are columns of the world; this is the only file that
// changes them, so whatever a game's rules do, nothing is made of nothing: what one account gets another one gives.

import { assert } from '../base/assert.ts';
import { Writer } from '../base/bytes.ts';
import { COMMITS_BYTES_PER_TICK } from '../base/limits.ts';
import { type AnyGame, OPENING_ACCOUNT } from '../sim/game.ts';
import { playerIdOf, type World } from '../sim/world.ts';
import { writeCommitHead, writeNamedSide, writePlayerSide, writeTransferHead } from '../store/tick-record.ts';

/** Bytes kept for one more commit: its head and as many transfers as a trade has. */
const COMMIT_BYTES_MAX = 4096;
const BALANCE_MAX = 0x7fff_ffff;

export interface Commits {
  readonly world: World;
  readonly assets: ReadonlyMap<string, { readonly place: number; readonly column: Int32Array }>;
  readonly accounts: ReadonlyMap<string, number>;
  /** The commits of this tick. */
  readonly writer: Writer;
  /** Transfers of the commit that is open. */
  readonly transfers: Writer;
  transferCount: number;
  isCommandOpen: boolean;
  /** Commits of this tick, and those ever made. */
  count: number;
  /** Whether promises can be kept in this tick. */
  isOpen: boolean;
}

export function createCommits(game: AnyGame, world: World): Commits {
  return {
    world,
    assets: new Map(game.assets.map((name, place) => [name, { place, column: world.columns[name]! }])),
    accounts: new Map(game.accounts.map((name, place) => [name, place])),
    writer: new Writer(new Uint8Array(COMMITS_BYTES_PER_TICK)),
    transfers: new Writer(new Uint8Array(COMMIT_BYTES_MAX)),
    transferCount: 0,
    isCommandOpen: false,
    count: 0,
    isOpen: true,
  };
}

/** The tick is done, and what it promised is handed over; or rules threw in it, in the midst of a command, and nobody goes on with it. */
export function resetCommits(commits: Commits): void {
  commits.writer.reset();
  commits.transfers.reset();
  commits.transferCount = 0;
  commits.isCommandOpen = false;
  commits.count = 0;
}

/** Whether one more command may be begun. */
export function canCommit({ isOpen, writer }: Commits): boolean {
  return isOpen && writer.end - writer.offset >= COMMIT_BYTES_MAX;
}

/** From now on transfers belong to one command, until `endCommand`. */
export function beginCommand(commits: Commits): void {
  assert(!commits.isCommandOpen, 'one command at a time');
  commits.isCommandOpen = true;
}

export function endCommand(commits: Commits, playerId: number, key: number, request: string, refused: string): void {
  assert(refused === '' || commits.transferCount === 0, `${request}: what a game refuses has transferred nothing`);
  commits.isCommandOpen = false;
  writeCommit(commits, playerId, key, request, refused);
}

function writeCommit(commits: Commits, playerId: number, key: number, request: string, refused: string): void {
  const { writer, transfers } = commits;
  writeCommitHead(writer, playerId, key, request, refused, commits.transferCount);
  writer.raw(transfers.bytes, 0, transfers.offset);
  assert(!writer.failed && !transfers.failed, 'a commit fits the room that was kept for it');
  transfers.reset();
  commits.transferCount = 0;
  commits.count++;
}

/** See `Simulation.transfer`. */
export function transferAsset(
  commits: Commits,
  asset: string,
  amount: number,
  from: number | string,
  to: number | string,
): boolean {
  const known = commits.assets.get(asset);
  assert(known !== undefined, `a game transfers its assets alone, and ${asset} is none`);
  assert(Number.isInteger(amount) && amount > 0 && from !== to, 'something is transferred, from one to another');
  if (!commits.isCommandOpen && !canCommit(commits)) return false;
  const { column, place } = known;
  if (typeof from === 'number' && column[from]! < amount) return false;
  if (typeof to === 'number' && column[to]! + amount > BALANCE_MAX) return false;
  openAccount(commits, from);
  openAccount(commits, to);
  writeTransferHead(commits.transfers, place, amount);
  moveSide(commits, column, from, -amount);
  moveSide(commits, column, to, amount);
  commits.transferCount++;
  if (!commits.isCommandOpen) writeCommit(commits, 0, 0, '', '');
  return true;
}

function moveSide(
  { world, accounts, transfers }: Commits,
  column: Int32Array,
  side: number | string,
  by: number,
): void {
  if (typeof side === 'string') {
    const account = accounts.get(side);
    assert(account !== undefined, `a game names its accounts, and ${side} is none`);
    writeNamedSide(transfers, account);
    return;
  }
  const playerId = playerIdOf(world, side);
  assert(playerId !== 0, 'assets belong to players and to accounts');
  const { epoch, ledgerSeq } = world.columns;
  column[side]! += by;
  ledgerSeq[side]!++;
  writePlayerSide(transfers, playerId, epoch[side]!, ledgerSeq[side]!, column[side]!);
}

/** What a character had before there were accounts is put into its own with the first transfer. */
function openAccount(commits: Commits, side: number | string): void {
  if (typeof side === 'string' || commits.world.columns.ledgerSeq[side] !== 0) return;
  for (const { column, place } of commits.assets.values()) {
    const amount = column[side]!;
    if (amount === 0) continue;
    column[side] = 0;
    writeTransferHead(commits.transfers, place, amount);
    moveSide(commits, column, OPENING_ACCOUNT, -amount);
    moveSide(commits, column, side, amount);
    commits.transferCount++;
  }
}
