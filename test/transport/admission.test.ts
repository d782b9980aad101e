import { expect, test } from 'vitest';
import { parseAddress } from '../../src/transport/address.ts';
import { sendToServer, updateClient } from '../../src/transport/client.ts';
import type { CountName } from '../../src/transport/counts.ts';
import { CHALLENGE, DENIED, LONG_NONCE_BYTES, REQUEST_BYTES } from '../../src/transport/layout.ts';
import { disconnectClient, sendToClient, updateServer } from '../../src/transport/server.ts';
import { CLIENT_CONNECTED, CLIENT_DISCONNECTED } from '../../src/transport/server-state.ts';
import { CONNECTED } from '../../src/transport/states.ts';
import {
  clientAddress,
  connect,
  createLab,
  exchange,
  KEY,
  type Lab,
  type LabClient,
  type LabServer,
  PROTOCOL_ID,
  SERVER_ADDRESS,
  START_MS,
} from './lab.ts';

const HERE = clientAddress(1000);
const THERE = clientAddress(1001);

function requestOf(lab: Lab, token: Uint8Array = lab.mint()): Uint8Array {
  return lab.startClient({ token }).take()[0]!.bytes;
}

/** Up to where the client sends its response, which is handed out. */
function challenge(lab: Lab, server: LabServer, client: LabClient = lab.startClient()): Uint8Array {
  server.receive(START_MS, client.address, client.take()[0]!.bytes);
  client.receive(START_MS, server.take()[0]!.bytes);
  return client.take()[0]!.bytes;
}

function typesOf(packets: readonly { bytes: Uint8Array }[]): number[] {
  return packets.map(({ bytes }) => bytes[0]! & 15);
}

/** A request whose private token holds `text`, sealed as an issuer would. */
function requestWith(lab: Lab, text: Uint8Array): Uint8Array {
  const request = requestOf(lab);
  const additional = request.slice(1, 30);
  lab.aead.seal(KEY, request.slice(30, 30 + LONG_NONCE_BYTES).fill(7), additional, text, 0, 1008, request, 54);
  request.fill(7, 30, 30 + LONG_NONCE_BYTES);
  return request;
}

const REFUSALS: readonly [CountName, string, (lab: Lab) => { bytes: Uint8Array; atMs?: number }][] = [
  ['requestSize', 'a byte short', (lab) => ({ bytes: requestOf(lab).subarray(0, REQUEST_BYTES - 1) })],
  ['requestSize', 'a byte long', (lab) => ({ bytes: Uint8Array.of(...requestOf(lab), 0) })],
  ['requestVersion', 'of NETCODE 1.01', (lab) => ({ bytes: requestOf(lab).fill(0x31, 12, 13) })],
  ['requestProtocol', 'for another protocol', (lab) => ({ bytes: requestOf(lab, lab.mint({ protocolId: 1n })) })],
  ['requestExpired', 'at its expiry', (lab) => ({ bytes: requestOf(lab), atMs: START_MS + 60_000 })],
  ['requestFuture', 'valid for longer than any', (lab) => ({ bytes: requestOf(lab), atMs: START_MS - 3_541_000 })],
  ['requestFuture', 'valid for ever', (lab) => ({ bytes: requestOf(lab).fill(255, 22, 30) })],
  ['requestForged', 'with another expiry', (lab) => ({ bytes: requestOf(lab).fill(0x3d, 22, 23) })],
  ['requestForged', 'with another nonce', (lab) => ({ bytes: requestOf(lab).fill(1, 30, 31) })],
  ['requestForged', 'with another tag', (lab) => ({ bytes: requestOf(lab).fill(1, 1070, 1078) })],
  ['requestMalformed', 'with zeros sealed', (lab) => ({ bytes: requestWith(lab, new Uint8Array(1008)) })],
  ['requestMalformed', 'with ones sealed', (lab) => ({ bytes: requestWith(lab, new Uint8Array(1008).fill(255)) })],
  [
    'requestOtherServer',
    'for another port',
    (lab) => ({ bytes: requestOf(lab, lab.mint({ addresses: [parseAddress('10.0.0.1:7778')!] })) }),
  ],
];

test.each(REFUSALS)('%s: a request %s is dropped, counted and not answered', (reason, _, make) => {
  const lab = createLab(1);
  const server = lab.startServer();
  const { bytes, atMs = START_MS } = make(lab);
  server.receive(atMs, HERE, bytes);
  expect(server.moved()).toEqual({ [reason]: 1 });
  expect(server.take()).toEqual([]);
  expect(server.server.usedTokens.byTag.count).toBe(0);
  expect(server.server.handshakes.byAddress.count).toBe(0);
});

test('a request that is cut anywhere or has any bit flipped is not answered, and leaves nothing', () => {
  const lab = createLab(2);
  const server = lab.startServer();
  const bytes = requestOf(lab);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    server.receive(START_MS, HERE, bytes);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (let length = 0; length < bytes.length; length++) server.receive(START_MS, HERE, bytes.subarray(0, length));
  expect(server.take()).toEqual([]);
  expect(server.server.usedTokens.byTag.count).toBe(0);
  server.receive(START_MS, HERE, bytes);
  expect(typesOf(server.take())).toEqual([CHALLENGE]);
});

test('a token names one server of several: each takes it', () => {
  const lab = createLab(3);
  const others = Array.from({ length: 31 }, (_, index) => parseAddress(`[2001::${index}]:9`)!);
  const token = lab.mint({ addresses: [...others, SERVER_ADDRESS] });
  const server = lab.startServer();
  server.receive(START_MS, HERE, requestOf(lab, token));
  expect(server.moved()).toEqual({ challenges: 1 });
});

test('a token that was shown from one address is none from another', () => {
  const lab = createLab(4);
  const server = lab.startServer();
  const client = lab.startClient();
  const { bytes } = client.take()[0]!;
  server.receive(START_MS, client.address, bytes);
  const [answer] = server.take();
  server.receive(START_MS, THERE, bytes);
  expect(server.moved()).toEqual({ challenges: 1, requestElsewhere: 1 });
  expect(server.take()).toEqual([]);
  // The first one is none the worse.
  client.receive(START_MS, answer!.bytes);
  exchange(server, client, START_MS);
  expect(client.client.state).toBe(CONNECTED);
});

test('a token connects once: when the connection is gone it is spent, from its own address too', () => {
  const lab = createLab(5);
  const server = lab.startServer();
  const token = lab.mint();
  const client = connect(lab, server, { token });
  disconnectClient(server.server, START_MS, 0);
  server.take();
  server.moved();
  const again = lab.startClient({ token, address: client.address });
  server.receive(START_MS, client.address, again.take()[0]!.bytes);
  expect(server.moved()).toEqual({ requestSpent: 1 });
  expect(server.take()).toEqual([]);
});

test('what an earlier start may have seen is refused: tokens issued before this one', () => {
  const lab = createLab(17);
  const startS = START_MS / 1000;
  const server = lab.startServer({ expiresAfterS: startS + 60 });
  server.receive(START_MS + 1000, HERE, requestOf(lab, lab.mint({ expiresS: startS + 60 })));
  expect(server.moved()).toEqual({ requestEarlier: 1 });
  expect(server.take()).toEqual([]);
  server.receive(START_MS + 1000, HERE, requestOf(lab, lab.mint({ createdS: startS + 1, expiresS: startS + 61 })));
  expect(server.moved()).toEqual({ challenges: 1 });
});

test('tokens expire by the date, however far the clock is from it, and after the date was set', () => {
  const lab = createLab(19);
  const server = lab.startServer({ tokenLifetimeSMax: 60 });
  const token = lab.mint();
  for (const nowMs of [0, 12_345, START_MS + 3_600_000]) {
    updateServer(server.server, nowMs, START_MS + 59_999);
    server.receive(nowMs, HERE, requestOf(lab, token));
    expect(server.moved()).toEqual({ challenges: 1 });
    // Its handshake is no older than the token.
    updateServer(server.server, nowMs + 1, START_MS + 60_000);
    server.receive(nowMs + 1, HERE, requestOf(lab, token));
    expect(server.moved()).toEqual({ requestExpired: 1 });
    expect(server.server.handshakes.byAddress.count).toBe(0);
    updateServer(server.server, nowMs, START_MS - 1);
    server.receive(nowMs, HERE, requestOf(lab, token));
    expect(server.moved()).toEqual({ requestFuture: 1 });
  }
});

test('a player who is connected gets in by another token from another address; both are there', () => {
  const lab = createLab(6);
  const server = lab.startServer();
  const before = connect(lab, server, { token: lab.mint({ clientId: 77n }) });
  const after = connect(lab, server, { token: lab.mint({ clientId: 77n }), address: THERE });
  expect(server.happened()).toEqual([
    [CLIENT_CONNECTED, 0],
    [CLIENT_CONNECTED, 1],
  ]);
  for (const [slot, client] of [before, after].entries()) {
    sendToClient(server.server, START_MS, slot, Uint8Array.of(slot), 0, 1);
    expect(client.receive(START_MS, server.take()[0]!.bytes)).toEqual(Uint8Array.of(slot));
  }
});

test('from the same address the response for another token takes the place of who was connected, and nothing else does', () => {
  const lab = createLab(20);
  const server = lab.startServer({ clientsMax: 1 });
  const before = connect(lab, server, { token: lab.mint({ clientId: 77n }) });
  server.happened();
  server.moved();
  const after = lab.startClient({ token: lab.mint({ clientId: 77n }), address: before.address });
  const response = challenge(lab, server, after);
  // Who was there plays on: whoever asks has proven nothing.
  sendToServer(before.client, START_MS, Uint8Array.of(9), 0, 1);
  expect(server.receive(START_MS, before.address, before.take()[0]!.bytes)).toEqual(Uint8Array.of(9));
  for (let bit = 0; bit < response.length * 8; bit += 7) {
    response[bit >> 3]! ^= 1 << (bit & 7);
    server.receive(START_MS, before.address, response);
    response[bit >> 3]! ^= 1 << (bit & 7);
  }
  expect(server.happened()).toEqual([]);
  server.moved();
  server.receive(START_MS, before.address, response);
  expect(server.happened()).toEqual([
    [CLIENT_DISCONNECTED, 0],
    [CLIENT_CONNECTED, 0],
  ]);
  expect(server.moved()).toEqual({ disconnects: 1, connects: 1 });
  for (const { bytes } of server.take()) after.receive(START_MS, bytes);
  expect(after.client.state).toBe(CONNECTED);
  // Nothing of the old keys is left.
  sendToServer(before.client, START_MS, Uint8Array.of(9), 0, 1);
  expect(server.receive(START_MS, before.address, before.take()[0]!.bytes)).toBeUndefined();
  expect(server.moved()).toEqual({ dropForged: 1 });
});

test('a full server says so, to requests and to responses, and to nobody without a good token', () => {
  const lab = createLab(7);
  const server = lab.startServer({ clientsMax: 1 });
  const late = lab.startClient();
  const response = challenge(lab, server, late);
  connect(lab, server);
  server.moved();
  server.receive(START_MS, HERE, requestOf(lab));
  server.receive(START_MS, late.address, response);
  expect(typesOf(server.take())).toEqual([DENIED, DENIED]);
  expect(server.moved()).toEqual({ denials: 2 });
  expect(server.server.handshakes.byAddress.count).toBe(0);
  server.receive(START_MS, late.address, response);
  expect(server.moved()).toEqual({ dropStranger: 1 });
});

test('a full server forgets the handshake of who asks again', () => {
  const lab = createLab(8);
  const server = lab.startServer({ clientsMax: 1 });
  const request = requestOf(lab);
  server.receive(START_MS, HERE, request);
  connect(lab, server);
  server.take();
  server.receive(START_MS + 100, HERE, request);
  expect(typesOf(server.take())).toEqual([DENIED]);
  expect(server.server.handshakes.byAddress.count).toBe(0);
});

test('a response works from its own address, with its own challenge, of this start of the server', () => {
  const lab = createLab(9);
  const server = lab.startServer();
  const one = lab.startClient();
  const two = lab.startClient();
  const response = challenge(lab, server, one);
  challenge(lab, server, two);
  server.moved();
  server.receive(START_MS, THERE, response);
  expect(server.moved()).toEqual({ dropStranger: 1 });
  server.receive(START_MS, two.address, response);
  expect(server.moved()).toEqual({ dropForged: 1 });
  // The other's challenge, sealed by its own keys: what somebody with two tokens could send.
  one.client.response.set(two.client.response);
  updateClient(one.client, START_MS + 100);
  server.receive(START_MS, one.address, one.take()[0]!.bytes);
  expect(server.moved()).toEqual({ responseForged: 1 });

  // Two tokens of one player: the challenge that came to its own address proves no other one.
  const mine = lab.startClient({ token: lab.mint({ clientId: 77n }) });
  const elsewhere = lab.startClient({ token: lab.mint({ clientId: 77n }), address: THERE });
  challenge(lab, server, mine);
  challenge(lab, server, elsewhere);
  elsewhere.client.response.set(mine.client.response);
  updateClient(elsewhere.client, START_MS + 100);
  server.moved();
  server.receive(START_MS, THERE, elsewhere.take()[0]!.bytes);
  expect(server.moved()).toEqual({ responseForged: 1 });
  // And from one address, one token's no other's.
  const again = lab.startClient({ token: lab.mint({ clientId: 77n }), address: mine.address });
  challenge(lab, server, again);
  again.client.response.set(mine.client.response);
  updateClient(again.client, START_MS + 100);
  server.moved();
  server.receive(START_MS, again.address, again.take()[0]!.bytes);
  expect(server.moved()).toEqual({ responseForged: 1 });

  const restarted = lab.startServer();
  const asking = lab.startClient();
  const stale = challenge(lab, server, asking);
  restarted.receive(START_MS, asking.address, requestOf(lab, lab.mint()));
  restarted.moved();
  restarted.receive(START_MS, asking.address, stale);
  expect(restarted.moved()).toEqual({ dropForged: 1 });
});

test('a response with any bit flipped, or cut anywhere, is dropped; then the right one connects', () => {
  const lab = createLab(10);
  const server = lab.startServer();
  const client = lab.startClient();
  const response = challenge(lab, server, client);
  server.moved();
  for (let bit = 0; bit < response.length * 8; bit++) {
    response[bit >> 3]! ^= 1 << (bit & 7);
    server.receive(START_MS, client.address, response);
    response[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (let length = 0; length < response.length; length++) {
    server.receive(START_MS, client.address, response.subarray(0, length));
  }
  expect(server.take()).toEqual([]);
  expect(server.happened()).toEqual([]);
  server.receive(START_MS, client.address, response);
  expect(server.happened()).toEqual([[CLIENT_CONNECTED, 0]]);
  server.moved();
  server.receive(START_MS, client.address, response);
  expect(server.moved()).toEqual({ responseConnected: 1 });
});

test('handshakes are bounded: the oldest makes room, and gets in with its next request', () => {
  const lab = createLab(12);
  const server = lab.startServer({ handshakesMax: 2 });
  const clients = [1, 2, 3].map(() => lab.startClient());
  const requests = clients.map((client) => client.take()[0]!.bytes);
  for (const index of [0, 1, 2]) server.receive(START_MS + index, clients[index]!.address, requests[index]!);
  expect(server.moved()).toEqual({ challenges: 3, handshakesEvicted: 1 });
  clients[0]!.receive(START_MS, server.take()[0]!.bytes);
  server.receive(START_MS + 3, clients[0]!.address, clients[0]!.take()[0]!.bytes);
  expect(server.moved()).toEqual({ dropStranger: 1 });
  server.receive(START_MS + 4, clients[0]!.address, requests[0]!);
  expect(server.moved()).toEqual({ challenges: 1, handshakesEvicted: 1 });
  expect(server.server.handshakes.byAddress.count).toBe(2);
});

test('half-open handshakes, ten times as many as there is room for, keep no honest client out', () => {
  const lab = createLab(18);
  const server = lab.startServer({ clientsMax: 40, handshakesMax: 64, tokensMax: 4096 });
  const flood = Array.from({ length: 640 }, () => requestOf(lab));
  let nowMs = START_MS;
  for (let round = 0; round < 32; round++) {
    const client = lab.startClient({ nowMs });
    // Twenty of them come in the time in which the client gets its challenge and answers it.
    server.receive(nowMs, client.address, client.take()[0]!.bytes);
    const [challenged] = server.take();
    for (const [index, request] of flood.slice(round * 20, round * 20 + 20).entries()) {
      nowMs += 0.25;
      server.receive(nowMs, clientAddress(2000 + round * 20 + index), request);
    }
    server.take();
    client.receive(nowMs, challenged!.bytes);
    exchange(server, client, nowMs);
    expect(client.client.state).toBe(CONNECTED);
    server.happened();
  }
  const { connects, handshakesEvicted } = server.moved();
  expect(connects).toBe(32);
  expect(handshakesEvicted).toBeGreaterThan(500);
});

test('requests that come again open nothing new; a newer token of the address takes the place', () => {
  const lab = createLab(13);
  const server = lab.startServer();
  const request = requestOf(lab);
  for (let count = 0; count < 5; count++) server.receive(START_MS + count * 50, HERE, request);
  expect(typesOf(server.take())).toEqual(new Array(5).fill(CHALLENGE));
  server.moved();
  // Copies, faster than any client asks.
  for (let count = 0; count < 100; count++) server.receive(START_MS + 201 + count / 4, HERE, request);
  expect(typesOf(server.take())).toEqual([]);
  expect(server.moved()).toEqual({ requestAgain: 100 });
  const newer = lab.startClient({ address: HERE });
  const response = challenge(lab, server, newer);
  expect(server.server.handshakes.byAddress.count).toBe(1);
  server.receive(START_MS, HERE, response);
  expect(server.happened()).toEqual([[CLIENT_CONNECTED, 0]]);
});

test('a handshake is forgotten after its token’s timeout, counted from the last request, or at its expiry', () => {
  const lab = createLab(14);
  const server = lab.startServer();
  const request = requestOf(lab);
  server.receive(START_MS, HERE, request);
  server.receive(START_MS + 4000, HERE, request);
  server.receive(START_MS, THERE, requestOf(lab, lab.mint({ timeoutS: -1 })));
  updateServer(server.server, START_MS + 8999);
  expect(server.server.handshakes.byAddress.count).toBe(2);
  updateServer(server.server, START_MS + 9000);
  expect(server.server.handshakes.byAddress.count).toBe(1);
  updateServer(server.server, START_MS + 60_000);
  expect(server.server.handshakes.byAddress.count).toBe(0);
});

test('used tokens are bounded: the oldest is forgotten and counted', () => {
  const lab = createLab(15);
  const server = lab.startServer({ clientsMax: 2, tokensMax: 2, handshakesMax: 9 });
  const requests = [1, 2, 3].map(() => requestOf(lab));
  for (const [index, request] of requests.entries()) server.receive(START_MS, clientAddress(index), request);
  expect(server.moved()).toEqual({ challenges: 3, tokensEvicted: 1 });
  server.receive(START_MS, THERE, requests[2]!);
  expect(server.moved()).toEqual({ requestElsewhere: 1 });
});

test('a challenge says what it must to the client and nothing else of the server', () => {
  const lab = createLab(16);
  const server = lab.startServer();
  const one = lab.startClient();
  challenge(lab, server, one);
  const first = one.client.response.slice();
  const two = lab.startClient();
  challenge(lab, server, two);
  // Numbered from 0; the rest is sealed with a key of this start.
  expect(new DataView(first.buffer).getBigUint64(0, true)).toBe(0n);
  expect(new DataView(two.client.response.buffer).getBigUint64(0, true)).toBe(1n);
  expect(server.server.challengeKey).not.toEqual(lab.startServer().server.challengeKey);
  expect(server.server.codec.additional.slice(13, 21)).toEqual(new Uint8Array(BigUint64Array.of(PROTOCOL_ID).buffer));
});
