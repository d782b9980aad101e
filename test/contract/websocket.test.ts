// The contract of a WebSocket server: one suite over both adapters, each in a process of its own (websocket-host.ts),
// against clients by the `ws` package and by hand. Where an adapter can't do what the other does, its row says so.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { HANDSHAKE } from '../../bench/ws/handshake.ts';
import { UWS_MODULE } from '../../bench/ws/uws.ts';
import { FRAME_BYTES_MAX, SOCKET_BACKLOG_BYTES_MAX } from '../../src/base/limits.ts';
import { needs } from '../needs.ts';
import type { HostOrder, HostRules, HostSeen } from './websocket-host.ts';

interface Host {
  readonly process: ChildProcess;
  order(order: HostOrder): Promise<unknown>;
}

const uwsNode = needs('uws');
const ADAPTERS = [
  { adapter: 'ws', node: process.execPath, makesWait: true, limitsParts: true },
  { adapter: 'uws', node: uwsNode, makesWait: false, limitsParts: false },
] as const;

/** Far more than what the session layer ever lets wait. */
const BACKLOG_BYTES_MAX = 16 * SOCKET_BACKLOG_BYTES_MAX;
function startHost(adapter: string, node: string): Host {
  const child = fork(join(import.meta.dirname, 'websocket-host.ts'), [adapter, UWS_MODULE], {
    execPath: node,
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let last: Promise<unknown> = Promise.resolve();
  const ask = async (order: HostOrder): Promise<unknown> => {
    child.send(order);
    const [answer] = (await once(child, 'message')) as [{ value?: unknown; error?: { code: string; message: string } }];
    if (answer.error !== undefined) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
    return answer.value;
  };
  return {
    process: child,
    order(order) {
      // One at a time, whatever became of the one before.
      const next = last.then(
        () => ask(order),
        () => ask(order),
      );
      last = next;
      return next;
    },
  };
}

async function connect(url: string, options: WebSocket.ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  await once(socket, 'open');
  socket.on('error', () => {});
  return socket;
}

async function openTcp(port: number): Promise<Socket> {
  const tcp = connectTcp(port, '127.0.0.1');
  tcp.on('error', () => {});
  tcp.resume();
  await once(tcp, 'connect');
  return tcp;
}

describe.each(ADAPTERS)('$adapter', ({ adapter, node, makesWait, limitsParts }) => {
  let host: Host;
  let port = 0;
  let url = '';

  async function listen(rules: HostRules = {}): Promise<void> {
    port = (await host.order({ what: 'listen', rules })) as number;
    url = `ws://127.0.0.1:${port}`;
  }
  const seen = async (): Promise<HostSeen> => (await host.order({ what: 'seen' })) as HostSeen;
  const frameCount = async (): Promise<number> => (await seen()).frames.length;

  beforeAll(() => {
    if (node !== undefined) host = startHost(adapter, node);
  });
  afterEach(async () => {
    if (node !== undefined) await host.order({ what: 'stop' });
  });
  afterAll(async () => {
    if (node === undefined) return;
    const gone = once(host.process, 'exit');
    host.process.disconnect();
    await gone;
  });
  const check = test.skipIf(node === undefined);

  check('binary messages come through whole and in order, both ways; text ones are told apart', async () => {
    await listen();
    const socket = await connect(url);
    const got: Buffer[] = [];
    socket.on('message', (bytes: Buffer) => got.push(bytes));
    for (let size = 0; size < 40; size++) socket.send(Buffer.alloc(size * 100, size));
    socket.send('text');
    await expect.poll(async () => [await frameCount(), (await seen()).texts]).toEqual([40, 4]);
    expect((await seen()).frames).toEqual(Array.from({ length: 40 }, (_, size) => [size * 100, size]));
    // Around the lengths at which a header grows.
    const sizes = [1, 2, 124, 125, 126, 127, 128, 754, 65_534, 65_535, 65_536, 65_537, 100_000];
    for (const size of sizes) await host.order({ what: 'send', link: 0, bytes: size, fill: size & 255 });
    await expect.poll(() => got.length).toBe(sizes.length);
    expect(got.map((bytes) => bytes.length)).toEqual(sizes);
    expect(got.every((bytes, index) => bytes.every((byte) => byte === (sizes[index]! & 255)))).toBe(true);
    socket.close();
    await expect.poll(async () => (await seen()).closed).toBe(1);
  });

  check('what comes is whole however the network cuts it, and parts of a message are one', async () => {
    await listen({ echoes: true });
    const tcp = await openTcp(port);
    tcp.setNoDelay(true);
    tcp.write(HANDSHAKE);
    await once(tcp, 'data');
    const frame = Buffer.from([0x82, 0x85, 1, 2, 3, 4, 7 ^ 1, 7 ^ 2, 7 ^ 3, 7 ^ 4, 7 ^ 1]);
    // Listened for from the start: it may come in the turn after the last byte.
    const answer = once(tcp, 'data') as Promise<[Buffer]>;
    for (const byte of frame) {
      tcp.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...(await answer)[0]]).toEqual([0x82, 5, 7, 7, 7, 7, 7]);
    const socket = await connect(url);
    for (let part = 0; part < 10; part++) socket.send(Buffer.alloc(10, 9), { fin: part === 9 });
    await expect
      .poll(async () => (await seen()).frames)
      .toEqual([
        [5, 7],
        [100, 9],
      ]);
    tcp.destroy();
    socket.terminate();
  });

  check('a message above the wire’s limit reaches the session layer; one far above ends the connection', async () => {
    await listen();
    const socket = await connect(url);
    socket.send(Buffer.alloc(FRAME_BYTES_MAX + 1));
    await expect.poll(frameCount).toBe(1);
    const closed = once(socket, 'close');
    socket.send(Buffer.alloc(17 * FRAME_BYTES_MAX));
    await closed;
    await expect.poll(async () => (await seen()).closed).toBe(1);
    expect(await seen()).toMatchObject({ broken: ['too large'], guests: [] });
    expect(await frameCount()).toBe(1);
    // In parts as well: together they count.
    const other = await connect(url);
    const ended = once(other, 'close');
    for (let part = 0; part < 18; part++) other.send(Buffer.alloc(FRAME_BYTES_MAX), { fin: false });
    await ended;
    await expect.poll(async () => (await seen()).broken).toEqual(['too large', 'too large']);
  });

  check.each([
    ['reserved bits', [0xff, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['an unknown opcode', [0x83, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['a long ping', [0x89, 0xfe, 0, 200, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['a ping in parts', [0x09, 0x81, 1, 2, 3, 4, 5]],
    ['a part of nothing', [0x80, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['text that is none', [0x81, 0x82, 0, 0, 0, 0, 0xc0, 0x80]],
    ['a close without its code', [0x88, 0x82, 0, 0, 0, 0, 0, 1]],
  ] as const)('bytes that are no frame are counted and end the connection: %s', async (_, bytes) => {
    await listen();
    const tcp = await openTcp(port);
    tcp.write(HANDSHAKE);
    await once(tcp, 'data');
    const closed = once(tcp, 'close');
    tcp.write(Buffer.from(bytes));
    await closed;
    await expect.poll(async () => (await seen()).closed).toBe(1);
    expect(await seen()).toMatchObject({ broken: ['malformed'], frames: [], guests: [] });
  });

  check('who breaks off is no broken frame, and who closes is answered', async () => {
    await listen();
    const socket = await connect(url);
    socket.terminate();
    await expect.poll(async () => (await seen()).closed).toBe(1);
    const other = await connect(url);
    const closed = once(other, 'close');
    other.close(1000);
    expect((await closed)[0]).toBe(1000);
    await expect.poll(async () => (await seen()).closed).toBe(2);
    expect(await seen()).toMatchObject({ broken: [], guests: [] });
  });

  check('a page of another origin is refused and counted, and leaves no guest', async () => {
    await listen();
    const [error] = (await once(new WebSocket(url, { origin: 'http://evil.example' }), 'error')) as [Error];
    expect(error.message).toContain('401');
    await expect.poll(async () => (await seen()).guests).toEqual([]);
    expect(await seen()).toMatchObject({ refused: ['origin'], backlogs: [] });
    (await connect(url, { origin: 'http://good.example' })).terminate();
  });

  check('a stranger that is not let in is ended; one that is counts until it is gone', async () => {
    await listen({ guestsMax: 2 });
    const sockets = [await connect(url), await connect(url)];
    expect((await seen()).guests).toEqual(['127.0.0.1', '127.0.0.1']);
    const [error] = (await once(new WebSocket(url), 'error')) as [NodeJS.ErrnoException];
    expect(error.message).toMatch(/hang up|ECONNRESET/);
    await host.order({ what: 'close', link: 0 });
    await expect.poll(async () => (await seen()).guests.length).toBe(1);
    (await connect(url)).terminate();
    for (const socket of sockets) socket.terminate();
    await expect.poll(async () => (await seen()).guests).toEqual([]);
  });

  check('when the session layer has no room the client is told to try later', async () => {
    await listen({ isFull: true });
    const [code] = (await once(new WebSocket(url), 'close')) as [number];
    expect(code).toBe(1013);
    await expect.poll(async () => (await seen()).guests).toEqual([]);
  });

  check('pings are told and answered, pongs are told', async () => {
    await listen();
    const socket = await connect(url);
    socket.ping('hello');
    expect(String((await once(socket, 'pong'))[0])).toBe('hello');
    socket.pong('abc');
    await expect.poll(async () => (await seen()).controls).toBe(2);
    expect((await seen()).controlBytes).toBe(8);
    socket.terminate();
  });

  check(
    'who sends pings and reads nothing fills no memory: what waits is bounded, or the connection ends',
    async () => {
      await listen();
      const socket = await connect(url);
      socket.pause();
      // Until the system takes no more of it.
      const waits = async (): Promise<boolean> => {
        const { backlogs, closed } = await seen();
        return backlogs[0]! > 0 || closed > 0;
      };
      for (let sent = 0; sent < 200 && !(await waits()); sent++) {
        await host.order({ what: 'send', link: 0, bytes: 60_000, fill: 1, times: 4 });
      }
      expect(await waits()).toBe(true);
      const before = (await seen()).backlogs[0]!;
      for (let sent = 0; sent < 40_000; sent++) socket.ping(Buffer.alloc(125));
      socket.send(Buffer.of(1));
      await expect
        .poll(async () => (await frameCount()) + (await seen()).closed, { timeout: 10_000 })
        .toBeGreaterThan(0);
      expect((await seen()).backlogs[0]).toBeLessThanOrEqual(Math.max(before, BACKLOG_BYTES_MAX));
      expect(before).toBeLessThan(BACKLOG_BYTES_MAX);
      socket.terminate();
    },
  );

  check('the backlog is what the client has not taken, and drains when it reads', async () => {
    await listen();
    const socket = await connect(url);
    let bytes = 0;
    socket.on('message', (message: Buffer) => {
      bytes += message.length;
    });
    socket.pause();
    let sent = 0;
    while ((await seen()).backlogs[0] === 0) {
      await host.order({ what: 'send', link: 0, bytes: 50_000, fill: 5, times: 2 });
      sent += 100_000;
    }
    expect((await seen()).backlogs[0]).toBeGreaterThan(0);
    socket.resume();
    await expect.poll(async () => [bytes, (await seen()).backlogs[0]], { timeout: 10_000 }).toEqual([sent, 0]);
    socket.terminate();
  });

  check('who is held up is heard again afterwards, and can be closed meanwhile', async () => {
    await listen();
    const socket = await connect(url);
    socket.send(Buffer.of(0));
    await expect.poll(frameCount).toBe(1);
    await host.order({ what: 'holdUp', link: 0, ms: 3_000 });
    const FRAMES = 2_000;
    for (let sent = 0; sent < FRAMES; sent++) socket.send(Buffer.alloc(FRAME_BYTES_MAX, 7));
    // What the adapter had read already.
    expect(await frameCount()).toBeLessThan(100);
    if (makesWait) await expect.poll(frameCount, { timeout: 10_000 }).toBe(1 + FRAMES);
    await expect
      .poll(
        async () => {
          socket.send(Buffer.of(9));
          return (await seen()).frames.at(-1);
        },
        { timeout: 10_000 },
      )
      .toEqual([1, 9]);
    await host.order({ what: 'holdUp', link: 0, ms: 60_000 });
    const closed = once(socket, 'close');
    await host.order({ what: 'close', link: 0 });
    await closed;
  });

  check('a message of very many parts is bounded in bytes or in parts', async () => {
    await listen();
    const socket = await connect(url);
    const closed = once(socket, 'close');
    for (let sent = 0; sent < 1000; sent++) socket.send(Buffer.alloc(limitsParts ? 0 : 100), { fin: false });
    await closed;
    await expect.poll(async () => (await seen()).broken).toEqual([limitsParts ? 'malformed' : 'too large']);
  });

  check('what was sent before close arrives; a closed link sends nothing and closes once', async () => {
    await listen();
    const socket = await connect(url);
    const got: number[] = [];
    socket.on('message', (bytes: Buffer) => got.push(bytes.length));
    const closed = once(socket, 'close');
    await host.order({ what: 'send', link: 0, bytes: 1, fill: 1 });
    await host.order({ what: 'send', link: 0, bytes: 30_000, fill: 1 });
    await host.order({ what: 'close', link: 0 });
    await host.order({ what: 'close', link: 0 });
    await host.order({ what: 'send', link: 0, bytes: 2, fill: 2 });
    expect((await closed)[0]).toBe(1000);
    expect(got).toEqual([1, 30_000]);
    await expect.poll(async () => [(await seen()).closed, (await seen()).backlogs]).toEqual([1, [0]]);
  });

  check('at the end who plays gets what was sent, and who is no WebSocket yet does not hold it up', async () => {
    await listen();
    const silent = await openTcp(port);
    const begun = await openTcp(port);
    begun.write('GET / HTTP/1.1\r\nhost: x\r\n');
    const plain = await openTcp(port);
    plain.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(String(await once(plain, 'data'))).toContain('426 Upgrade Required');
    const socket = await connect(url);
    const got: number[] = [];
    socket.on('message', (bytes: Buffer) => got.push(bytes.length));
    // It goes on sending, as players do: what nobody reads must not have the system throw away what was sent.
    const playing = setInterval(() => socket.send(Buffer.alloc(30)), 1);
    const closed = once(socket, 'close');
    await host.order({ what: 'send', link: 0, bytes: 700, fill: 1 });
    await host.order({ what: 'close', link: 0 });
    await host.order({ what: 'stop' });
    clearInterval(playing);
    expect((await closed)[0]).toBe(1000);
    expect(got).toEqual([700]);
    await expect.poll(() => [silent, begun, plain].map((tcp) => tcp.closed)).toEqual([true, true, true]);
    await expect(connect(url)).rejects.toThrow('ECONNREFUSED');
  });

  check('a crowd is asked for two inputs in a frame, few are not', async () => {
    await listen();
    const sockets = [await connect(url)];
    expect((await seen()).inputsPerFrame).toBe(1);
    for (let opened = 1; opened < 130; opened++) sockets.push(await connect(url));
    expect((await seen()).inputsPerFrame).toBe(2);
    for (const socket of sockets) socket.terminate();
    await expect.poll(async () => (await seen()).guests.length).toBe(0);
  });

  check('a port in use is one clear sentence', async () => {
    await listen();
    const other = startHost(adapter, node!);
    await expect(other.order({ what: 'listen', rules: { port } })).rejects.toMatchObject({
      code: 'DARKAGES_EDGE_PORT_IN_USE',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
    });
    other.process.disconnect();
  });
});
