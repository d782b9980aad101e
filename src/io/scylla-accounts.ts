// Accounts in ScyllaDB. Store thread. An account is in several tables, and there once its row in `accounts` is: that is
// written last and deleted first. What a process left behind that died in between is found by nobody, and its name is free
// again after a while. Of an account that its owner deleted the row stays, with the number alone: nobody gets that again.
//
// Every statement may be sent twice: a conditional one that comes again finds the claim it has made itself.

import { randomUUID } from 'node:crypto';
import { nameShape } from '../base/names.ts';
import { type AccountRecord, nameKey } from '../store/records.ts';
import type { AccountStore, CreateResult } from '../store/store.ts';
import { type Row, readBigint, type ScyllaClient, type Statement, toBigint } from './scylla-client.ts';
import { storeError } from './store-errors.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** So long a name may be claimed without an account: no creation takes longer. */
const CLAIM_MS_MAX = 60_000;
const CLAIM_TRIES = 8;
/** All days are in one partition: there are few of them. */
const DAYS = 0;

const idempotent = (query: string): Statement => ({ query, isIdempotent: true });
const COLUMNS = 'player_id, name, name_key, guest_secret_hash, password_hash, created_at_ms, claim';
const FIND = idempotent(`SELECT ${COLUMNS} FROM accounts WHERE player_id = ?`);
const CREATE = idempotent(
  `INSERT INTO accounts (player_id, name, name_key, name_shape, guest_secret_hash, password_hash, created_at_ms, claim)
   VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS`,
);
/** Of the rows that are left of deleted accounts. A guest's has the hash of its secret until there is none elsewhere. */
const DELETED = 'deleted';
const EMPTY = idempotent(
  `UPDATE accounts SET name = null, name_key = null, name_shape = null, password_hash = null, created_at_ms = null,
   claim = '${DELETED}' WHERE player_id = ? IF claim = ?`,
);
const EMPTY_SECRET = idempotent(
  `UPDATE accounts SET guest_secret_hash = null WHERE player_id = ? IF claim = '${DELETED}'`,
);
/** The condition holds for whoever sends it first; who comes after finds its own hash, or another one. */
const REPLACE_PASSWORD = idempotent('UPDATE accounts SET password_hash = ? WHERE player_id = ? IF password_hash = ?');
const DELETE = idempotent('DELETE FROM accounts WHERE player_id = ? IF EXISTS');
const FIND_NAME = idempotent('SELECT player_id FROM account_names WHERE name_shape = ?');
const CLAIM_NAME = idempotent(
  'INSERT INTO account_names (name_shape, player_id, claim, claimed_at_ms) VALUES (?, ?, ?, ?) IF NOT EXISTS',
);
const TAKE_NAME = idempotent(
  'UPDATE account_names SET player_id = ?, claim = ?, claimed_at_ms = ? WHERE name_shape = ? IF claim = ?',
);
/** A claim that is no live account's is free CLAIM_MS_MAX after its time: one in the future keeps the name. */
const KEEP_NAME = idempotent('UPDATE account_names SET claimed_at_ms = ? WHERE name_shape = ? IF claim = ?');
const FREE_NAME = idempotent('DELETE FROM account_names WHERE name_shape = ? IF claim = ?');
const FIND_SECRET = idempotent('SELECT player_id FROM guest_secrets WHERE guest_secret_hash = ?');
const ADD_SECRET = idempotent('INSERT INTO guest_secrets (guest_secret_hash, player_id) VALUES (?, ?)');
const DELETE_SECRET = idempotent('DELETE FROM guest_secrets WHERE guest_secret_hash = ?');
const ADD_GUEST = idempotent('INSERT INTO guests_by_day (day, created_at_ms, player_id) VALUES (?, ?, ?)');
const DELETE_GUEST = idempotent('DELETE FROM guests_by_day WHERE day = ? AND created_at_ms = ? AND player_id = ?');
/** A page of them, the oldest. */
const GUESTS = idempotent(
  'SELECT created_at_ms, player_id FROM guests_by_day WHERE day = ? AND created_at_ms >= ? AND created_at_ms < ?',
);
const ADD_DAY = idempotent('INSERT INTO guest_days (bucket, day) VALUES (?, ?)');
const DELETE_DAY = idempotent('DELETE FROM guest_days WHERE bucket = ? AND day = ?');
const DAYS_UNTIL = idempotent('SELECT day FROM guest_days WHERE bucket = ? AND day <= ?');
/** A character that was taken and not saved yet counts. */
const ANY_CHARACTER: Statement = {
  query: 'SELECT game FROM characters WHERE player_id = ? LIMIT 1',
  isIdempotent: true,
  isSerial: true,
};

/** @param nowMs milliseconds since 1970 */
export function createScyllaAccounts(scylla: ScyllaClient, nowMs: () => number): AccountStore {
  const findAny = async (playerId: number): Promise<Row | undefined> =>
    (await scylla.read(FIND, [toBigint(playerId)]))[0];
  const findRow = async (playerId: number): Promise<Row | undefined> => {
    const row = await findAny(playerId);
    return row?.claim === DELETED ? undefined : row;
  };
  /** The row last: by its hash whoever comes by it can do it again. */
  const forgetSecret = async (playerId: number, { guest_secret_hash: hash }: Row): Promise<void> => {
    if (hash === null) return;
    await scylla.write(DELETE_SECRET, [hash]);
    await scylla.writeIf(EMPTY_SECRET, [toBigint(playerId)]);
  };
  const unused = createUnusedGuests(scylla, findAny, forgetSecret);
  /** For who is about to play. */
  const lookUp = async (playerId: number): Promise<Row | undefined> => {
    await unused.spare(playerId);
    return findRow(playerId);
  };

  /** False when somebody else has it. */
  const claimName = async (shape: string, playerId: number, claim: string): Promise<boolean> => {
    for (let attempt = 0; attempt < CLAIM_TRIES; attempt++) {
      const values = [toBigint(playerId), claim, toBigint(Math.floor(nowMs()))];
      const taken = await scylla.writeIf(CLAIM_NAME, [shape, ...values]);
      if (taken === undefined || taken.claim === claim) return true;
      const owner = await findRow(readBigint(taken.player_id));
      if (owner?.claim === taken.claim) return false;
      if (nowMs() - readBigint(taken.claimed_at_ms) < CLAIM_MS_MAX) return false;
      const retaken = await scylla.writeIf(TAKE_NAME, [...values, shape, taken.claim]);
      if (retaken === undefined || retaken.claim === claim) return true;
    }
    throw storeError('a name could not be claimed', new Error('many want it at once'));
  };

  const create = async (account: AccountRecord, claim: string): Promise<CreateResult> => {
    const { playerId, name, guestSecretHash, passwordHash, createdAtMs } = account;
    const shape = nameShape(name);
    if (!(await claimName(shape, playerId, claim))) return 'name_taken';
    const id = toBigint(playerId);
    // A playerId that is taken is told before anything of the guest's is written, since its secret leads to one account.
    if ((await findAny(playerId)) !== undefined) {
      await scylla.writeIf(FREE_NAME, [shape, claim]);
      return 'player_id_taken';
    }
    if (guestSecretHash !== undefined) {
      const day = Math.floor(createdAtMs / DAY_MS);
      await scylla.writeAll([
        [ADD_SECRET, [guestSecretHash, id]],
        [ADD_GUEST, [day, toBigint(createdAtMs), id]],
        [ADD_DAY, [DAYS, day]],
      ]);
    }
    const hashes = [guestSecretHash ?? null, passwordHash ?? null];
    const values = [id, name, nameKey(name), shape, ...hashes, toBigint(createdAtMs), claim];
    const taken = await scylla.writeIf(CREATE, values);
    if (taken === undefined || taken.claim === claim) return 'created';
    await scylla.writeIf(FREE_NAME, [shape, claim]);
    return 'player_id_taken';
  };

  /** Until the row is emptied its owner can do it again; from then on what leads to guests of that day does the rest. */
  const deleteForGood = async (playerId: number, nameKeptMs: number): Promise<boolean> => {
    const row = await findAny(playerId);
    if (row === undefined) return false;
    if (row.claim === DELETED) {
      await forgetSecret(playerId, row);
      return false;
    }
    const isGuest = row.guest_secret_hash !== null;
    const day = Math.floor(readBigint(row.created_at_ms) / DAY_MS);
    const place = [day, row.created_at_ms, toBigint(playerId)];
    // Who has played may be looked at no more.
    if (isGuest)
      await scylla.writeAll([
        [ADD_GUEST, place],
        [ADD_DAY, [DAYS, day]],
      ]);
    const keptMs = toBigint(Math.floor(nowMs() + nameKeptMs - CLAIM_MS_MAX));
    await scylla.writeIf(KEEP_NAME, [keptMs, nameShape(String(row.name)), row.claim]);
    await scylla.writeIf(EMPTY, [toBigint(playerId), row.claim]);
    if (!isGuest) return true;
    await forgetSecret(playerId, row);
    await scylla.write(DELETE_GUEST, place);
    return true;
  };

  return {
    createAccount: (account) => create(account, randomUUID()),
    async findAccountByGuestSecret(guestSecretHash) {
      if (guestSecretHash === '') return undefined;
      const [secret] = await scylla.read(FIND_SECRET, [guestSecretHash]);
      const row = secret && (await lookUp(readBigint(secret.player_id)));
      return row?.guest_secret_hash === guestSecretHash ? readAccount(row) : undefined;
    },
    async findAccountByName(name) {
      const [found] = await scylla.read(FIND_NAME, [nameShape(name)]);
      const row = found && (await lookUp(readBigint(found.player_id)));
      return row?.name_key === nameKey(name) ? readAccount(row) : undefined;
    },
    async replacePasswordHash(playerId, before, after) {
      const there = await scylla.writeIf(REPLACE_PASSWORD, [after, toBigint(playerId), before]);
      return there === undefined || there.password_hash === after;
    },
    deleteAccount: deleteForGood,
    deleteUnusedGuests: unused.delete,
  };
}

interface UnusedGuests {
  delete(createdBeforeMs: number): Promise<number>;
  /** From when it is called nothing is deleted of the player; resolves when nothing is being deleted any more. */
  spare(playerId: number): Promise<void>;
}

/**
 * Deletes one after the other, beside play.
 * @param forgetSecret of one whose account was deleted, and not all of it
 */
function createUnusedGuests(
  scylla: ScyllaClient,
  findAny: (playerId: number) => Promise<Row | undefined>,
  forgetSecret: (playerId: number, row: Row) => Promise<void>,
): UnusedGuests {
  /** Who was looked for since the deletion began; undefined while there is none. */
  let spared: Set<number> | undefined;
  let deleting: { readonly playerId: number; readonly done: Promise<void> } | undefined;

  const deleteGuest = async (playerId: number, row: Row): Promise<void> => {
    await scylla.writeIf(DELETE, [toBigint(playerId)]);
    await scylla.writeIf(FREE_NAME, [nameShape(String(row.name)), row.claim]);
    await scylla.write(DELETE_SECRET, [row.guest_secret_hash]);
  };

  const deleteIfUnused = async (playerId: number): Promise<boolean> => {
    const row = await findAny(playerId);
    if (row?.claim === DELETED) {
      await forgetSecret(playerId, row);
      return false;
    }
    if (row?.password_hash !== null) return false;
    if ((await scylla.read(ANY_CHARACTER, [toBigint(playerId)])).length > 0) return false;
    // Nothing is awaited between this and the deletion: who looks for it from here on waits.
    if (spared?.has(playerId)) return false;
    const done = deleteGuest(playerId, row);
    deleting = { playerId, done };
    await done;
    return true;
  };

  const deleteOfDay = async (day: number, createdBeforeMs: number): Promise<number> => {
    let count = 0;
    // A page begins where the one before ended: not with all the tombstones that this has left.
    let fromMs: unknown = toBigint(0);
    for (;;) {
      const guests = await scylla.read(GUESTS, [day, fromMs, toBigint(createdBeforeMs)]);
      if (guests.length === 0) break;
      for (const guest of guests) {
        if (await deleteIfUnused(readBigint(guest.player_id))) count++;
        // Whoever has played, or is about to, is looked at no more.
        await scylla.write(DELETE_GUEST, [day, guest.created_at_ms, guest.player_id]);
        fromMs = guest.created_at_ms;
      }
    }
    // Nobody is made on a day that is over.
    if ((day + 1) * DAY_MS <= createdBeforeMs) await scylla.write(DELETE_DAY, [DAYS, day]);
    return count;
  };

  return {
    async delete(createdBeforeMs) {
      spared = new Set();
      try {
        const days = await scylla.read(DAYS_UNTIL, [DAYS, Math.floor(createdBeforeMs / DAY_MS)]);
        let count = 0;
        for (const { day } of days) count += await deleteOfDay(Number(day), createdBeforeMs);
        return count;
      } finally {
        spared = undefined;
      }
    },
    async spare(playerId) {
      spared?.add(playerId);
      if (deleting?.playerId === playerId) await Promise.allSettled([deleting.done]);
    },
  };
}

function readAccount(row: Row): AccountRecord {
  return {
    playerId: readBigint(row.player_id),
    name: String(row.name),
    createdAtMs: readBigint(row.created_at_ms),
    ...(row.guest_secret_hash !== null && { guestSecretHash: String(row.guest_secret_hash) }),
    ...(row.password_hash !== null && { passwordHash: String(row.password_hash) }),
  };
}
