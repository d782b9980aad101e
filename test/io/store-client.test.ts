import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { connectStore, type StoreRpc } from '../../src/io/store-client.ts';
import { type RpcMethods, serveRpc, tellRpcClient } from '../../src/io/thread-rpc.ts';

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
    replacePasswordHash: record('replacePasswordHash', true),
    exportPlayer: record('exportPlayer', { characters: [], accounts: [], presence: null }),
    deletePlayer: record('deletePlayer', 'in_play' as const),
    enterZone: record('enterZone', {
      character: { health: 7 },
      epoch: 3,
      isNew: false,
      answers: [],
      isStanding: false,
    }),
    claimPlayers: record('claimPlayers', undefined),
    findZone: record('findZone', 2),
    ping: record('ping', undefined),
  };
  serveRpc<StoreRpc>(port2, methods);
  const store = connectStore(port1);
  expect(await store.createAccount(account)).toBe('name_taken');
  expect(await store.findAccountByGuestSecret('hash')).toBeUndefined();
  expect(await store.findAccountByName('bob')).toEqual(account);
  expect(await store.replacePasswordHash(1, 'old', 'new')).toBe(true);
  expect(await store.exportPlayer(1)).toEqual({ characters: [], accounts: [], presence: null });
  expect(await store.deletePlayer(1, 5)).toBe('in_play');
  const request = { playerId: 1, tokenId: 't', expiresS: 60, zoneId: 2, isZoneFull: false };
  expect(await store.enterZone(request)).toEqual({
    character: { health: 7 },
    epoch: 3,
    isNew: false,
    answers: [],
    isStanding: false,
  });
  const players = { zoneId: 2, players: [{ playerId: 1, sinceMs: 5 }] };
  await store.claimPlayers(players);
  expect(await store.findZone(1)).toBe(2);
  await store.ping();
  expect(calls).toEqual([
    ['createAccount', account],
    ['findAccountByGuestSecret', 'hash'],
    ['findAccountByName', 'bob'],
    ['replacePasswordHash', { playerId: 1, before: 'old', after: 'new' }],
    ['exportPlayer', 1],
    ['deletePlayer', { playerId: 1, nameKeptMs: 5 }],
    ['enterZone', request],
    ['claimPlayers', players],
    ['findZone', 1],
    ['ping', undefined],
  ]);
  store.close();
});

test('who moved is told unasked, in order with the answers', async () => {
  const { port1, port2 } = new MessageChannel();
  const heard: unknown[] = [];
  const store = connectStore(port1, { onMoved: (moved) => heard.push(moved) });
  port2.on('message', ({ id }: { id: number }) => {
    port2.postMessage({ id, result: { character: undefined } });
    tellRpcClient(port2, { playerId: 1, zoneId: 2 });
  });
  await store.enterZone({ playerId: 1, tokenId: 't', expiresS: 60, zoneId: 1, isZoneFull: false });
  heard.push('entered');
  await store.ping();
  expect(heard.slice(0, 2)).toEqual(['entered', { playerId: 1, zoneId: 2 }]);
  store.close();
});
