import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { ServerError } from '../../src/base/errors.ts';
import { createRpcClient, type RpcMethods, serveRpc } from '../../src/io/thread-rpc.ts';

type Shape = {
  double: { argument: number; result: number };
  fail: { argument: undefined; result: undefined };
  hang: { argument: undefined; result: undefined };
};

const HANDLERS: RpcMethods<Shape> = {
  double: async (value) => value * 2,
  fail: async () => {
    throw new ServerError('DARKAGES_STORE_FAILED', 'The disk is full.');
  },
  hang: () => new Promise(() => {}),
};

const channels: MessageChannel[] = [];
function connect(timeoutMs = 1000) {
  const channel = new MessageChannel();
  channels.push(channel);
  serveRpc<Shape>(channel.port2, HANDLERS);
  const client = createRpcClient<Shape>(channel.port1, {
    name: 'the test',
    timeoutMs,
    pendingMax: 2,
    timeoutCode: 'DARKAGES_STORE_TIMEOUT',
    busyCode: 'DARKAGES_STORE_BUSY',
  });
  return { client, channel };
}
afterEach(() => {
  for (const channel of channels.splice(0)) channel.port1.close();
});

test('answers find their requests', async () => {
  const { client } = connect();
  expect(await Promise.all([client.call('double', 2), client.call('double', 3)])).toEqual([4, 6]);
  expect(client.pendingCount()).toBe(0);
});

test('an error keeps its code and sentence', async () => {
  const { client } = connect();
  const expected = { code: 'DARKAGES_STORE_FAILED', message: 'The disk is full.' };
  await expect(client.call('fail', undefined)).rejects.toMatchObject(expected);
});

test('a method that is not there is an error, inherited names included', async () => {
  const { client } = connect();
  await expect(client.call('toString' as 'double', 1)).rejects.toMatchObject({ code: 'DARKAGES_THREAD_DIED' });
});

test('time out, bound and a closed port', async () => {
  const { client, channel } = connect(20);
  const hanging = [client.call('hang', undefined), client.call('hang', undefined)];
  await expect(client.call('double', 1)).rejects.toMatchObject({ code: 'DARKAGES_STORE_BUSY' });
  for (const call of hanging) await expect(call).rejects.toMatchObject({ code: 'DARKAGES_STORE_TIMEOUT' });
  expect(await client.call('double', 1)).toBe(2);
  const cut = client.call('hang', undefined);
  channel.port2.close();
  await expect(cut).rejects.toMatchObject({ code: 'DARKAGES_STORE_TIMEOUT' });
  await expect(client.call('double', 1)).rejects.toMatchObject({ code: 'DARKAGES_STORE_TIMEOUT' });
});
