// The contract of durable state. Core code and threads see only this; `io/embedded-store` implements it, and later
// stores pass the same suite (test/contract/store.test.ts). No implementation, no SQL, no I/O here.
// Every method resolves only when the change is durable, and rejects with a ServerError (DARKAGES_STORE_…) when the
// store can't do it. A legitimate "no" is a value.

import type { AccountRecord, CharacterColumns, CharacterRecord } from './records.ts';

/** `created`, or which of the two unique keys is taken. */
export type CreateResult = 'created' | 'name_taken' | 'player_id_taken';

export interface Store {
  /**
   * Creates the account unless its playerId is taken, or its name or one that looks like it (by `nameShape`); then
   * nothing is changed. Accounts that were there before names were compared so keep theirs.
   * The caller draws playerIds at random and draws again on `player_id_taken`.
   */
  createAccount(account: AccountRecord): Promise<CreateResult>;
  findAccountByGuestSecret(guestSecretHash: string): Promise<AccountRecord | undefined>;
  /** Whatever the case of the name. */
  findAccountByName(name: string): Promise<AccountRecord | undefined>;
  /** Deletes guests made before that time who have no character in any game; how many there were. */
  deleteUnusedGuests(createdBeforeMs: number): Promise<number>;
  loadCharacter(playerId: number, game: string): Promise<CharacterColumns | undefined>;
  /** All or none of them. A record replaces the one before entirely. */
  saveCharacters(characters: readonly CharacterRecord[]): Promise<void>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Everything resolved before is durable; no call may follow. */
  close(): Promise<void>;
}
