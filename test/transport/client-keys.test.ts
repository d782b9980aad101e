import { expect, test } from 'vitest';
import { createBoundCodec, writeBoundPacket } from '../../src/transport/bound-packet.ts';
import { leaveServer, updateClient } from '../../src/transport/client.ts';
import { createClientRekey, REKEY_MS, REKEY_PACKETS } from '../../src/transport/client-keys.ts';
import { ANSWER, ANSWER_AT, ANSWER_ID_AT, ANSWER_NUMBER_AT, CONTROL_BYTES } from '../../src/transport/control.ts';
import type { CountName } from '../../src/transport/counts.ts';
import {
  BOUND_CONTROL,
  BOUND_PAYLOAD,
  DISCONNECT_PACKETS,
  KEY_BYTES,
  LONG_NONCE_BYTES,
} from '../../src/transport/layout.ts';
import { createReplayWindows } from '../../src/transport/replay-window.ts';
import { disconnectClient, sendToClient } from '../../src/transport/server.ts';
import { CLIENT_DISCONNECTED } from '../../src/transport/server-state.ts';
import { CONNECTED, CONTENT, DISCONNECTED, OFFERING, SWITCHING } from '../../src/transport/states.ts';
import { FEATURE_REKEY, readPublicToken } from '../../src/transport/token.ts';
import { writeWord } from '../../src/transport/u64.ts';
import {
  clientAddress,
  connect,
  createLab,
  exchange,
  type Lab,
  type LabClient,
  type LabServer,
  type Packet,
  START_MS,
} from './lab.ts';
import {
  connectRekeyClient,
  keyExchange,
  openWith,
  pass,
  passTime,
  payloadPacket,
  startRekeyServer,
} from './rekey-lab.ts';

const typesOf = (packets: readonly Packet[]): number[] => packets.map(({ bytes }) => bytes[0]! & 15);

test('soon after it is connected a client has new keys, and everything leaves under them, both ways', () => {
  const lab = createLab(1);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  pass(server, client, START_MS);
  expect(client.client.rekey!.state).toBe(SWITCHING);
  expect(server.moved()).toMatchObject({ rekeys: 1 });
  const up = payloadPacket(client, START_MS, 7, 8);
  expect(up[0]! & 15).toBe(BOUND_PAYLOAD);
  expect(server.receive(START_MS, client.address, up)).toEqual(Uint8Array.of(7, 8));
  sendToClient(server.server, START_MS, 0, Uint8Array.of(9), 0, 1);
  const [down] = server.take();
  expect(down!.bytes[0]! & 15).toBe(BOUND_PAYLOAD);
  // A prefix, one byte of sequence, four of id: shorter than under the token's keys, whose numbers are long.
  expect(down!.bytes.length).toBe(1 + 1 + 4 + 1 + 16);
  expect(client.receive(START_MS, down!.bytes)).toEqual(Uint8Array.of(9));
  passTime(server, client, 0, 4000);
  expect(client.client.rekey!.state).toBe(CONTENT);
  expect(client.moved().dropForgotten ?? 0).toBe(0);
  expect(server.moved().dropForgotten ?? 0).toBe(0);
});

test('when a client offers again depends on what everybody sees of its token, and tells nothing of its keys', () => {
  const lab = createLab(20);
  const token = readPublicToken(lab.mint({ features: FEATURE_REKEY }))!;
  const spreadOf = (changed: Partial<typeof token>): number => {
    const pair = { window: createReplayWindows(), sequence: new Uint32Array(2) };
    return createClientRekey(lab.aead, { ...token, ...changed }, keyExchange, pair)!.spread;
  };
  const draw = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    lab.aead.randomize(bytes);
    return bytes;
  };
  const drawn = Array.from({ length: 20 });
  const byKeys = drawn.map(() => spreadOf({ clientKey: draw(KEY_BYTES), serverKey: draw(KEY_BYTES) }));
  expect(new Set(byKeys).size).toBe(1);
  const byNonce = drawn.map(() => spreadOf({ nonce: draw(LONG_NONCE_BYTES) }));
  expect(new Set(byNonce).size).toBeGreaterThan(10);
  for (const spread of byNonce) expect(Math.abs(spread - 1)).toBeLessThanOrEqual(0.25);
});

test('who records a connection and learns its token later opens nothing that was sent after the first exchange', () => {
  const lab = createLab(2);
  const server = startRekeyServer(lab);
  const token = lab.mint({ features: FEATURE_REKEY });
  const { clientKey, serverKey } = readPublicToken(token)!;
  const keys = [clientKey.slice(), serverKey.slice()];
  const client = connectRekeyClient(lab, server, { token });
  // Before it, both ways can be read by who has the token: this is what the test is about.
  const early = payloadPacket(client, START_MS, 1, 2, 3);
  expect(openWith(lab, keys, early)).toEqual(Uint8Array.of(1, 2, 3));
  const recorded: Uint8Array[] = [];
  const { take: takeUp } = client;
  const { take: takeDown } = server;
  const recordUp = { ...client, take: () => keep(takeUp()) };
  const recordDown = { ...server, take: () => keep(takeDown()) };
  function keep(packets: Packet[]): Packet[] {
    recorded.push(...packets.map(({ bytes }) => bytes));
    return packets;
  }
  pass(recordDown, recordUp, START_MS);
  const opened = recorded.map((bytes) => openWith(lab, keys, bytes) !== undefined);
  // The offer and its answer are open to who has the token: and of no use.
  expect(opened.filter(Boolean)).toHaveLength(3);
  recorded.length = 0;
  passTime(recordDown, recordUp, 100, 5000);
  for (let count = 0; count < 20; count++) {
    recorded.push(payloadPacket(client, START_MS + 5200, count));
    sendToClient(server.server, START_MS + 5200, 0, Uint8Array.of(count), 0, 1);
    recorded.push(server.take()[0]!.bytes);
  }
  expect(recorded.length).toBeGreaterThan(45);
  for (const bytes of recorded) expect(openWith(lab, keys, bytes)).toBeUndefined();
  // The keys that are in use do open them, so the test can fail; the token's are wiped on both sides.
  const { current } = client.client.rekey!;
  expect(openWith(lab, [current.clientKey, current.serverKey], recorded.at(-1)!)).toEqual(Uint8Array.of(19));
  const slots = server.server.slots;
  for (const key of [client.client.token!.clientKey, client.client.token!.serverKey, slots.clientKeys[0]!]) {
    expect(key.every((byte) => byte === 0)).toBe(true);
  }
  expect(slots.serverKeys[0]!.every((byte) => byte === 0)).toBe(true);
});

test('keys are renewed every two minutes, and after 2²⁰ packets either way', () => {
  const lab = createLab(3);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  passTime(server, client, 0, 5 * REKEY_MS);
  // Wiping the old ones takes a few seconds of each.
  expect(server.moved().rekeys).toBe(5);
  passTime(server, client, 5 * REKEY_MS, 10_000);
  expect(server.moved().rekeys).toBeUndefined();
  client.client.rekey!.current.sequence[0] = REKEY_PACKETS;
  passTime(server, client, 5 * REKEY_MS + 10_000, 20_000);
  expect(server.moved().rekeys).toBe(1);
  const { keySets } = server.server.rekeys!;
  keySets.sequences[keySets.current[0]! * 2] = REKEY_PACKETS;
  passTime(server, client, 5 * REKEY_MS + 30_000, 20_000);
  expect(server.moved().rekeys).toBe(1);
  expect(client.client.state).toBe(CONNECTED);
  expect([keySets.byId.count, keySets.clientKeys.filter((key) => key.some((byte) => byte !== 0)).length]).toEqual([
    1, 1,
  ]);
});

test('a lost part, a lost answer, a lost first packet under the new keys: what is missing is sent again', () => {
  for (const lost of [0, 1, 2, 3]) {
    const lab = createLab(4);
    const server = startRekeyServer(lab);
    const client = connectRekeyClient(lab, server);
    updateClient(client.client, START_MS);
    const parts = client.take();
    expect(typesOf(parts)).toEqual([BOUND_CONTROL, BOUND_CONTROL]);
    for (const [index, { bytes }] of parts.entries()) {
      if (index !== lost) server.receive(START_MS, client.address, bytes);
    }
    const answers = server.take();
    expect(answers).toHaveLength(lost < 2 ? 0 : 1);
    if (lost === 3) {
      client.receive(START_MS, answers[0]!.bytes);
      expect(client.take()).toHaveLength(1);
    }
    passTime(server, client, 100, 6000);
    expect(client.client.rekey!.state).toBe(CONTENT);
    expect(server.moved()).toMatchObject({ rekeys: 1 });
    expect(server.receive(START_MS + 6100, client.address, payloadPacket(client, START_MS + 6100, 5))).toBeDefined();
  }
});

test('what is on the way under the old keys still arrives after the change, and no more once it is wiped', () => {
  const lab = createLab(5);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  const [first, second] = [payloadPacket(client, START_MS, 1), payloadPacket(client, START_MS, 2)];
  sendToClient(server.server, START_MS, 0, Uint8Array.of(3), 0, 1);
  sendToClient(server.server, START_MS, 0, Uint8Array.of(4), 0, 1);
  const [third, fourth] = server.take();
  pass(server, client, START_MS);
  expect(server.receive(START_MS, client.address, first)).toEqual(Uint8Array.of(1));
  expect(client.receive(START_MS, third!.bytes)).toEqual(Uint8Array.of(3));
  passTime(server, client, 0, 4000);
  server.moved();
  client.moved();
  expect(server.receive(START_MS + 4000, client.address, second)).toBeUndefined();
  expect(client.receive(START_MS + 4000, fourth!.bytes)).toBeUndefined();
  expect([server.moved(), client.moved()]).toEqual([{ dropForgotten: 1 }, { dropForgotten: 1 }]);
});

test('either side ends the connection under the new keys', () => {
  const lab = createLab(6);
  const server = startRekeyServer(lab, { clientsMax: 2 });
  const [leaving, dismissed] = [connectRekeyClient(lab, server), connectRekeyClient(lab, server)];
  for (const client of [leaving, dismissed]) pass(server, client, START_MS);
  leaveServer(leaving.client, START_MS);
  const packets = leaving.take();
  expect(typesOf(packets)).toEqual(new Array(DISCONNECT_PACKETS).fill(BOUND_CONTROL));
  for (const { bytes } of packets) server.receive(START_MS, leaving.address, bytes);
  expect(server.happened()).toEqual([[CLIENT_DISCONNECTED, 0]]);
  expect(server.moved()).toMatchObject({ disconnects: 1, dropStranger: DISCONNECT_PACKETS - 1 });
  disconnectClient(server.server, START_MS, 1);
  dismissed.receive(START_MS, server.take()[0]!.bytes);
  expect(dismissed.client.state).toBe(DISCONNECTED);
});

test.each([
  ['a server that knows nothing of it', { features: FEATURE_REKEY }, false, true],
  ['a client that knows nothing of it', { features: FEATURE_REKEY }, true, false],
  ['a token that does not say so', {}, true, true],
])('%s plays on as the standard has it', (_, terms, isServerAble, isClientAble) => {
  const lab = createLab(7);
  const server = lab.startServer(isServerAble ? { keyExchange } : {});
  const client = connect(lab, server, { token: lab.mint(terms), ...(isClientAble && { keyExchange }) });
  server.moved();
  passTime(server, client, 0, 130_000);
  const nowMs = START_MS + 130_000;
  expect(client.client.state).toBe(CONNECTED);
  expect(server.receive(nowMs, client.address, payloadPacket(client, nowMs, 5))).toEqual(Uint8Array.of(5));
  sendToClient(server.server, nowMs, 0, Uint8Array.of(6), 0, 1);
  const [packet] = server.take();
  expect(packet!.bytes[0]! & 15).toBe(5);
  expect(client.receive(nowMs, packet!.bytes)).toEqual(Uint8Array.of(6));
  const { rekeys, dropType = 0, ...others } = server.moved();
  expect([rekeys, others]).toEqual([undefined, {}]);
  // Offers get rare: two packets each, a few at first and then two a minute.
  expect(dropType).toBeLessThan(30);
  expect(dropType > 0).toBe(!isServerAble);
  exchange(server, client, nowMs);
  if (isClientAble && !isServerAble) expect(client.client.rekey!.state).toBe(OFFERING);
});

/** The answer to the client's offer, changed, as its server would seal it. */
function spoiltAnswer(lab: Lab, server: LabServer, client: LabClient, change: (text: Uint8Array) => void): Uint8Array {
  updateClient(client.client, START_MS);
  for (const { bytes } of client.take()) server.receive(START_MS, client.address, bytes);
  server.take();
  const text = server.server.rekeys!.texts[0]!.slice(0, CONTROL_BYTES[ANSWER]);
  change(text);
  const { codec, current } = client.client.rekey!;
  const target = new Uint8Array(1300);
  const { serverKey } = current;
  const own = createBoundCodec(lab.aead, codec.additional.slice(13, 21));
  const length = writeBoundPacket(own, BOUND_CONTROL, 0, serverKey, 0, 0x7fff_ffff, text, 0, text.length, target, 0);
  return target.slice(0, length);
}

test.each<[string, CountName, number, (text: Uint8Array) => void]>([
  ['to another offer', 'answerUnasked', OFFERING, (text) => writeWord(text, ANSWER_NUMBER_AT, 2)],
  ['with the id of the token’s keys', 'answerRefused', CONTENT, (text) => writeWord(text, ANSWER_ID_AT, 0)],
  ['without a key', 'answerRefused', CONTENT, (text) => text.fill(0, ANSWER_AT, ANSWER_AT + 32)],
  ['that is none', 'controlMalformed', OFFERING, (text) => text.fill(99, 0, 1)],
])('an answer %s: %s, and the keys of now stay', (_, count, state, change) => {
  const lab = createLab(8);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  const bytes = spoiltAnswer(lab, server, client, change);
  client.moved();
  client.receive(START_MS, bytes);
  expect([client.moved(), client.client.rekey!.state, client.take()]).toEqual([{ [count]: 1 }, state, []]);
  expect(server.receive(START_MS, client.address, payloadPacket(client, START_MS, 4))).toEqual(Uint8Array.of(4));
});

test('packets from elsewhere, and those of a connection that is over, are dropped', () => {
  const lab = createLab(9);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  passTime(server, client, 0, 4000);
  for (const byte of [1, 2]) sendToClient(server.server, START_MS, 0, Uint8Array.of(byte), 0, 1);
  const [first, second] = server.take();
  client.moved();
  expect(client.receive(START_MS, first!.bytes, clientAddress(900))).toBeUndefined();
  expect(client.moved()).toEqual({ dropStranger: 1 });
  expect(client.receive(START_MS, first!.bytes)).toEqual(Uint8Array.of(1));
  leaveServer(client.client, START_MS);
  expect(client.receive(START_MS, second!.bytes)).toBeUndefined();
  expect(client.moved()).toEqual({ dropState: 1 });
});
