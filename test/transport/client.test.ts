import { expect, test } from 'vitest';
import { parseAddress } from '../../src/transport/address.ts';
import { leaveServer, sendToServer, updateClient } from '../../src/transport/client.ts';
import { COUNT } from '../../src/transport/counts.ts';
import { DISCONNECT, PAYLOAD, REQUEST_BYTES, RESEND_MS } from '../../src/transport/layout.ts';
import { disconnectClient, sendToClient, updateServer } from '../../src/transport/server.ts';
import {
  CONNECTED,
  DISCONNECTED,
  INVALID_TOKEN,
  REQUEST_TIMED_OUT,
  RESPONSE_TIMED_OUT,
  SENDING_REQUEST,
  SENDING_RESPONSE,
  TIMED_OUT,
  TOKEN_EXPIRED,
  WAS_DENIED,
} from '../../src/transport/states.ts';
import { connect, createLab, exchange, type LabClient, SERVER_ADDRESS, START_MS } from './lab.ts';

const OTHER = parseAddress('10.0.0.2:7777')!;
const TYPE = 15;

/** Lets time pass in steps of 10 ms, and answers all that was sent meanwhile. */
function wait(client: LabClient, fromMs: number, ms: number): Uint8Array[] {
  const sent: Uint8Array[] = [];
  for (let nowMs = fromMs; nowMs <= fromMs + ms; nowMs += 10) {
    updateClient(client.client, nowMs);
    sent.push(...client.take().map(({ bytes }) => bytes));
  }
  return sent;
}

test('each answer leaves at once, and the last one says where it is', () => {
  const lab = createLab(1);
  const server = lab.startServer();
  connect(lab, server);
  const client = lab.startClient();
  const [request] = client.take();
  expect(request!.bytes.length).toBe(REQUEST_BYTES);
  expect(request!.address).toEqual(SERVER_ADDRESS);
  server.receive(START_MS, client.address, request!.bytes);
  const [challenge] = server.take();
  client.receive(START_MS, challenge!.bytes);
  expect(client.client.state).toBe(SENDING_RESPONSE);
  const [response] = client.take();
  server.receive(START_MS, client.address, response!.bytes);
  const [keepAlive] = server.take();
  client.receive(START_MS, keepAlive!.bytes);
  expect([client.client.state, client.client.slot, client.client.slotsMax]).toEqual([CONNECTED, 1, 4]);
  expect(client.take()).toHaveLength(1);
});

test('requests and responses are repeated ten times a second, keep-alives ten in the timeout', () => {
  const lab = createLab(2);
  const server = lab.startServer();
  const client = lab.startClient();
  const requests = wait(client, START_MS, 1000);
  expect(requests).toHaveLength(11);
  expect(requests.every((bytes) => Buffer.from(bytes).equals(requests[0]!))).toBe(true);
  server.receive(START_MS, client.address, requests[0]!);
  client.receive(START_MS + 1000, server.take()[0]!.bytes);
  expect(wait(client, START_MS + 1000, 1000)).toHaveLength(11);
  expect(RESEND_MS).toBe(100);
  exchange(server, connect(lab, server), START_MS);

  const connected = connect(lab, server);
  expect(wait(connected, START_MS, 4000)).toHaveLength(8);
});

test('what is no token: no packet, and the state says so', () => {
  const lab = createLab(3);
  for (const token of [new Uint8Array(0), new Uint8Array(2048), lab.mint().fill(0, 0, 1)]) {
    const client = lab.startClient({ token });
    expect(client.client.state).toBe(INVALID_TOKEN);
    expect(wait(client, START_MS, 1000)).toEqual([]);
    expect(client.receive(START_MS, new Uint8Array(100).fill(0x15))).toBeUndefined();
    leaveServer(client.client, START_MS);
    expect(client.client.state).toBe(INVALID_TOKEN);
  }
});

test('silence ends each state in its own way', () => {
  const lab = createLab(4);
  const server = lab.startServer();
  const asking = lab.startClient();
  wait(asking, START_MS, 5000);
  expect(asking.client.state).toBe(SENDING_REQUEST);
  expect(wait(asking, START_MS + 5010, 1000)).toEqual([]);
  expect(asking.client.state).toBe(REQUEST_TIMED_OUT);

  const answering = lab.startClient();
  server.receive(START_MS, answering.address, answering.take()[0]!.bytes);
  answering.receive(START_MS + 3000, server.take()[0]!.bytes);
  wait(answering, START_MS + 3000, 5000);
  expect(answering.client.state).toBe(SENDING_RESPONSE);
  wait(answering, START_MS + 8010, 0);
  expect(answering.client.state).toBe(RESPONSE_TIMED_OUT);

  const connected = connect(lab, server);
  wait(connected, START_MS, 5000);
  expect(connected.client.state).toBe(CONNECTED);
  wait(connected, START_MS + 5010, 0);
  expect(connected.client.state).toBe(TIMED_OUT);
  expect(connected.moved()).toMatchObject({ timeouts: 1 });
});

test('a negative timeout: silence ends nothing, but the token’s lifetime does while connecting', () => {
  const lab = createLab(5);
  const server = lab.startServer();
  const connected = connect(lab, server, { token: lab.mint({ timeoutS: -1 }) });
  wait(connected, START_MS, 20_000);
  updateClient(connected.client, START_MS + 86_400_000);
  expect(connected.client.state).toBe(CONNECTED);

  const asking = lab.startClient({ token: lab.mint({ timeoutS: -1 }) });
  updateClient(asking.client, START_MS + 59_999);
  expect(asking.client.state).toBe(SENDING_REQUEST);
  updateClient(asking.client, START_MS + 60_000);
  expect(asking.client.state).toBe(TOKEN_EXPIRED);
});

test('denied or silent: the next server of the token, at once, and the last one’s failure is the client’s', () => {
  const lab = createLab(6);
  const full = lab.startServer({ clientsMax: 1 });
  connect(lab, full);
  const free = lab.startServer({ addresses: [OTHER] });
  const token = lab.mint({ addresses: [SERVER_ADDRESS, parseAddress('10.0.0.3:1')!, OTHER] });
  const client = lab.startClient({ token });
  full.receive(START_MS, client.address, client.take()[0]!.bytes);
  client.receive(START_MS, full.take()[0]!.bytes);
  expect([client.client.state, client.client.serverIndex]).toEqual([SENDING_REQUEST, 1]);
  expect(client.take()[0]!.address).toEqual(parseAddress('10.0.0.3:1'));
  wait(client, START_MS, 5000);
  updateClient(client.client, START_MS + 5010);
  const [request] = client.take();
  expect([client.client.serverIndex, request!.address]).toEqual([2, OTHER]);
  free.receive(START_MS + 5010, client.address, request!.bytes);
  client.receive(START_MS + 5010, free.take()[0]!.bytes, OTHER);
  free.receive(START_MS + 5010, client.address, client.take()[0]!.bytes);
  client.receive(START_MS + 5010, free.take()[0]!.bytes, OTHER);
  expect(client.client.state).toBe(CONNECTED);

  const last = lab.startClient();
  full.receive(START_MS, last.address, last.take()[0]!.bytes);
  last.receive(START_MS, full.take()[0]!.bytes);
  expect(last.client.state).toBe(WAS_DENIED);
  expect(wait(last, START_MS, 1000)).toEqual([]);
});

test('denied when its response comes too late for the last slot', () => {
  const lab = createLab(7);
  const server = lab.startServer({ clientsMax: 1 });
  const late = lab.startClient();
  server.receive(START_MS, late.address, late.take()[0]!.bytes);
  late.receive(START_MS, server.take()[0]!.bytes);
  connect(lab, server);
  server.receive(START_MS, late.address, late.take()[0]!.bytes);
  late.receive(START_MS, server.take()[0]!.bytes);
  expect(late.client.state).toBe(WAS_DENIED);
});

test('a disconnect of the server ends it; its own is sent ten times', () => {
  const lab = createLab(8);
  const server = lab.startServer();
  const thrownOut = connect(lab, server);
  disconnectClient(server.server, START_MS, 0);
  const goodbyes = server.take();
  expect(goodbyes.map(({ bytes }) => bytes[0]! & TYPE)).toEqual(new Array(10).fill(DISCONNECT));
  thrownOut.receive(START_MS, goodbyes[9]!.bytes);
  expect(thrownOut.client.state).toBe(DISCONNECTED);

  const leaving = connect(lab, server);
  server.happened();
  leaveServer(leaving.client, START_MS);
  expect(leaving.client.state).toBe(DISCONNECTED);
  const packets = leaving.take();
  expect(packets).toHaveLength(10);
  for (const { bytes } of packets) server.receive(START_MS, leaving.address, bytes);
  expect(server.moved()).toMatchObject({ disconnects: 1, dropStranger: 9 });

  const asking = lab.startClient();
  asking.take();
  leaveServer(asking.client, START_MS);
  expect([asking.client.state, asking.take()]).toEqual([DISCONNECTED, []]);
});

test('takes nothing from another address, nothing twice, nothing that its state does not expect', () => {
  const lab = createLab(9);
  const server = lab.startServer();
  const client = connect(lab, server);
  sendToClient(server.server, START_MS, 0, Uint8Array.of(1), 0, 1);
  const { bytes } = server.take()[0]!;
  client.moved();
  expect(client.receive(START_MS, bytes, OTHER)).toBeUndefined();
  expect(client.moved()).toEqual({ dropStranger: 1 });
  expect(client.receive(START_MS, bytes)).toEqual(Uint8Array.of(1));
  expect(client.receive(START_MS, bytes)).toBeUndefined();
  expect(client.moved()).toEqual({ dropReplayed: 1 });
  leaveServer(client.client, START_MS);
  expect(client.receive(START_MS, bytes)).toBeUndefined();
  expect(client.moved()).toEqual({ dropState: 1 });

  const early = lab.startClient();
  server.receive(START_MS, early.address, early.take()[0]!.bytes);
  const [challenge] = server.take();
  early.receive(START_MS, challenge!.bytes);
  early.receive(START_MS, challenge!.bytes);
  expect(early.moved()).toEqual({ challenges: 1, dropState: 1 });
});

test('no bit of a packet can be changed on its way, and what is forged changes nothing', () => {
  const lab = createLab(10);
  const server = lab.startServer();
  const client = connect(lab, server);
  sendToClient(server.server, START_MS, 0, Uint8Array.of(1, 2, 3), 0, 3);
  const { bytes } = server.take()[0]!;
  const before = client.client.window.slice();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(client.receive(START_MS, bytes)).toBeUndefined();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(client.receive(START_MS, bytes.subarray(0, length))).toBeUndefined();
  }
  expect(client.client.window).toEqual(before);
  expect(client.client.state).toBe(CONNECTED);
  expect(client.receive(START_MS, bytes)).toEqual(Uint8Array.of(1, 2, 3));
});

test('sends payloads of 1 to 1,200 bytes while connected; anything else is its program’s mistake', () => {
  const lab = createLab(11);
  const server = lab.startServer();
  const client = connect(lab, server);
  expect(() => sendToServer(client.client, START_MS, new Uint8Array(1201), 0, 1201)).toThrow('1,200');
  expect(() => sendToServer(client.client, START_MS, new Uint8Array(9), 4, 4)).toThrow('1,200');
  sendToServer(client.client, START_MS, new Uint8Array(1200).fill(5), 0, 1200);
  const [packet] = client.take();
  expect(packet!.bytes[0]! & TYPE).toBe(PAYLOAD);
  expect(server.receive(START_MS, client.address, packet!.bytes)).toEqual(new Uint8Array(1200).fill(5));
  leaveServer(client.client, START_MS);
  expect(() => sendToServer(client.client, START_MS, new Uint8Array(1), 0, 1)).toThrow('connected');
});

test('counts what goes in and out', () => {
  const lab = createLab(12);
  const server = lab.startServer();
  const client = connect(lab, server);
  updateServer(server.server, START_MS);
  const { counts } = client.client;
  expect([counts[COUNT.packetsOut], counts[COUNT.packetsIn]]).toEqual([3, 2]);
  expect(server.server.counts[COUNT.bytesIn]).toBe(counts[COUNT.bytesOut]);
  expect(server.server.counts[COUNT.bytesOut]).toBe(counts[COUNT.bytesIn]);
});
