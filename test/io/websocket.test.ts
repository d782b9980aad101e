import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { FRAME_BYTES_MAX, JOIN_TIMEOUT_MS } from '../../src/base/limits.ts';
import type { TlsIdentity } from '../../src/io/tls.ts';
import { listenWebSocket, type SocketEvents, type SocketLink, type SocketServer } from '../../src/io/websocket.ts';
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
  const server = await listenWebSocket('127.0.0.1', 0, events, tls);
  servers.push(server);
  return { seen, url: `ws://127.0.0.1:${server.port}`, port: server.port };
}

async function connect(url: string, options: WebSocket.ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  await once(socket, 'open');
  return socket;
}

const HANDSHAKE = [
  'GET / HTTP/1.1',
  'host: x',
  'upgrade: websocket',
  'connection: upgrade',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

async function openTcp(port: number): Promise<Socket> {
  const tcp = connectTcp(port, '127.0.0.1');
  tcp.on('error', () => {});
  tcp.resume();
  await once(tcp, 'connect');
  return tcp;
}

test('binary frames come through whole and in order, both ways; text ones are told apart', async () => {
  const { seen, url } = await listen();
  const socket = await connect(url);
  const got: Buffer[] = [];
  socket.on('message', (bytes: Buffer) => got.push(bytes));
  for (let size = 0; size < 40; size++) socket.send(Buffer.alloc(size * 100, size));
  socket.send('text');
  await expect.poll(() => [seen.frames.length, seen.texts]).toEqual([40, 4]);
  expect(seen.frames.map((frame) => frame.length)).toEqual(Array.from({ length: 40 }, (_, size) => size * 100));
  for (let size = 1; size < 40; size++) seen.links[0]!.send(new Uint8Array(size).fill(size), true);
  await expect.poll(() => got.length).toBe(39);
  expect(got[38]!.every((byte) => byte === 39)).toBe(true);
});

test('a frame above the wire’s limit reaches the session layer to be counted; one far above ends the connection', async () => {
  const { seen, url } = await listen();
  const socket = await connect(url);
  socket.send(Buffer.alloc(FRAME_BYTES_MAX + 1));
  await expect.poll(() => seen.frames.length).toBe(1);
  socket.send(Buffer.alloc(17 * FRAME_BYTES_MAX));
  await once(socket, 'close');
  await expect.poll(() => [seen.frames.length, seen.closed, seen.broken]).toEqual([1, 1, ['too large']]);
});

test('bytes that are no frame are counted and end the connection', async () => {
  const { seen, port } = await listen();
  const tcp = await openTcp(port);
  tcp.write(HANDSHAKE);
  await once(tcp, 'data');
  tcp.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  await once(tcp, 'close');
  await expect.poll(() => [seen.broken, seen.closed]).toEqual([['malformed'], 1]);
});

test('a socket that never becomes a WebSocket neither stays nor holds up the end', async () => {
  const { port } = await listen();
  const silent = await openTcp(port);
  const begun = await openTcp(port);
  begun.write('GET / HTTP/1.1\r\nhost: x\r\n');
  const asked = await openTcp(port);
  asked.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(String(await once(asked, 'data'))).toContain('426 Upgrade Required');
  const ends = [silent, begun, asked].map((tcp) => once(tcp, 'close'));
  const server = servers.pop()!;
  await server.close();
  await Promise.all(ends);
});

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

test('a message of very many parts ends the connection', async () => {
  const { seen, url } = await listen();
  const socket = await connect(url);
  for (let sent = 0; sent < 1000; sent++) socket.send(Buffer.alloc(0), { fin: false });
  await once(socket, 'close');
  expect(seen.broken).toEqual(['malformed']);
});

test('a page of another origin is refused and counted', async () => {
  const { seen, url } = await listen();
  const socket = new WebSocket(url, { origin: 'http://evil.example' });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toContain('401');
  expect([seen.refused, seen.links.length]).toEqual([1, 0]);
  (await connect(url, { origin: 'http://good.example' })).close();
});

test('what was sent before close arrives; a closed link sends nothing and closes once', async () => {
  const { seen, url } = await listen();
  const socket = await connect(url);
  const got: Buffer[] = [];
  socket.on('message', (bytes: Buffer) => got.push(bytes));
  await expect.poll(() => seen.links.length).toBe(1);
  const link = seen.links[0]!;
  link.send(Uint8Array.of(1), true);
  link.close();
  link.close();
  link.send(Uint8Array.of(2), true);
  await once(socket, 'close');
  expect(got).toEqual([Buffer.from([1])]);
  await expect.poll(() => seen.closed).toBe(1);
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

test('when the session layer has no room the client is told to try later', async () => {
  const { url } = await listen({ open: () => undefined });
  const socket = new WebSocket(url);
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(1013);
});

test('a port in use is one clear sentence', async () => {
  const { port } = await listen();
  await expect(listenWebSocket('127.0.0.1', port, {} as SocketEvents<Guest, Seen>)).rejects.toMatchObject({
    code: 'DARKAGES_EDGE_PORT_IN_USE',
    message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
  });
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
