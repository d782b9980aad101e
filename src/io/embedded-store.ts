// The store in a file of its own folder: node:sqlite in WAL mode with synchronous=FULL, so that what was answered
// survives a power cut. Store thread (each call blocks it, never another one). Owns the folder: a lock file held for
// the process's life (io/data-folder) keeps a second process out. Does not retry and does not batch; that is
// write-behind's.
//
//   <folder>/lock.db        empty, locked exclusively while the folder is in use
//   <folder>/darkages.db    the data; PRAGMA user_version is the schema version

import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ServerError } from '../base/errors.ts';
import { nameShape } from '../base/names.ts';
import { type AccountRecord, type CharacterColumns, nameKey, type StoredCharacter } from '../store/records.ts';
import type { AccountStore, CharacterStore, FencedRecord, SaveResult, Store } from '../store/store.ts';
import { type FolderLock, lockFolder } from './data-folder.ts';
import { createEmbeddedDirectory } from './embedded-directory.ts';
import {
  createEmbeddedLedger,
  type EmbeddedLedger,
  LEDGER_MIGRATION,
  LEDGER_PAGES_MIGRATION,
} from './embedded-ledger.ts';
import { guarded, storeError } from './store-errors.ts';
import { wallClockS } from './system.ts';

/** Migrations in order; the n-th takes a database from version n to n + 1. Only ever added to. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE accounts (
     player_id INTEGER PRIMARY KEY,
     name TEXT NOT NULL,
     name_key TEXT NOT NULL UNIQUE,
     guest_secret_hash TEXT UNIQUE,
     password_hash TEXT,
     created_at_ms INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE characters (
     player_id INTEGER NOT NULL,
     game TEXT NOT NULL,
     columns TEXT NOT NULL,
     PRIMARY KEY (player_id, game)
   ) STRICT, WITHOUT ROWID;`,
  // `nameShape` of the names there are, in SQL. Not unique: who had a twin before keeps the name.
  `ALTER TABLE accounts ADD COLUMN name_shape TEXT NOT NULL DEFAULT '';
   UPDATE accounts SET name_shape = replace(replace(replace(lower(name), '_', ''), '.', ''), '-', '');
   UPDATE accounts SET name_shape = replace(replace(replace(name_shape, 'i', 'l'), '1', 'l'), '0', 'o');
   UPDATE accounts SET name_shape = replace(replace(name_shape, 'rn', 'm'), 'vv', 'w');
   CREATE INDEX accounts_by_name_shape ON accounts (name_shape);`,
  // Characters get an owner. Those of before have none: epoch 0, which nobody can save with.
  `CREATE TABLE owned_characters (
     player_id INTEGER NOT NULL,
     game TEXT NOT NULL,
     owner TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     version INTEGER NOT NULL,
     columns TEXT,
     PRIMARY KEY (player_id, game)
   ) STRICT, WITHOUT ROWID;
   INSERT INTO owned_characters SELECT player_id, game, '', 0, 0, columns FROM characters;
   DROP TABLE characters;
   ALTER TABLE owned_characters RENAME TO characters;
   CREATE TABLE leases (
     name TEXT PRIMARY KEY,
     holder TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     until_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  LEDGER_MIGRATION,
  // Of deleted accounts the number, so that nobody gets it again; and for a while how the name looked.
  `CREATE TABLE deleted_players (
     player_id INTEGER PRIMARY KEY,
     name_shape TEXT,
     name_kept_until_ms INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX deleted_players_by_name_shape ON deleted_players (name_shape) WHERE name_shape IS NOT NULL;`,
  LEDGER_PAGES_MIGRATION,
];

export const SCHEMA_VERSION = MIGRATIONS.length;
/** Each rewrites what an older version has left: hundreds of millions of entries. */
const MIGRATION_MS_MAX = 60 * 60_000;

/** Pages of accounts in play. */
const CACHE_KIB = 32_000;
/** From so many on the thread takes the time to copy them into the file, since nobody has done so beside it. */
const LOG_PAGES = 8_000;
/** Commits after which that is to be done. */
const CHECKPOINT_COMMITS = 4_096;
/** While what was deleted is in the log still. */
const OWED_COMMITS = 64;

export interface StoreHelp {
  /** Copies what is in the database's log into the file, on another thread. */
  checkpoint(file: string): Promise<void>;
  /** The log grows meanwhile. */
  onCheckpointFailed(error: unknown): void;
  /** What comes next may take so long. */
  onWorking(withinMs: number): void;
}

/** Opens, creates or upgrades the store in `folder`. Throws ServerError DARKAGES_STORE_… with a sentence. */
export function openEmbeddedStore(folder: string, help?: StoreHelp): Store {
  const lock = lockFolder(folder);
  let database: DatabaseSync | undefined;
  try {
    const file = join(folder, 'darkages.db');
    database = new DatabaseSync(file);
    // What is moved or deleted is zeroed where it was: copies in free space nobody would find to delete.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
      PRAGMA secure_delete = ON; PRAGMA cache_size = -${CACHE_KIB};
      PRAGMA wal_autocheckpoint = ${help === undefined ? 1000 : LOG_PAGES};`);
    migrate(database, folder, help);
    return createStore(database, lock, createCheckpoints(database, file, help));
  } catch (error) {
    if (database?.isOpen) database.close();
    lock.close();
    if (error instanceof ServerError) throw error;
    throw storeError(`the database in the data folder ${folder} can't be opened`, error);
  }
}

function migrate(database: DatabaseSync, folder: string, help?: StoreHelp): void {
  const row = database.prepare('PRAGMA user_version').get();
  const version = Number(row?.user_version);
  if (version > SCHEMA_VERSION) {
    throw new ServerError(
      'DARKAGES_STORE_SCHEMA_NEWER',
      `The data folder ${folder} was written by a newer DarkAges (schema ${version}, this one knows ${SCHEMA_VERSION}): start that version, or choose another folder with --data.`,
    );
  }
  for (let from = version; from < SCHEMA_VERSION; from++) {
    help?.onWorking(MIGRATION_MS_MAX);
    inTransaction(database, () => database.exec(`${MIGRATIONS[from]}; PRAGMA user_version = ${from + 1};`));
  }
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** What is committed in it is whole after a power cut, or isn't there; the next commit outside of it is synced with it. */
function unsynced<T>(database: DatabaseSync, work: () => T): T {
  database.exec('PRAGMA synchronous = NORMAL');
  try {
    return work();
  } finally {
    database.exec('PRAGMA synchronous = FULL');
  }
}

function createStore(database: DatabaseSync, lock: FolderLock, checkpoints: Checkpoints): Store {
  const nowMs = () => wallClockS() * 1000;
  const directory = createEmbeddedDirectory(database, nowMs);
  const ping = database.prepare('SELECT 1');
  let hasFailed = false;
  const { forgetAnswers, ...ledger } = createEmbeddedLedger(
    database,
    (work) => unsynced(database, () => inTransaction(database, work)),
    () => {
      database.exec('PRAGMA synchronous = FULL');
      if (hasFailed) copyLog(database);
      hasFailed = false;
    },
  );
  const accounts = createAccountStore(database, nowMs, forgetAnswers);
  const store: Store = {
    ...accounts,
    ...createCharacterStore(database),
    ...ledger,
    async applyCommits(commits) {
      checkpoints.count(commits.length);
      return ledger.applyCommits(commits);
    },
    ...directory,
    async deleteAccount(playerId, nameKeptMs) {
      await directory.clearPresence(playerId, Number.MAX_SAFE_INTEGER);
      const wasThere = await accounts.deleteAccount(playerId, nameKeptMs);
      await checkpoints.purge();
      return wasThere;
    },
    async ping() {
      guarded('it does not answer', () => ping.get());
    },
    async close() {
      await checkpoints.done();
      if (!database.isOpen) return;
      guarded('it could not be closed', () => {
        emptyLog(database);
        database.close();
        lock.close();
      });
    },
  };
  return noteFailures(store, () => {
    hasFailed = true;
  });
}

/**
 * After a sync that failed the system takes what it did not write for written: a later one says that all is well, with a hole in
 * the log. What is in memory still is whole, and goes into the file.
 */
function copyLog(database: DatabaseSync): void {
  if (!emptyLog(database)) throw new Error('the log could not be copied whole');
}

/** Copies the log into the file and cuts it off; false when somebody else reads what is in it. */
function emptyLog(database: DatabaseSync): boolean {
  return Number(database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy) === 0;
}

function noteFailures(store: Store, onFailure: () => void): Store {
  const noted = Object.entries(store).map(([name, method]: [string, (...given: never[]) => Promise<unknown>]) => [
    name,
    async (...given: never[]) => {
      try {
        return await method(...given);
      } catch (error) {
        onFailure();
        throw error;
      }
    },
  ]);
  return Object.fromEntries(noted) as Store;
}

/**
 * Copies the log into the file beside this thread, which goes on writing; what has come meanwhile, little, this thread copies
 * then: only a log of which all is copied is begun anew.
 */
function createCheckpoints(database: DatabaseSync, file: string, help?: StoreHelp) {
  let commits = 0;
  let copying: Promise<void> | undefined;
  /** What was deleted is in the log still: somebody read it, as an audit beside the server does. */
  let isPurgeOwed = false;
  const copy = async ({ checkpoint, onCheckpointFailed }: StoreHelp): Promise<void> => {
    try {
      await checkpoint(file);
      if (!database.isOpen) return;
      if (isPurgeOwed) isPurgeOwed = !emptyLog(database);
      else database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      onCheckpointFailed(error);
    }
  };
  const done = async (): Promise<void> => {
    while (copying !== undefined) await copying;
  };
  return {
    count(more: number): void {
      commits += more;
      if (help === undefined || copying !== undefined) return;
      if (commits < (isPurgeOwed ? OWED_COMMITS : CHECKPOINT_COMMITS)) return;
      commits = 0;
      copying = copy(help).finally(() => {
        copying = undefined;
      });
    },
    /** Takes what was deleted out of the log, now or with the checkpoints to come. */
    async purge(): Promise<void> {
      isPurgeOwed = true;
      await done();
      isPurgeOwed = !guarded('its log could not be emptied', () => emptyLog(database));
    },
    done,
  };
}

type Checkpoints = ReturnType<typeof createCheckpoints>;

function createAccountStore(
  database: DatabaseSync,
  nowMs: () => number,
  forgetAnswers: EmbeddedLedger['forgetAnswers'],
): AccountStore {
  const accountColumns = 'player_id, name, guest_secret_hash, password_hash, created_at_ms';
  const insertAccount = database.prepare(
    `INSERT INTO accounts (player_id, name, name_key, name_shape, guest_secret_hash, password_hash, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const findTwin = database.prepare(
    `SELECT 1 FROM accounts WHERE name_shape = ?1
     UNION ALL SELECT 1 FROM deleted_players WHERE name_shape = ?1 AND name_kept_until_ms > ?2 LIMIT 1`,
  );
  const findById = database.prepare(
    'SELECT 1 FROM accounts WHERE player_id = ?1 UNION ALL SELECT 1 FROM deleted_players WHERE player_id = ?1',
  );
  const findByName = database.prepare(`SELECT ${accountColumns} FROM accounts WHERE name_key = ?`);
  const findBySecret = database.prepare(`SELECT ${accountColumns} FROM accounts WHERE guest_secret_hash = ?`);
  const replacePasswordHash = database.prepare(
    'UPDATE accounts SET password_hash = ?1 WHERE player_id = ?2 AND password_hash IN (?1, ?3)',
  );
  const deleteUnusedGuests = database.prepare(
    `DELETE FROM accounts WHERE guest_secret_hash IS NOT NULL AND password_hash IS NULL AND created_at_ms < ?
     AND NOT EXISTS (SELECT 1 FROM characters WHERE characters.player_id = accounts.player_id)`,
  );

  return {
    async createAccount(account) {
      const { playerId, name } = account;
      const shape = nameShape(name);
      const hashes = [account.guestSecretHash ?? null, account.passwordHash ?? null];
      return guarded('an account could not be created', () => {
        // Nobody else writes: the store thread owns the folder, and nothing is awaited in between.
        if (findTwin.get(shape, Math.floor(nowMs())) !== undefined) return 'name_taken';
        if (findById.get(playerId) !== undefined) return 'player_id_taken';
        insertAccount.run(playerId, name, nameKey(name), shape, ...hashes, account.createdAtMs);
        return 'created';
      });
    },
    async findAccountByGuestSecret(guestSecretHash) {
      return guarded('an account could not be read', () => readAccount(findBySecret, guestSecretHash));
    },
    async findAccountByName(name) {
      return guarded('an account could not be read', () => readAccount(findByName, nameKey(name)));
    },
    async replacePasswordHash(playerId, before, after) {
      return guarded(
        'a password could not be changed',
        () => Number(replacePasswordHash.run(after, playerId, before).changes) > 0,
      );
    },
    async deleteAccount(playerId, nameKeptMs) {
      return guarded('an account could not be deleted', () =>
        deleteForGood(database, playerId, nowMs(), nameKeptMs, forgetAnswers),
      );
    },
    async deleteUnusedGuests(createdBeforeMs) {
      return guarded('unused guests could not be deleted', () =>
        Number(deleteUnusedGuests.run(createdBeforeMs).changes),
      );
    },
  };
}

/** Of a character that was not deleted: one of before there were owners has none. */
const IS_KEPT = "(owner <> '' OR columns IS NOT NULL)";

/** From the file too; it stays in the log. */
function deleteForGood(
  database: DatabaseSync,
  playerId: number,
  nowMs: number,
  nameKeptMs: number,
  forgetAnswers: EmbeddedLedger['forgetAnswers'],
): boolean {
  return inTransaction(database, () => {
    database
      .prepare('UPDATE deleted_players SET name_shape = NULL WHERE name_kept_until_ms <= ?')
      .run(Math.floor(nowMs));
    database
      .prepare(`INSERT INTO deleted_players SELECT player_id, name_shape, ? FROM accounts WHERE player_id = ?`)
      .run(Math.floor(nowMs + nameKeptMs), playerId);
    // Epochs don't begin again: what was promised before would count again.
    database
      .prepare(
        `UPDATE characters SET owner = '', epoch = epoch + 1, version = 0, columns = NULL
         WHERE player_id = ? AND ${IS_KEPT}`,
      )
      .run(playerId);
    forgetAnswers(playerId);
    return Number(database.prepare('DELETE FROM accounts WHERE player_id = ?').run(playerId).changes) > 0;
  });
}

function createCharacterStore(database: DatabaseSync): CharacterStore {
  // One statement reads the epoch and advances it.
  const take = database.prepare(
    `INSERT INTO characters (player_id, game, owner, epoch, version) VALUES (?, ?, ?, 1, 0)
     ON CONFLICT (player_id, game) DO UPDATE SET owner = excluded.owner, epoch = epoch + 1, version = 0
     RETURNING epoch, columns`,
  );
  const find = database.prepare("SELECT epoch FROM characters WHERE player_id = ? AND game = ? AND owner <> ''");
  const load = database.prepare('SELECT columns FROM characters WHERE player_id = ? AND game = ?');
  const list = database.prepare(
    `SELECT game, epoch, version, columns FROM characters WHERE player_id = ? AND ${IS_KEPT} ORDER BY game`,
  );
  const save = database.prepare(
    `UPDATE characters SET columns = ?, version = ?
     WHERE player_id = ? AND game = ? AND epoch = ? AND owner <> '' AND version < ?`,
  );
  const saveOne = ({ playerId, game, columns, epoch, version }: FencedRecord): SaveResult => {
    if (Number(save.run(JSON.stringify(columns), version, playerId, game, epoch, version).changes) > 0) return 'saved';
    return find.get(playerId, game)?.epoch === epoch ? 'saved' : 'fenced';
  };

  return {
    async takeCharacter(playerId, game, owner, isWanted = () => true) {
      if (!isWanted()) return undefined;
      return guarded('a character could not be taken', () => {
        const row = take.get(playerId, game, owner);
        return { epoch: Number(row?.epoch), columns: readColumns(row) };
      });
    },
    async loadCharacter(playerId, game) {
      return guarded('a character could not be read', () => readColumns(load.get(playerId, game)));
    },
    async listCharacters(playerId) {
      return guarded('characters could not be read', () => list.all(playerId).map(readCharacter));
    },
    async saveCharacters(characters) {
      return guarded('characters could not be saved', () => inTransaction(database, () => characters.map(saveOne)));
    },
  };
}

function readColumns(row: Record<string, unknown> | undefined): CharacterColumns | undefined {
  if (row === undefined || row.columns === null) return undefined;
  return JSON.parse(String(row.columns)) as CharacterColumns;
}

function readCharacter(row: Record<string, unknown>): StoredCharacter {
  return {
    game: String(row.game),
    epoch: Number(row.epoch),
    version: Number(row.version),
    columns: readColumns(row),
  };
}

function readAccount(statement: StatementSync, key: string): AccountRecord | undefined {
  const row = statement.get(key);
  if (row === undefined) return undefined;
  return {
    playerId: Number(row.player_id),
    name: String(row.name),
    createdAtMs: Number(row.created_at_ms),
    ...(row.guest_secret_hash !== null && { guestSecretHash: String(row.guest_secret_hash) }),
    ...(row.password_hash !== null && { passwordHash: String(row.password_hash) }),
  };
}
