import { expect, test } from 'vitest';
import { updateClient } from '../../src/transport/client.ts';
import { hasNewKeys, isForgotten, serverAddress } from '../../src/transport/client-state.ts';
import { createLab, exchange, SERVER_ADDRESS, START_MS } from './lab.ts';
import { connectRekeyClient, passTime, startRekeyServer } from './rekey-lab.ts';

test('first there are the token’s keys, then new ones beside them, then new ones alone', () => {
  const lab = createLab(1);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  const { rekey } = client.client;
  expect(serverAddress(client.client)).toEqual(SERVER_ADDRESS);
  expect([hasNewKeys(rekey), isForgotten(rekey)]).toEqual([false, false]);
  updateClient(client.client, START_MS);
  exchange(server, client, START_MS);
  expect([hasNewKeys(rekey), isForgotten(rekey)]).toEqual([true, false]);
  passTime(server, client, 0, 4000);
  expect([hasNewKeys(rekey), isForgotten(rekey)]).toEqual([true, true]);
});

test('a client that knows nothing of it has the token’s keys for good', () => {
  expect([hasNewKeys(undefined), isForgotten(undefined)]).toEqual([false, false]);
});
