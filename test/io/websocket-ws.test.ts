// What of the `ws` adapter is its own; the rest is in test/contract/websocket.test.ts.

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { JOIN_TIMEOUT_MS } from '../../src/base/limits.ts';
import type { TlsIdentity } from '../../src/io/tls.ts';
import type { SocketEvents, SocketLink, SocketServer } from '../../src/io/websocket-port.ts';
import { listenWs } from '../../src/io/websocket-ws.ts';
import { makeIdentity } from './identity.ts';

interface Guest {
  readonly address: string;
}

interface Seen {
  readonly guests: Set<Guest>;
  readonly frames: Buffer[];
  readonly links: SocketLink[];
  texts: number;
  controls: number;
  closed: number;
  refused: number;
  readonly broken: string[];
}

const servers: SocketServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function listen(
  changes: Partial<SocketEvents<Guest, Seen>> = {},
  tls?: TlsIdentity,
): Promise<{ seen: Seen; url: string; port: number }> {
  const seen: Seen = {
    guests: new Set(),
    frames: [],
    links: [],
    texts: 0,
    controls: 0,
    closed: 0,
    refused: 0,
    broken: [],
  };
  const events: SocketEvents<Guest, Seen> = {
    isOriginAllowed: (origin) => origin === undefined || origin === 'http://good.example',
    refused: () => void seen.refused++,
    arrived: (address) => {
      const guest = { address };
      seen.guests.add(guest);
      return guest;
    },
    left: (guest) => void seen.guests.delete(guest),
    open: (link) => {
      seen.links.push(link);
      return seen;
    },
    frame: (_, bytes) => void seen.frames.push(Buffer.from(bytes)),
    textFrame: (_, bytes) => {
      seen.texts += bytes;
    },
    controlFrame: (_, bytes) => {
      seen.controls += bytes;
      return true;
    },
    brokenFrame: (_, isTooLarge) => void seen.broken.push(isTooLarge ? 'too large' : 'malformed'),
    closed: () => void seen.closed++,
    ...changes,
  };
  const server = await listenWs('127.0.0.1', 0, events, tls);
  servers.push(server);
  return { seen, url: `ws://127.0.0.1:${server.port}`, port: server.port };
}

async function connect(url: string, options: WebSocket.ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  await once(socket, 'open');
  return socket;
}

async function openTcp(port: number): Promise<Socket> {
  const tcp = connectTcp(port, '127.0.0.1');
  tcp.on('error', () => {});
  tcp.resume();
  await once(tcp, 'connect');
  return tcp;
}

test('pings are answered while nothing waits to be sent, and add nothing to what does', async () => {
  const { seen, url } = await listen();
  const socket = await connect(url);
  socket.ping('hello');
  expect(String((await once(socket, 'pong'))[0])).toBe('hello');
  socket.pause();
  const link = seen.links[0]!;
  for (let sent = 0; sent < 200 && link.backlogBytes() === 0; sent++) {
    link.send(new Uint8Array(1 << 20), true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const waiting = link.backlogBytes();
  expect(waiting).toBeGreaterThan(0);
  for (let sent = 0; sent < 10_000; sent++) socket.ping(Buffer.alloc(125));
  socket.send(Buffer.of(1));
  await expect.poll(() => seen.frames.length).toBe(1);
  expect(link.backlogBytes()).toBeLessThanOrEqual(waiting);
  socket.terminate();
});

test('who is held up is not read for so long: what it sends waits with it, and comes then, in order', async () => {
  const { seen, url } = await listen();
  const socket = await connect(url);
  socket.send(Buffer.of(0));
  await expect.poll(() => seen.frames.length).toBe(1);
  seen.links[0]!.holdUp(2000);
  const payload = new Uint8Array(4096).fill(7);
  const FRAMES = 4000;
  for (let sent = 0; sent < FRAMES; sent++) socket.send(payload);
  await new Promise((resolve) => setTimeout(resolve, 200));
  // What the socket had read already.
  expect(seen.frames.length).toBeLessThan(100);
  expect(socket.bufferedAmount).toBeGreaterThan(1 << 20);
  await expect.poll(() => seen.frames.length, { timeout: 10_000 }).toBe(1 + FRAMES);
  seen.links[0]!.holdUp(60_000);
  seen.links[0]!.close();
  await once(socket, 'close');
});

test('pings and pongs are told to the session layer, and a ping that it refuses is not answered', async () => {
  let allowed = 2;
  const { seen, url } = await listen({ controlFrame: () => allowed-- > 0 });
  const socket = await connect(url);
  let pongs = 0;
  socket.on('pong', () => pongs++);
  for (let sent = 0; sent < 10; sent++) socket.ping('abc');
  for (let sent = 0; sent < 5; sent++) socket.pong('abc');
  socket.send(Buffer.of(1));
  await expect.poll(() => seen.frames.length).toBe(1);
  expect([pongs, allowed]).toEqual([2, 2 - 15]);
});

test('a socket that is not let in ends before it is read; one that is counts until it is gone', async () => {
  const { seen, url, port } = await listen({
    arrived: (address) => {
      if (seen.guests.size === 2) return undefined;
      const guest = { address };
      seen.guests.add(guest);
      return guest;
    },
  });
  const tcp = await openTcp(port);
  const socket = await connect(url);
  expect([...seen.guests].map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.1']);
  const [error] = (await once(new WebSocket(url), 'error')) as [NodeJS.ErrnoException];
  expect(error.message).toMatch(/hang up|ECONNRESET/);
  seen.links[0]!.close();
  await expect.poll(() => seen.guests.size).toBe(1);
  tcp.destroy();
  await expect.poll(() => seen.guests.size).toBe(0);
  socket.terminate();
});

test('with a certificate the same port takes wss and ws: each whole, counted, and told goodbye', async () => {
  const tls = await makeIdentity();
  const opened: Guest[] = [];
  const { seen, url } = await listen(
    {
      open: (link, guest) => {
        opened.push(guest);
        seen.links.push(link);
        return seen;
      },
    },
    tls,
  );
  const sockets = [await connect(url), await connect(url.replace('ws:', 'wss:'), { ca: tls.cert })];
  expect(new Set(opened)).toEqual(seen.guests);
  expect(opened).toHaveLength(2);
  const got: number[] = [];
  for (const [index, socket] of sockets.entries()) {
    socket.on('message', (bytes: Buffer) => got.push(bytes.length));
    for (let size = 1; size < 40; size++) socket.send(Buffer.alloc(size * 100, size));
    await expect.poll(() => seen.frames.length).toBe((index + 1) * 39);
    for (let size = 1; size < 40; size++) seen.links[index]!.send(new Uint8Array(size), true);
    await expect.poll(() => got.length).toBe((index + 1) * 39);
  }
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  for (const link of seen.links) link.close();
  expect((await closed).map(([code]) => code)).toEqual([1000, 1000]);
  await expect.poll(() => [seen.guests.size, seen.closed]).toEqual([0, 2]);
});

// The end has to come before the silent socket's own time is over.
const BEFORE_IT_IS_LET_GO = { timeout: JOIN_TIMEOUT_MS - 500 };

test(
  'with a certificate too who is refused at once costs nothing, and who says nothing does not hold the end up',
  BEFORE_IT_IS_LET_GO,
  async () => {
    const tls = await makeIdentity();
    const refusing = await listen({ arrived: () => undefined }, tls);
    const tcp = await openTcp(refusing.port);
    await once(tcp, 'close');
    const { seen, port } = await listen({}, tls);
    const silent = await openTcp(port);
    await expect.poll(() => seen.guests.size).toBe(1);
    const gone = once(silent, 'close');
    await servers.pop()!.close();
    await gone;
  },
);
