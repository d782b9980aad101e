// The contract of a UDP socket: one suite over both adapters, on loopback. Nothing here sleeps: packets are sent in
// portions that any socket buffer holds, and awaited.

import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { openUdp, type UdpOptions } from '../../src/io/udp.ts';
import { loadLibc } from '../../src/io/udp-libc.ts';
import { ADDRESS_WORDS, formatAddress, parseAddress } from '../../src/transport/address.ts';
import { createPacketBatch, type PacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';

interface Packet {
  readonly from: string;
  readonly local: string;
  /** −1: too long to be kept. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

const hasBatched = (await loadLibc()) !== undefined;
const ADAPTERS = [
  ...(hasBatched ? [{ adapter: 'batched' as const, hasLocals: true }] : []),
  { adapter: 'portable' as const, hasLocals: false },
];
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
/** Packets that the smallest buffer of any system holds, read or not. */
const PORTION = 32;

const sockets: UdpSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function open(options: Partial<UdpOptions>): Promise<UdpSocket> {
  const socket = await openUdp({ host: '127.0.0.1', port: 0, ...options });
  sockets.push(socket);
  return socket;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The test's own time limit is the only one. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await nextTurn();
}

/** Keeps all that comes. */
function listen(socket: UdpSocket): Packet[] {
  const packets: Packet[] = [];
  socket.onReadable(() => {
    while (takePackets(socket, packets) === socket.incoming.capacity);
  });
  return packets;
}

function takePackets({ incoming, receive }: UdpSocket, packets: Packet[]): number {
  const count = receive();
  const stride = incoming.bytes.length / incoming.capacity;
  for (let index = 0; index < count; index++) {
    const length = incoming.lengths[index]!;
    packets.push({
      from: formatAddress(incoming.addresses, index * ADDRESS_WORDS),
      local: incoming.locals === undefined ? '' : formatAddress(incoming.locals, index * ADDRESS_WORDS),
      length,
      bytes: incoming.bytes.slice(index * stride, index * stride + Math.max(0, length)),
    });
  }
  return count;
}

function put(batch: PacketBatch, bytes: Uint8Array, target: string, local?: string): void {
  const index = batch.count++;
  batch.bytes.set(bytes, (index * batch.bytes.length) / batch.capacity);
  batch.lengths[index] = bytes.length;
  batch.addresses.set(parseAddress(target)!, index * ADDRESS_WORDS);
  batch.locals?.fill(0, index * ADDRESS_WORDS, (index + 1) * ADDRESS_WORDS);
  if (local !== undefined) batch.locals!.set(parseAddress(local)!, index * ADDRESS_WORDS);
}

const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const wordOf = ({ bytes }: Packet): number => new DataView(bytes.buffer).getUint32(0, true);

describe.each(ADAPTERS)('UDP contract: $adapter', ({ adapter, hasLocals }) => {
  test('packets of any size arrive as they were sent, and of longer ones only that they came', async () => {
    const server = await open({ adapter, packetBytesMax: 1500 });
    const client = await open({ adapter });
    const packets = listen(server);
    const batch = createPacketBatch(4, 9000);
    const sizes = [0, 1, 2, 63, 64, 65, 575, 1200, 1225, 1472, 1499, 1500, 1501, 1536, 9000, 3];
    for (const size of sizes) {
      put(
        batch,
        Uint8Array.from({ length: size }, (_, at) => (at * 7 + size) & 255),
        `127.0.0.1:${server.port}`,
      );
      if (batch.count === batch.capacity) client.send(batch);
    }
    await until(() => packets.length === sizes.length);
    expect(packets.map(({ length }) => length)).toEqual(sizes.map((size) => (size > 1500 ? -1 : size)));
    for (const { bytes, length } of packets) {
      expect(bytes).toEqual(Uint8Array.from({ length: Math.max(0, length) }, (_, at) => (at * 7 + length) & 255));
    }
    expect(server.counts()).toMatchObject({ received: sizes.length, receiveTooLong: 3, receiveDropped: 0 });
    expect(client.counts()).toMatchObject({ sent: sizes.length, sendDropped: 0, sendFailed: 0 });
  });

  test('any batches of any senders arrive in the order each sent them, with the address they came from', async () => {
    const server = await open({ adapter, batchPackets: 13 });
    const clients = await Promise.all([0, 1, 2, 3, 4].map(() => open({ adapter })));
    const packets = listen(server);
    const batches = clients.map((_, index) => createPacketBatch(7 + index, 64));
    const portions = fc.array(fc.record({ client: fc.nat(4), count: fc.nat(6) }), { maxLength: 6 });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(portions, async (sendings) => {
        packets.length = 0;
        const expected = new Map(clients.map(({ port }) => [`127.0.0.1:${port}`, [] as number[]]));
        for (const { client, count } of sendings) {
          for (let sent = 0; sent < count; sent++) {
            expected.get(`127.0.0.1:${clients[client]!.port}`)!.push(++number);
            put(batches[client]!, word(number), `127.0.0.1:${server.port}`);
          }
          clients[client]!.send(batches[client]!);
          expect(batches[client]!.count).toBe(0);
        }
        const total = sendings.reduce((sum, { count }) => sum + count, 0);
        await until(() => packets.length >= total);
        const found = new Map([...expected.keys()].map((from) => [from, [] as number[]]));
        for (const packet of packets) found.get(packet.from)?.push(wordOf(packet));
        expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('what came is answered by its address, and left alone it is announced again', async () => {
    const server = await open({ adapter });
    const client = await open({ adapter });
    const answers = listen(client);
    const batch = createPacketBatch(PORTION, 64);
    let calls = 0;
    server.onReadable(() => {
      if (++calls < 3) return;
      const { incoming } = server;
      const count = server.receive();
      for (let index = 0; index < count; index++) {
        put(batch, word(index), formatAddress(incoming.addresses, index * ADDRESS_WORDS));
      }
      server.send(batch);
    });
    for (let index = 0; index < PORTION; index++) put(batch, word(index), `127.0.0.1:${server.port}`);
    client.send(batch);
    await until(() => answers.length === PORTION);
    expect(answers.map(wordOf)).toEqual(Array.from({ length: PORTION }, (_, index) => index));
    expect(new Set(answers.map(({ from }) => from))).toEqual(new Set([`127.0.0.1:${server.port}`]));
    expect(calls).toBeGreaterThanOrEqual(3);
  });

  test('a later listener takes the place of the first', async () => {
    const server = await open({ adapter });
    const client = await open({ adapter });
    server.onReadable(() => expect.unreachable());
    const packets = listen(server);
    const batch = createPacketBatch(1, 64);
    put(batch, word(1), `127.0.0.1:${server.port}`);
    client.send(batch);
    await until(() => packets.length === 1);
  });

  test('the listener is called in a turn of its own: promises go on, and timers run meanwhile', async () => {
    const server = await open({ adapter });
    const client = await open({ adapter });
    const batch = createPacketBatch(1, 64);
    const order: string[] = [];
    const called = Promise.withResolvers<void>();
    server.onReadable(() => {
      if (server.receive() === 0) return;
      order.push('packet');
      void Promise.resolve().then(() => order.push('promise'));
      setImmediate(() => {
        order.push('turn');
        called.resolve();
      });
    });
    const timer = setInterval(() => order.push('timer'), 1);
    await until(() => order.includes('timer'));
    clearInterval(timer);
    order.length = 0;
    put(batch, word(1), `127.0.0.1:${server.port}`);
    client.send(batch);
    await called.promise;
    expect(order).toEqual(['packet', 'promise', 'turn']);
  });

  test('what nobody reads is lost and counted, and the socket goes on', async () => {
    const server = await open({ adapter, bufferBytes: 8192, batchPackets: 8 });
    const client = await open({ adapter });
    const batch = createPacketBatch(64, 1024);
    for (let round = 0; round < 10; round++) {
      while (batch.count < batch.capacity) put(batch, new Uint8Array(1000), `127.0.0.1:${server.port}`);
      client.send(batch);
      await nextTurn();
    }
    await until(() => client.counts().sent === 640);
    const packets = listen(server);
    await until(() => packets.length > 0);
    await nextTurn();
    const { received, receiveDropped } = server.counts();
    expect(receiveDropped).toBeGreaterThan(0);
    // node:dgram doesn't know what the kernel had no room for.
    if (adapter === 'batched') expect(received + receiveDropped).toBe(640);
    else expect(received + receiveDropped).toBeLessThanOrEqual(640);
    packets.length = 0;
    put(batch, word(77), `127.0.0.1:${server.port}`);
    client.send(batch);
    await until(() => packets.some((packet) => packet.length === 4 && wordOf(packet) === 77));
  });

  test('a peer that is gone and packets that cannot be sent spoil nothing that comes after them', async () => {
    const server = await open({ adapter });
    const client = await open({ adapter });
    const gone = await open({ adapter });
    const packets = listen(server);
    listen(client);
    gone.close();
    const batch = createPacketBatch(16, 64);
    for (let round = 0; round < 5; round++) {
      put(batch, word(0), `127.0.0.1:${gone.port}`);
      put(batch, word(round * 10 + 1), `127.0.0.1:${server.port}`);
      put(batch, word(0), '127.0.0.1:0');
      put(batch, word(0), '[::1]:9');
      put(batch, word(round * 10 + 2), `127.0.0.1:${server.port}`);
      client.send(batch);
      await until(() => packets.length === round * 2 + 2);
    }
    expect(packets.map(wordOf)).toEqual([0, 1, 2, 3, 4].flatMap((round) => [round * 10 + 1, round * 10 + 2]));
    await until(() => client.counts().sent + client.counts().sendFailed === 25);
    expect(client.counts()).toMatchObject({ sendFailed: 10, sendDropped: 0 });
  });

  test('closed with packets in both directions pending, it is silent, and its port is free at once', async () => {
    const server = await open({ adapter });
    const client = await open({ adapter });
    const batch = createPacketBatch(PORTION, 64);
    let calls = 0;
    server.onReadable(() => {
      calls++;
      server.close();
    });
    for (let round = 0; round < 3; round++) {
      while (batch.count < PORTION) put(batch, word(1), `127.0.0.1:${server.port}`);
      client.send(batch);
    }
    await until(() => calls > 0);
    const next = await open({ adapter, port: server.port });
    expect(next.port).toBe(server.port);
    put(batch, word(1), `127.0.0.1:${client.port}`);
    server.send(batch);
    expect(batch.count).toBe(0);
    server.onReadable(() => calls++);
    server.close();
    put(batch, word(5), `127.0.0.1:${server.port}`);
    client.send(batch);
    expect(server.receive()).toBe(0);
    const packets = listen(next);
    await until(() => packets.some((packet) => wordOf(packet) === 5));
    expect(calls).toBe(1);
    expect(server.counts().sent).toBe(0);
  });

  test('one that another listener closes in the same turn of the loop is not called any more', async () => {
    const pair = [await open({ adapter }), await open({ adapter })];
    const client = await open({ adapter });
    let calls = 0;
    for (const [index, socket] of pair.entries()) {
      socket.onReadable(() => {
        calls++;
        pair[1 - index]!.close();
      });
    }
    const batch = createPacketBatch(2, 64);
    for (const { port } of pair) put(batch, word(1), `127.0.0.1:${port}`);
    client.send(batch);
    await until(() => calls > 0);
    const closed = pair.filter((socket) => socket.receive() === 0);
    expect(closed).toHaveLength(1);
    expect(calls).toBe(1);
  });

  test('a port in use and an address that is not ours are errors that say so', async () => {
    const { port } = await open({ adapter });
    await expect(open({ adapter, port })).rejects.toMatchObject({
      code: 'DARKAGES_EDGE_PORT_IN_USE',
      message: `UDP port ${port} on 127.0.0.1 is in use; stop what uses it or choose another with --port.`,
    });
    await expect(open({ adapter, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'DARKAGES_LISTEN_FAILED',
      message: expect.stringContaining('EADDRNOTAVAIL'),
    });
    await expect(open({ adapter, host: 'nowhere.invalid' })).rejects.toMatchObject({ code: 'DARKAGES_LISTEN_FAILED' });
    await open({ adapter, host: 'localhost' });
  });

  test.runIf(hasIpv6)('over IPv6; a socket on all addresses takes IPv4 as well', async () => {
    const server = await open({ adapter, host: '::' });
    const clients = await Promise.all(['::1', '127.0.0.1', '::'].map((host) => open({ adapter, host })));
    const seen = listen(server);
    const answers = clients.map(listen);
    const batch = createPacketBatch(8, 64);
    for (const [index, target] of ['[::1]', '127.0.0.1', '127.0.0.1'].entries()) {
      put(batch, word(index), `${target}:${server.port}`);
      clients[index]!.send(batch);
    }
    await until(() => seen.length === 3);
    seen.sort((a, b) => wordOf(a) - wordOf(b));
    const froms = ['[0:0:0:0:0:0:0:1]', '127.0.0.1', '127.0.0.1'].map((ip, index) => `${ip}:${clients[index]!.port}`);
    expect(seen.map(({ from }) => from)).toEqual(froms);
    for (const packet of seen) put(batch, packet.bytes, packet.from);
    server.send(batch);
    await until(() => answers.every(({ length }) => length === 1));
    expect(answers.map(([answer]) => wordOf(answer!))).toEqual([0, 1, 2]);
  });

  test('it says whether it receives without a turn of the event loop', async () => {
    const server = await open({ adapter });
    const client = await open({ adapter });
    const batch = createPacketBatch(2, 64);
    put(batch, word(1), `127.0.0.1:${server.port}`);
    client.send(batch);
    expect(server.receive()).toBe(server.receivesAtOnce ? 1 : 0);
    expect(server.receivesAtOnce).toBe(adapter === 'batched');
  });

  test('it says what buffers the system granted, and whether packets know their own address', async () => {
    const plain = await open({ adapter, bufferBytes: 100_000 });
    expect(plain.receiveBufferBytes).toBeGreaterThanOrEqual(100_000);
    expect(plain.sendBufferBytes).toBeGreaterThanOrEqual(100_000);
    expect(plain.hasLocals).toBe(false);
    const socket = await open({ adapter, hasLocals: true });
    expect(socket.hasLocals).toBe(hasLocals);
    expect(socket.incoming.locals !== undefined).toBe(hasLocals);
  });
});

describe.runIf(hasBatched)('UDP contract: own addresses', () => {
  const botAddress = (bot: number): string => `127.1.${bot >> 8}.${bot & 255}:0`;

  test.each([
    { server: '127.0.0.1', bots: '0.0.0.0' },
    { server: '::', bots: '::' },
  ])('hundreds of bots share one socket, each with an address of its own: $bots', async (hosts) => {
    const server = await open({ adapter: 'batched', host: hosts.server });
    const bots = await open({ adapter: 'batched', host: hosts.bots, hasLocals: true });
    const seen = listen(server);
    const answers = listen(bots);
    const batch = createPacketBatch(PORTION, 64, true);
    for (let bot = 1; bot <= 10 * PORTION; bot++) {
      put(batch, word(bot), `127.0.0.1:${server.port}`, botAddress(bot));
      if (batch.count < PORTION) continue;
      bots.send(batch);
      await until(() => seen.length === bot);
      for (const packet of seen.slice(bot - PORTION)) put(batch, packet.bytes, packet.from);
      server.send(batch);
      await until(() => answers.length === bot);
    }
    const numbers = Array.from({ length: 10 * PORTION }, (_, index) => index + 1);
    expect(seen.map(({ from }) => from)).toEqual(numbers.map((bot) => botAddress(bot).replace(/0$/, `${bots.port}`)));
    expect(answers.map(({ local }) => local)).toEqual(numbers.map(botAddress));
    expect(answers.map(wordOf)).toEqual(numbers);
  });

  test.each([
    { host: '0.0.0.0', asked: '127.0.0.5' },
    { host: '::', asked: '127.0.0.6' },
    ...(hasIpv6 ? [{ host: '::', asked: '[0:0:0:0:0:0:0:1]' }] : []),
  ])('a socket on $host answers from the address that was asked, $asked', async ({ host, asked }) => {
    const server = await open({ adapter: 'batched', host, hasLocals: true });
    const client = await open({ adapter: 'batched', host: asked.startsWith('[') ? '::1' : '127.0.0.1' });
    const seen = listen(server);
    const answers = listen(client);
    const batch = createPacketBatch(2, 64, true);
    put(batch, word(1), `${asked}:${server.port}`);
    client.send(batch);
    await until(() => seen.length === 1);
    expect(seen[0]!.local).toBe(`${asked}:0`);
    put(batch, word(2), seen[0]!.from, seen[0]!.local);
    // One behind it without a choice is not sent from there.
    put(batch, word(3), seen[0]!.from);
    server.send(batch);
    await until(() => answers.length === 2);
    expect(answers[0]!.from).toBe(`${asked}:${server.port}`);
    if (!asked.startsWith('[')) expect(answers[1]!.from).toBe(`127.0.0.1:${server.port}`);
  });

  test('an address that is not ours is refused and counted', async () => {
    const socket = await open({ adapter: 'batched', hasLocals: true });
    const packets = listen(socket);
    const batch = createPacketBatch(2, 64, true);
    put(batch, word(1), `127.0.0.1:${socket.port}`, '192.0.2.1:0');
    put(batch, word(2), `127.0.0.1:${socket.port}`);
    socket.send(batch);
    await until(() => packets.length === 1);
    expect(wordOf(packets[0]!)).toBe(2);
    expect(socket.counts()).toMatchObject({ sent: 1, sendFailed: 1 });
  });
});
