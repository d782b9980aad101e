// What the store keeps, as plain structured-cloneable values. Any thread. No storage engine shows through: each record
// is reachable by one key, so a key-value or wide-column store holds it as well as a table.

export interface AccountRecord {
  /** Random, 1 … 2⁵²−1; never given to anybody else, not even after the account is gone. */
  readonly playerId: number;
  /** As the player wrote it; found by `nameKey`. New ones look like no other one, by `nameShape`. */
  readonly name: string;
  /** base64url SHA-256 of the guest secret; the secret itself is never stored. */
  readonly guestSecretHash?: string;
  /** Argon2id in the PHC string format. */
  readonly passwordHash?: string;
  readonly createdAtMs: number;
}

/** Position, health, statistics …: integers by column name, so that a game adds a column without a migration. */
export type CharacterColumns = Readonly<Record<string, number>>;

/** The state of one player in one game. */
export interface CharacterRecord {
  readonly playerId: number;
  readonly game: string;
  readonly columns: CharacterColumns;
}

/** A character as the store has it, whoever owns it. */
export interface StoredCharacter {
  readonly game: string;
  readonly epoch: number;
  readonly version: number;
  /** Undefined for one that was never saved. */
  readonly columns: CharacterColumns | undefined;
}

/** What an account is found by: `Bob` and `bob` are one name. ASCII only, so lower case is unambiguous. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}
