import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { connectStore, type StoreRpc } from '../../src/io/store-client.ts';
import { type RpcMethods, serveRpc } from '../../src/io/thread-rpc.ts';

test('every call reaches the method of its name with its argument', async () => {
  const { port1, port2 } = new MessageChannel();
  const calls: unknown[] = [];
  const account = { playerId: 1, name: 'bob', createdAtMs: 0, passwordHash: 'x' };
  const record =
    <T>(name: string, result: T) =>
    async (argument: unknown): Promise<T> => {
      calls.push([name, argument]);
      return result;
    };
  const methods: RpcMethods<StoreRpc> = {
    createAccount: record('createAccount', 'name_taken' as const),
    findAccountByGuestSecret: record('findAccountByGuestSecret', undefined),
    findAccountByName: record('findAccountByName', account),
    loadCharacter: record('loadCharacter', { health: 7 }),
    ping: record('ping', undefined),
  };
  serveRpc<StoreRpc>(port2, methods);
  const store = connectStore(port1);
  expect(await store.createAccount(account)).toBe('name_taken');
  expect(await store.findAccountByGuestSecret('hash')).toBeUndefined();
  expect(await store.findAccountByName('bob')).toEqual(account);
  expect(await store.loadCharacter(1)).toEqual({ health: 7 });
  await store.ping();
  expect(calls).toEqual([
    ['createAccount', account],
    ['findAccountByGuestSecret', 'hash'],
    ['findAccountByName', 'bob'],
    ['loadCharacter', 1],
    ['ping', undefined],
  ]);
  store.close();
});
