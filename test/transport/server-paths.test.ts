import { expect, test } from 'vitest';
import { isSameAddress } from '../../src/transport/address.ts';
import { moveClient, updateClient } from '../../src/transport/client.ts';
import { BOUND_CONTROL, BOUND_PAYLOAD } from '../../src/transport/layout.ts';
import { sendToClient } from '../../src/transport/server.ts';
import { DOUBTED, PROVEN } from '../../src/transport/states.ts';
import { clientAddress, createLab, type LabClient, type LabServer, type Packet, START_MS } from './lab.ts';
import { connectRekeyClient, exchangeAt, passTime, payloadPacket, startRekeyServer } from './rekey-lab.ts';

const NEW = clientAddress(700);
const OTHER = clientAddress(701);
const NOW = START_MS + 5000;
const sum = (packets: readonly { bytes: Uint8Array }[]): number =>
  packets.reduce((total, { bytes }) => total + bytes.length, 0);

function start(seed: number): { server: LabServer; client: LabClient } {
  const lab = createLab(seed);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  passTime(server, client, 0, 4900);
  server.moved();
  client.moved();
  return { server, client };
}

const addressOf = ({ server }: LabServer): Uint32Array => server.slots.addresses.slice(0, 5);
const pathOf = ({ server }: LabServer): number => server.rekeys!.paths.states[0]!;

/** Where a payload to the client goes. */
function whereTo(server: LabServer): Packet {
  sendToClient(server.server, NOW, 0, Uint8Array.of(1), 0, 1);
  return server.take().at(-1)!;
}

test('a NAT that gives the client another address unasked: a challenge there, its response, and the connection moves', () => {
  const { server, client } = start(1);
  // Short packets save up until a challenge may go back.
  let sent = 0;
  let challenges: Packet[] = [];
  while (challenges.length === 0) {
    const bytes = payloadPacket(client, NOW, 1, 2, 3);
    sent += bytes.length;
    expect(server.receive(NOW, NEW, bytes)).toEqual(Uint8Array.of(1, 2, 3));
    challenges = server.take();
    expect(sum(challenges)).toBeLessThanOrEqual(sent * 0.31);
    expect(pathOf(server)).toBe(DOUBTED);
    expect(whereTo(server).address).toEqual(client.address);
  }
  expect(sent).toBeGreaterThan(100);
  expect(challenges.map(({ address }) => address)).toEqual([NEW]);
  client.receive(NOW, challenges[0]!.bytes);
  exchangeAt(server, client, NEW, NOW);
  expect(addressOf(server)).toEqual(NEW);
  expect(whereTo(server).address).toEqual(NEW);
  expect(server.moved()).toEqual({ pathChallenges: 1, moves: 1 });
});

test('a client that opens another socket probes with bytes enough for a challenge at once', () => {
  const { server, client } = start(2);
  expect(moveClient(client.client, NOW)).toBe(true);
  exchangeAt(server, client, NEW, NOW);
  expect(addressOf(server)).toEqual(NEW);
  expect(server.moved()).toEqual({ pathChallenges: 1, moves: 1 });
  // And is content: no more probes.
  updateClient(client.client, NOW + 400);
  expect(client.take().filter(({ bytes }) => bytes.length > 100)).toEqual([]);
});

test('a probe that is lost is repeated, and so is a challenge', () => {
  const { server, client } = start(3);
  moveClient(client.client, NOW);
  client.take();
  for (let passed = 0; passed < 1000 && pathOf(server) === PROVEN; passed += 50) {
    updateClient(client.client, NOW + passed);
    for (const { bytes } of client.take()) server.receive(NOW + passed, NEW, bytes);
  }
  expect(server.take()).toHaveLength(1);
  for (let passed = 1000; passed < 3000; passed += 50) {
    updateClient(client.client, NOW + passed);
    exchangeAt(server, client, NEW, NOW + passed);
  }
  expect(addressOf(server)).toEqual(NEW);
});

test('before there are keys of its own a connection has its address and no other', () => {
  const lab = createLab(4);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  expect(moveClient(client.client, START_MS)).toBe(false);
  server.moved();
  server.receive(START_MS, NEW, payloadPacket(client, START_MS, 1));
  expect(server.moved()).toEqual({ dropStranger: 1 });
});

test('a NAT that changes the address during the exchange: the first packet under the new keys, number 0, begins the move', () => {
  const lab = createLab(15);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  updateClient(client.client, NOW);
  for (const { bytes } of client.take()) server.receive(NOW, client.address, bytes);
  for (const { bytes } of server.take()) client.receive(NOW, bytes);
  const [first] = client.take();
  server.receive(NOW, NEW, first!.bytes);
  expect(pathOf(server)).toBe(DOUBTED);
  expect(server.server.rekeys!.paths.bytesIn[0]).toBe(first!.bytes.length);
});

test('what was sent before moves nothing: replayed from elsewhere, or overtaken on its way', () => {
  const { server, client } = start(5);
  const packets = Array.from({ length: 8 }, (_, index) => payloadPacket(client, NOW, ...new Array(100).fill(index)));
  const newest = packets.pop()!;
  server.receive(NOW, client.address, newest);
  server.receive(NOW, NEW, newest);
  expect(server.moved()).toEqual({ dropReplayed: 1 });
  for (const bytes of packets) expect(server.receive(NOW, NEW, bytes)).toBeDefined();
  expect([pathOf(server), server.take(), server.moved()]).toEqual([PROVEN, [], {}]);
});

test('who copies packets on their way and is faster is challenged and gets nothing else, unless it is faster with the response too', () => {
  const { server, client } = start(6);
  for (let count = 0; count < 4; count++) {
    server.receive(NOW, OTHER, payloadPacket(client, NOW, ...new Array(100).fill(count)));
    expect(whereTo(server).address).toEqual(client.address);
  }
  const { pathChallenges } = server.moved();
  expect(pathChallenges).toBe(1);
  // It hands the challenge on to the client, whose response comes from where the client is.
  updateClient(client.client, NOW);
  const challenge = (() => {
    server.receive(NOW + 200, OTHER, payloadPacket(client, NOW, ...new Array(100).fill(1)));
    return server.take().find(({ address }) => isSameAddress(address, 0, OTHER, 0))!;
  })();
  client.receive(NOW, challenge.bytes);
  for (const { bytes } of client.take()) server.receive(NOW, client.address, bytes);
  expect(addressOf(server)).toEqual(client.address);
  expect(pathOf(server)).toBe(PROVEN);
  expect(server.moved()).toMatchObject({ pathForged: 1 });
});

test('who hands the challenge on and is faster with each packet has the connection, until one of the client’s comes first', () => {
  const { server, client } = start(16);
  /** The copy comes first, so the original is a replay. */
  const race = (bytes: Uint8Array): void => {
    for (const address of [OTHER, client.address]) server.receive(NOW, address, bytes);
  };
  race(payloadPacket(client, NOW, ...new Array(200).fill(1)));
  client.receive(NOW, server.take()[0]!.bytes);
  for (const { bytes } of client.take()) race(bytes);
  expect(addressOf(server)).toEqual(OTHER);
  expect(server.moved()).toEqual({ pathChallenges: 1, dropReplayed: 2, moves: 1 });
  const nowMs = NOW + 200;
  server.receive(nowMs, client.address, payloadPacket(client, nowMs, ...new Array(200).fill(2)));
  exchangeAt(server, client, client.address, nowMs);
  expect(addressOf(server)).toEqual(client.address);
  expect(server.moved()).toEqual({ pathChallenges: 1, moves: 1 });
});

test.each([0, 1])('a response whose word %i is not the one that was sent moves nothing', (word) => {
  const { server, client } = start(7);
  moveClient(client.client, NOW);
  server.receive(NOW, NEW, client.take()[0]!.bytes);
  client.receive(NOW, server.take()[0]!.bytes);
  server.server.rekeys!.paths.challenges[word]! ^= 1;
  server.receive(NOW, NEW, client.take()[0]!.bytes);
  expect(server.moved()).toEqual({ pathChallenges: 1, pathForged: 1 });
  expect(addressOf(server)).toEqual(client.address);
});

test('a response from a third address moves nothing, and neither does one that was overtaken on its way there', () => {
  const { server, client } = start(12);
  for (const isOvertaken of [false, true]) {
    const nowMs = isOvertaken ? NOW + 200 : NOW;
    moveClient(client.client, nowMs);
    server.receive(nowMs, NEW, client.take()[0]!.bytes);
    client.receive(nowMs, server.take()[0]!.bytes);
    const [response] = client.take();
    if (isOvertaken) server.receive(nowMs, NEW, payloadPacket(client, nowMs, 1));
    server.receive(nowMs, OTHER, response!.bytes);
    expect(server.moved()).toMatchObject({ pathForged: 1 });
    expect(addressOf(server)).toEqual(client.address);
  }
});

test('what comes late from the old address does not end a move, what is newer does', () => {
  const { server, client } = start(13);
  const late = payloadPacket(client, NOW, 1);
  moveClient(client.client, NOW);
  server.receive(NOW, NEW, client.take()[0]!.bytes);
  server.receive(NOW, client.address, late);
  expect(pathOf(server)).toBe(DOUBTED);
  server.receive(NOW, client.address, payloadPacket(client, NOW, 2));
  expect(pathOf(server)).toBe(PROVEN);
});

test('each address has its own credit: the next one is challenged by its first probe', () => {
  const { server, client } = start(14);
  for (const [index, address] of [NEW, OTHER, NEW].entries()) {
    const nowMs = NOW + index * 200;
    moveClient(client.client, nowMs);
    server.receive(nowMs, address, client.take()[0]!.bytes);
    expect(server.take().map((packet) => packet.address)).toEqual([address]);
  }
});

test('a connection gets ten challenges a second at most, however often the address changes', () => {
  const { server, client } = start(17);
  const sentMs: number[] = [];
  for (let step = 0; step < 300; step++) {
    const nowMs = NOW + step * 10;
    const bytes = payloadPacket(client, nowMs, ...new Array(200).fill(step & 255));
    server.receive(nowMs, step % 2 === 0 ? NEW : OTHER, bytes);
    sentMs.push(...server.take().map(() => nowMs));
  }
  expect(server.moved()).toEqual({ pathChallenges: 30 });
  expect(sentMs).toEqual(Array.from({ length: 30 }, (_, index) => NOW + index * 100));
});

test('an address that another client has is not taken from it', () => {
  const lab = createLab(8);
  const server = startRekeyServer(lab);
  const [client, holder] = [connectRekeyClient(lab, server), connectRekeyClient(lab, server)];
  for (const one of [client, holder]) passTime(server, one, 0, 4900);
  server.moved();
  moveClient(client.client, NOW);
  const [probe] = client.take();
  server.receive(NOW, holder.address, probe!.bytes);
  client.receive(NOW, server.take()[0]!.bytes);
  server.receive(NOW, holder.address, client.take()[0]!.bytes);
  expect(server.moved()).toEqual({ pathChallenges: 1, pathTaken: 1 });
  expect(addressOf(server)).toEqual(client.address);
  expect(server.receive(NOW, holder.address, payloadPacket(holder, NOW, 9))).toEqual(Uint8Array.of(9));
});

test('of all that goes to an address before it has responded there is never more than 0.31 of what came from it', () => {
  const { server, client } = start(9);
  let bytesIn = 0;
  let bytesOut = 0;
  for (let step = 0; step < 400; step++) {
    const nowMs = NOW + step * 30;
    if (step % 50 === 0) moveClient(client.client, nowMs);
    const packets = client.take().map(({ bytes }) => bytes);
    for (const bytes of [...packets, payloadPacket(client, nowMs, step & 255)]) {
      server.receive(nowMs, NEW, bytes);
      bytesIn += bytes.length;
      sendToClient(server.server, nowMs, 0, new Uint8Array(500), 0, 500);
      bytesOut += sum(server.take().filter(({ address }) => isSameAddress(address, 0, NEW, 0)));
      expect(bytesOut).toBeLessThanOrEqual(bytesIn * 0.31);
    }
  }
  expect(bytesOut).toBeGreaterThan(500);
  expect(addressOf(server)).toEqual(client.address);
});

test('types on the way: payloads and control messages, as the standard of section 12 drops them', () => {
  const { server, client } = start(10);
  const bytes = payloadPacket(client, NOW, 1);
  expect(bytes[0]! & 15).toBe(BOUND_PAYLOAD);
  moveClient(client.client, NOW);
  expect(client.take()[0]!.bytes[0]! & 15).toBe(BOUND_CONTROL);
  const stock = createLab(11).startServer();
  stock.receive(NOW, client.address, bytes);
  expect(stock.moved()).toEqual({ dropType: 1 });
  expect(server.take()).toEqual([]);
});
