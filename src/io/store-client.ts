// The store as other threads see it: calls over a MessagePort to the store thread (workers/store.ts). Main and edge
// threads. Character saves don't go this way; they go through the zone's save ring.

import type { MessagePort } from 'node:worker_threads';
import type { SpanContext } from '../observe/spans.ts';
import type { Presence } from '../store/directory.ts';
import type { KeptAnswer, LedgerEntry } from '../store/ledger.ts';
import type { AccountRecord, CharacterColumns, StoredCharacter } from '../store/records.ts';
import type { CreateResult } from '../store/store.ts';
import { createRpcClient } from './thread-rpc.ts';

/** A player shows its token to the edge of a zone. */
export interface EnterRequest {
  readonly playerId: number;
  readonly tokenId: string;
  readonly expiresS: number;
  readonly zoneId: number;
  /** Then only a player who stands in it gets in. */
  readonly isZoneFull: boolean;
}

/**
 * With the player's newest state in this node's game, undefined for a new player or, when that has an account already, what
 * that says; and the epoch in which it was taken.
 * `isStanding`: the zone has it, and what it has is newer than anything that is stored.
 */
export type Entry =
  | {
      readonly isStanding: false;
      readonly epoch: number;
      readonly character: CharacterColumns | undefined;
      readonly isNew: boolean;
      /** To the player's newest commands, the newest first. */
      readonly answers: readonly KeptAnswer[];
    }
  | { readonly isStanding: true }
  | { readonly refused: 'token_used' | 'zone_full' | 'still_leaving' | 'replaced' };

/** The player is in this zone from now on, or asks to be: every other one lets go of the connection. */
export interface PlayerMoved {
  readonly playerId: number;
  /** 0: none of this node has it. */
  readonly zoneId: number;
  /** The store refuses what is done with the character in this epoch, or an earlier one: where it stands so it has to go. */
  readonly lostEpoch?: number;
}

/** Who is connected to a zone, for a store thread that has just started; since when in milliseconds since 1970. */
export interface ZonePlayers {
  readonly zoneId: number;
  readonly players: readonly { readonly playerId: number; readonly sinceMs: number }[];
}

/** What is kept of a player beside the account, for its owner: a section for each kind of thing. */
export type PlayerExport = {
  readonly characters: readonly StoredCharacter[];
  readonly accounts: readonly ExportedAccount[];
  readonly presence: Presence | null;
};

export interface ExportedAccount {
  readonly game: string;
  readonly balances: Readonly<Record<string, number>>;
  /** To its newest commands, the newest first. */
  readonly answers: readonly KeptAnswer[];
  readonly entries: readonly LedgerEntry[];
  /** So many more there were before those. */
  readonly olderEntries: number;
}

export interface DeleteRequest {
  readonly playerId: number;
  readonly nameKeptMs: number;
}

export interface PasswordChange {
  readonly playerId: number;
  readonly before: string;
  readonly after: string;
}

export type StoreRpc = {
  createAccount: { argument: AccountRecord; result: CreateResult };
  findAccountByGuestSecret: { argument: string; result: AccountRecord | undefined };
  findAccountByName: { argument: string; result: AccountRecord | undefined };
  replacePasswordHash: { argument: PasswordChange; result: boolean };
  exportPlayer: { argument: number; result: PlayerExport };
  deletePlayer: { argument: DeleteRequest; result: 'deleted' | 'in_play' };
  enterZone: { argument: EnterRequest; result: Entry };
  claimPlayers: { argument: ZonePlayers; result: undefined };
  findZone: { argument: number; result: number | undefined };
  ping: { argument: undefined; result: undefined };
};

export interface StoreClient {
  createAccount(account: AccountRecord): Promise<CreateResult>;
  findAccountByGuestSecret(guestSecretHash: string): Promise<AccountRecord | undefined>;
  findAccountByName(name: string): Promise<AccountRecord | undefined>;
  replacePasswordHash(playerId: number, before: string, after: string): Promise<boolean>;
  exportPlayer(playerId: number): Promise<PlayerExport>;
  deletePlayer(playerId: number, nameKeptMs: number): Promise<'deleted' | 'in_play'>;
  /** Uses up the token, gives the player to the zone and loads its character. */
  enterZone(request: EnterRequest): Promise<Entry>;
  claimPlayers(players: ZonePlayers): Promise<void>;
  /** The zone in which the player stands, connected or lingering; undefined when in none. */
  findZone(playerId: number): Promise<number | undefined>;
  ping(): Promise<void>;
  close(): void;
}

export interface StoreClientOptions {
  readonly timeoutMs?: number;
  readonly pendingMax?: number;
  /** Comes in order with the answers: an entry into this client's zone that was answered before is older. */
  readonly onMoved?: (moved: PlayerMoved) => void;
  /** Of calls that belong to a trace. */
  readonly context?: () => SpanContext | undefined;
}

/** Whoever asked has given up by then: no answer reaches it. */
export const CALL_MS_MAX = 5_000;

/** Rejections are ServerErrors DARKAGES_STORE_TIMEOUT, DARKAGES_STORE_BUSY or DARKAGES_STORE_FAILED. */
export function connectStore(port: MessagePort, options: StoreClientOptions = {}): StoreClient {
  const { onMoved, context } = options;
  const rpc = createRpcClient<StoreRpc>(port, {
    name: 'the store thread',
    timeoutMs: options.timeoutMs ?? CALL_MS_MAX,
    pendingMax: options.pendingMax ?? 1_024,
    timeoutCode: 'DARKAGES_STORE_TIMEOUT',
    busyCode: 'DARKAGES_STORE_BUSY',
    ...(context !== undefined && { context }),
    ...(onMoved !== undefined && { onTold: (message: unknown) => onMoved(message as PlayerMoved) }),
  });
  return {
    createAccount: (account) => rpc.call('createAccount', account),
    findAccountByGuestSecret: (hash) => rpc.call('findAccountByGuestSecret', hash),
    findAccountByName: (name) => rpc.call('findAccountByName', name),
    replacePasswordHash: (playerId, before, after) => rpc.call('replacePasswordHash', { playerId, before, after }),
    exportPlayer: (playerId) => rpc.call('exportPlayer', playerId),
    deletePlayer: (playerId, nameKeptMs) => rpc.call('deletePlayer', { playerId, nameKeptMs }),
    enterZone: (request) => rpc.call('enterZone', request),
    claimPlayers: (players) => rpc.call('claimPlayers', players),
    findZone: (playerId) => rpc.call('findZone', playerId),
    ping: () => rpc.call('ping', undefined),
    close: () => rpc.close(),
  };
}
