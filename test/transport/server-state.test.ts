import { expect, test } from 'vitest';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { updateClient } from '../../src/transport/client.ts';
import { sendToClient } from '../../src/transport/server.ts';
import { drawSequence } from '../../src/transport/server-state.ts';
import { CONNECTED } from '../../src/transport/states.ts';
import { connect, createLab, exchange, type LabServer, START_MS } from './lab.ts';

/** The highest byte of a packet's sequence number, if it has eight. */
function topByte(bytes: Uint8Array): number {
  return bytes[0]! >> 4 === 8 ? bytes[8]! : 0;
}

test('what is sent before a slot is taken is counted from 2⁶³ on, what is sent to a slot from below', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const lab = createLab(seed);
    const server = lab.startServer();
    const client = lab.startClient();
    server.receive(START_MS, client.address, client.take()[0]!.bytes);
    const [challenge] = server.take();
    expect(topByte(challenge!.bytes) & 0xc0).toBe(0x80);
    client.receive(START_MS, challenge!.bytes);
    server.receive(START_MS, client.address, client.take()[0]!.bytes);
    expect(topByte(server.take()[0]!.bytes) & 0xc0).toBe(0);
  }
});

test('a beginning is drawn anew each time, from 62 bits', () => {
  const words = new Uint32Array(3);
  const drawn = new Set<string>();
  let highest = 0;
  for (let draw = 0; draw < 1000; draw++) {
    drawSequence(createSodiumAead(), words, 1);
    drawn.add(words.join());
    highest |= words[2]!;
  }
  expect([drawn.size, words[0], highest]).toEqual([1000, 0, 0x3fff_ffff]);
});

test('the tables of a server hash under 53 bits that each start draws anew', () => {
  const lab = createLab(3);
  const tables = [1, 2].flatMap(() => {
    const { slots, handshakes, usedTokens } = lab.startServer().server;
    return [slots.byAddress, handshakes.byAddress, usedTokens.byTag];
  });
  expect(new Set(tables.map(({ seedLow }) => seedLow)).size).toBe(2);
  expect(new Set(tables.map(({ seedHigh }) => seedHigh)).size).toBe(2);
});

/** Connects with a token that may have been used at another start; nonces of the server are watched by the lab. */
function connectAgain(lab: ReturnType<typeof createLab>, server: LabServer, token: Uint8Array): void {
  const client = lab.startClient({ token, isCareless: true });
  for (let attempt = 0; attempt < 5; attempt++) {
    const nowMs = START_MS + attempt * 100;
    // Several challenges: the answers to some requests are lost.
    for (const { bytes } of client.take()) server.receive(nowMs, client.address, bytes);
    server.take();
    updateClient(client.client, nowMs + 100);
  }
  exchange(server, client, START_MS + 500);
  expect(client.client.state).toBe(CONNECTED);
  for (let count = 0; count < 50; count++) sendToClient(server.server, START_MS, 0, Uint8Array.of(count), 0, 1);
  server.take();
}

test('no nonce comes twice: one token shown to many starts of the server, as replayed by whoever has seen it', () => {
  const lab = createLab(77);
  const token = lab.mint();
  const before = lab.nonces.count();
  for (let start = 0; start < 50; start++) connectAgain(lab, lab.startServer(), token);
  // Each start: 5 challenges or more, twice sealed, a keep-alive, 50 payloads.
  expect(lab.nonces.count() - before).toBeGreaterThan(50 * 60);
});

test('the checker would have seen it', () => {
  const lab = createLab(78);
  const [key, nonce, bytes] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(20)];
  lab.aead.seal(key, nonce, bytes, bytes, 0, 0, bytes, 0);
  expect(() => lab.aead.seal(key, nonce, bytes, bytes, 0, 0, bytes, 0)).toThrow('twice');
});

test('a server without an address, or with too little room for tokens, is a mistake', () => {
  const lab = createLab(79);
  expect(() => lab.startServer({ addresses: [] })).toThrow('addresses');
  expect(() => lab.startServer({ tokensMax: 3 })).toThrow('tokens');
  connect(lab, lab.startServer({ tokensMax: 4 }));
});
