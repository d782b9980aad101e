// The contract of durable state. Core code and threads see only this; `io/embedded-store` and `io/redis-scylla-store`
// implement it and pass the same suite (test/contract/store.test.ts). No implementation, no SQL, no I/O here.
// Every method resolves only when the change is durable, and rejects with a ServerError (DARKAGES_STORE_…) when the
// store can't do it; after a rejection it may have been done all the same, and doing it again does no harm. A legitimate
// "no" is a value.

import type { Directory } from './directory.ts';
import type { Ledger } from './ledger.ts';
import type { AccountRecord, CharacterColumns, CharacterRecord, StoredCharacter } from './records.ts';

/** `created`, or which of the two unique keys is taken. */
export type CreateResult = 'created' | 'name_taken' | 'player_id_taken';

export interface AccountStore {
  /**
   * Creates the account unless its playerId is taken, or its name or one that looks like it (by `nameShape`); then
   * nothing is changed. Accounts that were there before names were compared so keep theirs.
   * The caller draws playerIds at random and draws again on `player_id_taken`.
   */
  createAccount(account: AccountRecord): Promise<CreateResult>;
  findAccountByGuestSecret(guestSecretHash: string): Promise<AccountRecord | undefined>;
  /** Whatever the case of the name. */
  findAccountByName(name: string): Promise<AccountRecord | undefined>;
  /** Whether the account's is `after` now, by this call or one before; false when it was neither: then nothing is changed. */
  replacePasswordHash(playerId: number, before: string, after: string): Promise<boolean>;
  /**
   * Deletes the player's characters in all games with their copies, what it was answered, its presence, and the account, which is
   * the last to go: after a rejection it can be asked for again, and what a character owned is still in its ledger. False when there
   * is no account. What is saved of it from then on is refused, and its epochs don't begin again. The account's playerId is taken for
   * ever; its name, and those that look like it, for that long, by the store's own clock.
   */
  deleteAccount(playerId: number, nameKeptMs: number): Promise<boolean>;
  /**
   * Deletes guests made before that time of whom no character was ever taken, in any game; how many there were. To be
   * called before anybody is looked for by this process: who is, from then on, and found, is about to play, and stays.
   */
  deleteUnusedGuests(createdBeforeMs: number): Promise<number>;
}

export interface TakenCharacter {
  /** From 1. Each taking advances it, by a conditional write, and so do a commit that is refused and a deletion: it never goes back. */
  readonly epoch: number;
  /** Undefined for one that was never saved. */
  readonly columns: CharacterColumns | undefined;
}

/** A save by the owner of an epoch. */
export interface FencedRecord extends CharacterRecord {
  readonly epoch: number;
  /** From 1, greater with each save within an epoch: a late repetition of an older save is known by it. */
  readonly version: number;
  /**
   * No later save is to be expected soon. Of the others, a store on several machines may lose those of the last seconds
   * when one of them fails, as a zone loses what it did not save yet.
   */
  readonly final: boolean;
}

/** `fenced`: somebody took the character since; nothing is changed. `saved`: this save is kept, or a newer one of the epoch. */
export type SaveResult = 'saved' | 'fenced';

export interface CharacterStore {
  /**
   * Makes `owner`, a zone of a node as it names itself, the one whose saves count. What earlier owners save from now on is
   * refused: `fenced`. An owner has one taking of a character under way at a time.
   * Undefined: another owner has taken it since this began, and keeps it; or `isWanted`, asked right before each change, said
   * no. Without that it is wanted until it is done.
   */
  takeCharacter(
    playerId: number,
    game: string,
    owner: string,
    isWanted?: () => boolean,
  ): Promise<TakenCharacter | undefined>;
  /** Undefined for one that was never saved. */
  loadCharacter(playerId: number, game: string): Promise<CharacterColumns | undefined>;
  /** In all games, by their names in order. */
  listCharacters(playerId: number): Promise<readonly StoredCharacter[]>;
  /**
   * A result for each record, in their order. A record replaces the one before entirely. After a rejection any of them
   * may be saved. No character is twice in `characters`.
   */
  saveCharacters(characters: readonly FencedRecord[]): Promise<readonly SaveResult[]>;
}

export interface Store extends AccountStore, CharacterStore, Directory, Ledger {
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Everything resolved before is durable; no call may follow. */
  close(): Promise<void>;
}
