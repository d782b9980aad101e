import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { acceptTlsToo, type TlsDoor, type TlsIdentity } from '../../src/io/tls.ts';
import { makeIdentity } from './identity.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';

let identity: TlsIdentity;
let server: Server;
let door: TlsDoor;
let port: number;
let arrived: Socket[];

beforeAll(async () => {
  identity = await makeIdentity();
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  door.closeSilent();
  await once(server, 'close');
});

async function listen(requirePq = false, silentMs = 10_000, headersTimeout = 10_000): Promise<void> {
  arrived = [];
  server = createServer({ headersTimeout, connectionsCheckingInterval: 50 }, ({ socket }, response) => {
    response.end(
      `${arrived.includes(door.accepted(socket)) ? 'known' : 'unknown'}, ${'getProtocol' in socket ? 'TLS' : 'plain'}`,
    );
  });
  door = acceptTlsToo(server, { ...identity, requirePq }, silentMs);
  server.on('connection', (tcp: Socket) => arrived.push(tcp));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
}

/** The group and version that were agreed on, or the error's code. */
async function shake(options: ConnectionOptions = {}): Promise<unknown> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: identity.cert, ...options });
  const result = await new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.once('secureConnect', () => resolve([socket.getProtocol(), groupOf(socket)]));
  });
  socket.destroy();
  return result;
}

function groupOf(socket: TLSSocket): string | undefined {
  return (socket.getEphemeralKeyInfo() as { name?: string }).name;
}

async function silentTcp(bytes: string): Promise<Socket> {
  const tcp = connectTcp(port, '127.0.0.1');
  tcp.on('error', () => {}).resume();
  await once(tcp, 'connect');
  if (bytes !== '') tcp.write(bytes, 'latin1');
  return tcp;
}

/** A connection whose first bytes go out alone, and the rest when the server has read them. */
async function cutTcp(cut: number): Promise<Duplex> {
  const count = arrived.length;
  const tcp = connectTcp(port, '127.0.0.1');
  await expect.poll(() => arrived.length).toBe(count + 1);
  let isFirst = true;
  const duplex = new Duplex({
    read() {},
    async write(chunk: Buffer, _encoding, done) {
      if (isFirst) {
        isFirst = false;
        tcp.write(chunk.subarray(0, cut));
        await expect.poll(() => arrived[count]!.bytesRead).toBe(cut);
        tcp.write(chunk.subarray(cut));
      } else tcp.write(chunk);
      done();
    },
    final: (done) => void tcp.end(done),
  });
  tcp.on('data', (chunk) => duplex.push(chunk)).on('end', () => duplex.push(null));
  return duplex;
}

test('one port takes plain requests and such in TLS, wherever they are cut, and says which socket was accepted', async () => {
  await listen();
  for (const cut of [1, 2, 17, REQUEST.length]) {
    const plain = await cutTcp(cut);
    plain.write(REQUEST);
    expect((await text(plain)).split('\r\n').at(-1)).toBe('known, plain');
    const tls = connectTls({ socket: await cutTcp(cut), host: '127.0.0.1', ca: identity.cert });
    tls.write(REQUEST);
    expect((await text(tls)).split('\r\n').at(-1)).toBe('known, TLS');
  }
});

test('TLS is 1.3 alone, post-quantum with who can, and a stranger’s certificate is none', async () => {
  await listen();
  expect(await shake()).toEqual(['TLSv1.3', 'X25519MLKEM768']);
  expect(await shake({ ecdhCurve: 'X25519' })).toEqual(['TLSv1.3', 'X25519']);
  expect(await shake({ maxVersion: 'TLSv1.2' })).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  expect(await shake({ ca: (await makeIdentity()).cert })).toMatch(/SELF_SIGNED/);
});

test('with requirePq who has X25519 alone is refused', async () => {
  await listen(true);
  expect(await shake({ ecdhCurve: 'X25519MLKEM768' })).toEqual(['TLSv1.3', 'X25519MLKEM768']);
  expect(await shake({ ecdhCurve: 'X25519:X25519MLKEM768' })).toEqual(['TLSv1.3', 'X25519MLKEM768']);
  expect(await shake({ ecdhCurve: 'X25519' })).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
  expect(await shake({ ecdhCurve: 'P-256' })).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
});

test('who sends nothing, half a handshake, or junk is let go, and the next one is served', async () => {
  await listen(false, 200, 300);
  for (const bytes of ['', '\x16', '\x16\x03\x01\x02', '\x16junk that is no TLS', 'junk\r\n\r\n', '\x00\x00']) {
    const tcp = await silentTcp(bytes);
    await once(tcp, 'close');
  }
  const gone = await silentTcp('');
  gone.destroy();
  expect(await shake()).toEqual(['TLSv1.3', 'X25519MLKEM768']);
});

test('the end does not wait for who says nothing', async () => {
  await listen(false, 60_000);
  const tcp = await silentTcp('');
  await expect.poll(() => arrived.length).toBe(1);
  door.closeSilent();
  await once(tcp, 'close');
});
