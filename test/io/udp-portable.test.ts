import { Socket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { openPortableUdp } from '../../src/io/udp-portable.ts';
import { ADDRESS_WORDS, parseAddress } from '../../src/transport/address.ts';
import { createPacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';

const sockets: UdpSocket[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const socket of sockets.splice(0)) socket.close();
});

async function open(batchPackets = 64, port = 0): Promise<UdpSocket> {
  const options = { address: '127.0.0.1', port, packetBytesMax: 64, hasLocals: true, bufferBytes: 65_536 };
  const socket = await openPortableUdp({ ...options, batchPackets });
  sockets.push(socket);
  return socket;
}

function fill(target: UdpSocket, count: number, value: number) {
  const batch = createPacketBatch(count, 64);
  batch.bytes.fill(value);
  batch.lengths.fill(3);
  for (let index = 0; index < count; index++) {
    batch.addresses.set(parseAddress(`127.0.0.1:${target.port}`)!, index * ADDRESS_WORDS);
  }
  batch.count = count;
  return batch;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.runIf(process.platform === 'linux')('one that cannot be opened leaves no descriptor behind', async () => {
  const { port } = await open();
  const before = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 20; round++) await expect(open(1, port)).rejects.toThrow('in use');
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

test('with too much still unsent, a batch is lost and counted', async () => {
  const sender = await open();
  const receiver = await open();
  const queued = vi.spyOn(Socket.prototype, 'getSendQueueSize').mockReturnValue(65_537);
  sender.send(fill(receiver, 5, 1));
  expect(sender.counts()).toMatchObject({ sent: 0, sendDropped: 5 });
  queued.mockReturnValue(65_536);
  sender.send(fill(receiver, 5, 1));
  while (sender.counts().sent < 5) await nextTurn();
  expect(sender.counts().sendDropped).toBe(5);
});

test('the batch may be filled anew at once: what is sent later was copied', async () => {
  const sender = await open();
  const receiver = await open();
  const sent = vi.spyOn(Socket.prototype, 'send');
  const batch = fill(receiver, 2, 7);
  sender.send(batch);
  batch.bytes.fill(9);
  for (const [packet] of sent.mock.calls) expect([...(packet as Buffer)]).toEqual([7, 7, 7]);
  expect(sent).toHaveBeenCalledTimes(2);
});

test('a small batch still takes what the event loop delivers in one turn', async () => {
  const sender = await open();
  const receiver = await open(1);
  let received = 0;
  receiver.onReadable(() => {
    received += receiver.receive();
  });
  sender.send(fill(receiver, 60, 1));
  while (received < 60) await nextTurn();
  expect(receiver.counts().receiveDropped).toBe(0);
});

test('a packet too long in the last place spills over nothing', async () => {
  const sender = await open();
  const receiver = await open(1);
  sender.send(fill(receiver, 31, 1));
  const long = createPacketBatch(1, 9000);
  long.lengths[0] = 9000;
  long.addresses.set(parseAddress(`127.0.0.1:${receiver.port}`)!);
  long.count = 1;
  sender.send(long);
  while (receiver.counts().received < 32) await nextTurn();
  expect(receiver.receive()).toBe(32);
  expect([...receiver.incoming.lengths]).toEqual([...Array<number>(31).fill(3), -1]);
});

test('an error that the network reports is counted, and the socket goes on', async () => {
  const bound = vi.spyOn(Socket.prototype, 'bind');
  const receiver = await open();
  const sender = await open();
  const socket = bound.mock.contexts[0] as Socket;
  for (let round = 0; round < 3; round++) socket.emit('error', new Error('connection refused'));
  expect(receiver.counts().receiveFailed).toBe(3);
  sender.send(fill(receiver, 1, 1));
  while (receiver.receive() === 0) await nextTurn();
});
