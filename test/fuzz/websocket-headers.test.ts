// What crashed or hung `ws` by the headers of a handshake alone, and what a mutator makes of an honest one, at a real
// socket: whatever comes, the next honest client gets in.

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createRandom } from '../../src/base/random.ts';
import type { SocketServer } from '../../src/io/websocket-port.ts';
import { listenWs } from '../../src/io/websocket-ws.ts';
import { mutate } from './mutate.ts';

const SEED = Number(process.env.SEED ?? 3);
const MUTATED = 400;
const HEADERS = [
  'host: x',
  'upgrade: websocket',
  'connection: upgrade',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
];
/** Names that every object has: a table of extensions or protocols looked up by them finds what is none. */
const INHERITED = ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

let server: SocketServer;

beforeAll(async () => {
  server = await listenWs('127.0.0.1', 0, {
    arrived: () => ({}),
    left: () => {},
    isOriginAllowed: () => true,
    refused: () => {},
    open: () => ({}),
    frame: () => {},
    textFrame: () => {},
    controlFrame: () => true,
    brokenFrame: () => {},
    closed: () => {},
  });
});
afterAll(() => server.close());

/** Sends it, then the end of what this side says; what came back until the other side closed, or an answer was there. */
async function answerTo(bytes: string | Uint8Array): Promise<string> {
  const tcp = connectTcp(server.port, '127.0.0.1');
  tcp.on('error', () => {});
  let answer = '';
  tcp.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
    tcp.destroy();
  });
  await once(tcp, 'connect');
  const closed = once(tcp, 'close');
  tcp.end(bytes);
  await closed;
  return answer.split('\r\n')[0]!;
}

const handshake = (...headers: string[]): string => ['GET / HTTP/1.1', ...headers, '', ''].join('\r\n');

async function expectHonestIsLetIn(): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.terminate();
}

const replaced = (name: string, value: string): string[] =>
  HEADERS.map((header) => (header.startsWith(`${name}:`) ? `${name}: ${value}` : header));

const ODD: readonly (readonly [string, string])[] = [
  ['CVE-2024-37890: so many headers that those of the upgrade are left out', handshake(...fill(2_500), ...HEADERS)],
  ['CVE-2024-37890: exactly as many as Node takes', handshake(...fill(2_000 - HEADERS.length), ...HEADERS)],
  ['CVE-2024-37890: the upgrade first, and headers without end', handshake(...HEADERS, ...fill(2_500))],
  [
    'CVE-2021-32640: spaces without end in Sec-WebSocket-Protocol',
    handshake(...HEADERS, `sec-websocket-protocol: b${' '.repeat(12_000)}x`),
  ],
  ...INHERITED.flatMap((name): [string, string][] => [
    [`an extension ${name}`, handshake(...HEADERS, `sec-websocket-extensions: ${name}; ${name}=${name}`)],
    [`a protocol ${name}`, handshake(...HEADERS, `sec-websocket-protocol: ${name}, ${name}`)],
  ]),
  ...['permessage-deflate; client_max_window_bits="', 'permessage-deflate; server_max_window_bits=0', ',;=', '"'].map(
    (value): [string, string] => [`extensions ${value}`, handshake(...HEADERS, `sec-websocket-extensions: ${value}`)],
  ),
  ['extensions again and again', handshake(...HEADERS, ...new Array(300).fill('sec-websocket-extensions: a; b=c'))],
  ['a key that is none', handshake(...replaced('sec-websocket-key', '='.repeat(9_000)))],
  ['two keys', handshake(...HEADERS, HEADERS[4]!)],
  ['no key', handshake(...HEADERS.slice(0, 4))],
  ['another version', handshake(...replaced('sec-websocket-version', '99'))],
  ['an upgrade to two things', handshake(...replaced('upgrade', 'websocket, h2c'))],
  ['an upgrade to nothing', handshake(...replaced('upgrade', ''))],
  ['a handshake by POST', handshake(...HEADERS, 'content-length: 4').replace('GET', 'POST')],
];

function fill(count: number): string[] {
  return new Array<string>(count).fill('a:');
}

test.each(ODD)('%s: an answer or the end, and the next one gets in', async (_, bytes) => {
  expect(await answerTo(bytes)).toMatch(/^(HTTP\/1\.1 (101|400|405|426|431) .*)?$/);
  await expectHonestIsLetIn();
});

test('the honest handshake is answered, or nothing was tested', async () => {
  expect(await answerTo(handshake(...HEADERS))).toBe('HTTP/1.1 101 Switching Protocols');
});

test('an honest handshake, changed at random', async () => {
  const random = createRandom(SEED);
  const encoder = new TextEncoder();
  const pool = [
    handshake(...HEADERS),
    handshake(...HEADERS, 'sec-websocket-protocol: a, b'),
    handshake(...HEADERS, 'sec-websocket-extensions: permessage-deflate; client_max_window_bits=10'),
  ].map((text) => encoder.encode(text));
  const answers = new Map<string, number>();
  for (let count = 0; count < MUTATED; count++) {
    const answer = await answerTo(mutate(random, pool));
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
  console.log(`SEED=${SEED}:`, Object.fromEntries(answers));
  expect(answers.size).toBeGreaterThan(2);
  await expectHonestIsLetIn();
});
