// The store as other threads see it: calls over a MessagePort to the store thread (workers/store.ts). Main and edge
// threads. Character saves don't go this way; they go through the zone's save ring.

import type { MessagePort } from 'node:worker_threads';
import type { AccountRecord, CharacterColumns } from '../store/records.ts';
import type { CreateResult } from '../store/store.ts';
import { createRpcClient } from './thread-rpc.ts';

export type StoreRpc = {
  createAccount: { argument: AccountRecord; result: CreateResult };
  findAccountByGuestSecret: { argument: string; result: AccountRecord | undefined };
  findAccountByName: { argument: string; result: AccountRecord | undefined };
  loadCharacter: { argument: number; result: CharacterColumns | undefined };
  ping: { argument: undefined; result: undefined };
};

export interface StoreClient {
  createAccount(account: AccountRecord): Promise<CreateResult>;
  findAccountByGuestSecret(guestSecretHash: string): Promise<AccountRecord | undefined>;
  findAccountByName(name: string): Promise<AccountRecord | undefined>;
  /** The player's newest state in this node's game, a save still on its way included; undefined for a new player. */
  loadCharacter(playerId: number): Promise<CharacterColumns | undefined>;
  ping(): Promise<void>;
  close(): void;
}

export interface StoreClientOptions {
  readonly timeoutMs?: number;
  readonly pendingMax?: number;
}

/** Rejections are ServerErrors DARKAGES_STORE_TIMEOUT, DARKAGES_STORE_BUSY or DARKAGES_STORE_FAILED. */
export function connectStore(port: MessagePort, options: StoreClientOptions = {}): StoreClient {
  const rpc = createRpcClient<StoreRpc>(port, {
    name: 'the store thread',
    timeoutMs: options.timeoutMs ?? 5_000,
    pendingMax: options.pendingMax ?? 1_024,
    timeoutCode: 'DARKAGES_STORE_TIMEOUT',
    busyCode: 'DARKAGES_STORE_BUSY',
  });
  return {
    createAccount: (account) => rpc.call('createAccount', account),
    findAccountByGuestSecret: (hash) => rpc.call('findAccountByGuestSecret', hash),
    findAccountByName: (name) => rpc.call('findAccountByName', name),
    loadCharacter: (playerId) => rpc.call('loadCharacter', playerId),
    ping: () => rpc.call('ping', undefined),
    close: () => rpc.close(),
  };
}
