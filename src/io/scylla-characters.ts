// Characters in ScyllaDB: the judge of who owns one. Store thread. Epoch and version are changed by conditional writes
// (lightweight transactions) alone, so of two that want to at once one does.
//
// Every statement may be sent twice: a save that comes again finds its own version; a taking that comes again finds another
// epoch than it began with, and the caller takes it anew.
//
// A row is never removed. Of a deleted character it keeps the epoch and the head of the ledger, with nobody as its owner: if
// both began anew, saves and commits of before would count again, and new entries take the numbers of those there are.

import type { FencedRecord, SaveResult } from '../store/store.ts';
import { type Row, readBigint, type ScyllaClient, type Statement, toBigint } from './scylla-client.ts';
import { readStoredHead } from './scylla-ledger.ts';

/** What is there of a character, as ScyllaDB has it. */
export interface DurableCharacter {
  readonly owner: string;
  readonly epoch: number;
  readonly version: number;
  /** JSON; undefined for one that was never saved. */
  readonly columns: string | undefined;
  /** False for one of before there were ledgers. */
  readonly hasLedger: boolean;
  /** Nothing of it is left, and nobody has taken it since. */
  readonly isDeleted: boolean;
}

export interface DurableCharacters {
  read(playerId: number, game: string): Promise<DurableCharacter | undefined>;
  /** Makes the owner that of the next epoch, with these columns; false when `before` is not what is there. */
  take(
    playerId: number,
    game: string,
    owner: string,
    before: DurableCharacter | undefined,
    columns: string | undefined,
  ): Promise<boolean>;
  save(record: FencedRecord, columns: string): Promise<SaveResult>;
  /** In all games, by their names in order, deleted ones too. */
  list(playerId: number): Promise<readonly (DurableCharacter & { readonly game: string })[]>;
  /** Leaves the next epoch to nobody, and of the ledger what is not the player's own; false when `before` is not what is there. */
  delete(playerId: number, game: string, before: DurableCharacter): Promise<boolean>;
}

const READ: Statement = {
  query: 'SELECT owner, epoch, version, columns, ledger_version FROM characters WHERE player_id = ? AND game = ?',
  isIdempotent: true,
  isSerial: true,
};
const TAKE_FIRST: Statement = {
  query: `INSERT INTO characters (player_id, game, owner, epoch, version, columns, ledger_version)
          VALUES (?, ?, ?, 1, 0, null, 0) IF NOT EXISTS`,
  isIdempotent: true,
};
const TAKE: Statement = {
  query: `UPDATE characters SET owner = ?, epoch = ?, version = 0, columns = ?
          WHERE player_id = ? AND game = ? IF epoch = ? AND version = ?`,
  isIdempotent: true,
};
/** So that no condition ever has to ask for what isn't there. */
const TAKE_WITHOUT_LEDGER: Statement = {
  query: TAKE.query.replace('SET owner', 'SET ledger_version = 0, owner'),
  isIdempotent: true,
};
const SAVE: Statement = {
  query: `UPDATE characters SET version = ?, columns = ?
          WHERE player_id = ? AND game = ? IF epoch = ? AND version < ? AND owner != ''`,
  isIdempotent: true,
};

const LIST: Statement = {
  query: 'SELECT game, owner, epoch, version, columns, ledger_version FROM characters WHERE player_id = ?',
  isIdempotent: true,
  isSerial: true,
};
const READ_HEAD: Statement = {
  query: 'SELECT ledger_version, ledger FROM characters WHERE player_id = ? AND game = ?',
  isIdempotent: true,
  isSerial: true,
};
/** The ledger's version is advanced too: an answer that is under way has that alone for its condition. */
const DELETE: Statement = {
  query: `UPDATE characters SET owner = '', epoch = ?, version = 0, columns = null, ledger_version = ?, ledger = ?
          WHERE player_id = ? AND game = ? IF epoch = ? AND ledger_version = ?`,
  isIdempotent: true,
};
const DELETE_WITHOUT_LEDGER: Statement = {
  query: DELETE.query.replace(' AND ledger_version = ?', ''),
  isIdempotent: true,
};

export function createDurableCharacters(scylla: ScyllaClient): DurableCharacters {
  return {
    async read(playerId, game) {
      const [row] = await scylla.read(READ, [toBigint(playerId), game]);
      return row === undefined ? undefined : readCharacter(row);
    },
    async take(playerId, game, owner, before, columns) {
      const id = toBigint(playerId);
      if (before === undefined) return (await scylla.writeIf(TAKE_FIRST, [id, game, owner])) === undefined;
      const { epoch, version, hasLedger } = before;
      const values = [owner, toBigint(epoch + 1), columns ?? null, id, game, toBigint(epoch), toBigint(version)];
      return (await scylla.writeIf(hasLedger ? TAKE : TAKE_WITHOUT_LEDGER, values)) === undefined;
    },
    async list(playerId) {
      const rows = await scylla.read(LIST, [toBigint(playerId)]);
      return rows.map((row) => ({ game: String(row.game), ...readCharacter(row) }));
    },
    async delete(playerId, game, { epoch, hasLedger }) {
      const key = [toBigint(playerId), game];
      const [row] = await scylla.read(READ_HEAD, key);
      if (row === undefined) return false;
      // What it was answered is the player's own; its newest entries may be nowhere else yet.
      const ledger = JSON.stringify({ ...readStoredHead(row), answers: [] });
      const version = hasLedger ? readBigint(row.ledger_version) : 0;
      const values = [toBigint(epoch + 1), toBigint(version + 1), ledger, ...key, toBigint(epoch)];
      if (!hasLedger) return (await scylla.writeIf(DELETE_WITHOUT_LEDGER, values)) === undefined;
      return (await scylla.writeIf(DELETE, [...values, toBigint(version)])) === undefined;
    },
    async save({ playerId, game, epoch, version }, columns) {
      const values = [toBigint(version), columns, toBigint(playerId), game, toBigint(epoch), toBigint(version)];
      const there = await scylla.writeIf(SAVE, values);
      if (there === undefined) return 'saved';
      const isOwned = there.epoch !== undefined && there.owner !== '';
      return isOwned && readBigint(there.epoch) === epoch ? 'saved' : 'fenced';
    },
  };
}

function readCharacter(row: Row): DurableCharacter {
  return {
    owner: String(row.owner),
    epoch: readBigint(row.epoch),
    version: readBigint(row.version),
    columns: row.columns === null ? undefined : String(row.columns),
    hasLedger: row.ledger_version !== null,
    isDeleted: row.owner === '',
  };
}
