import { expect, test } from 'vitest';
import { type Address, formatAddress } from '../../src/transport/address.ts';
import { leaveServer, sendToServer, updateClient } from '../../src/transport/client.ts';
import { COUNT, DROP_REASONS } from '../../src/transport/counts.ts';
import { DISCONNECT, KEEP_ALIVE, PAYLOAD } from '../../src/transport/layout.ts';
import { WINDOW } from '../../src/transport/replay-window.ts';
import { disconnectClient, sendToClient, updateServer } from '../../src/transport/server.ts';
import { CLIENT_CONNECTED, CLIENT_DISCONNECTED, CLIENT_TIMED_OUT } from '../../src/transport/server-state.ts';
import { CONFIRMED, CONNECTED, STRANGER, UNCONFIRMED } from '../../src/transport/states.ts';
import {
  clientAddress,
  connect,
  createLab,
  dropsOf,
  exchange,
  type LabClient,
  type LabServer,
  type Packet,
  START_MS,
} from './lab.ts';

const typesOf = (packets: readonly Packet[]): number[] => packets.map(({ bytes }) => bytes[0]! & 15);

/** One payload of a client, sealed and ready. */
function payloadOf(client: LabClient, ...data: number[]): Uint8Array {
  sendToServer(client.client, START_MS, Uint8Array.from(data), 0, data.length);
  return client.take()[0]!.bytes;
}

function receiveAll(server: LabServer, client: LabClient, packets: readonly Packet[]): void {
  for (const { bytes } of packets) server.receive(START_MS, client.address, bytes);
}

test('request, challenge, response, keep-alive: connected within one exchange, and payloads go both ways', () => {
  const lab = createLab(1);
  const server = lab.startServer();
  const client = connect(lab, server);
  expect(client.client.state).toBe(CONNECTED);
  expect(server.happened()).toEqual([[CLIENT_CONNECTED, 0]]);
  expect(server.server.slots.states[0]).toBe(CONFIRMED);
  expect(server.server.slots.userData[0]![0]).toBe(1);
  expect(server.receive(START_MS, client.address, payloadOf(client, 1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3));
  sendToClient(server.server, START_MS, 0, Uint8Array.of(9, 4, 5, 9), 1, 3);
  expect(server.take().map(({ bytes }) => client.receive(START_MS, bytes))).toEqual([Uint8Array.of(4, 5)]);
});

test('each client has its slot, its keys and its counts', () => {
  const lab = createLab(2);
  const server = lab.startServer();
  const clients = [1, 2, 3, 4].map(() => connect(lab, server));
  server.happened();
  for (const [slot, client] of clients.entries()) {
    expect(server.receive(START_MS, client.address, payloadOf(client, slot))).toEqual(Uint8Array.of(slot));
    sendToClient(server.server, START_MS, slot, Uint8Array.of(slot), 0, 1);
    const [packet] = server.take();
    expect(packet!.address).toEqual(client.address);
    for (const other of clients) {
      expect(other.receive(START_MS, packet!.bytes)).toEqual(other === client ? Uint8Array.of(slot) : undefined);
    }
  }
  server.moved();
  // With the keys of another, from its own address.
  server.receive(START_MS, clients[1]!.address, payloadOf(clients[0]!, 1));
  expect(server.moved()).toEqual({ dropForged: 1 });
});

test('until the client has been heard each payload to it follows a keep-alive', () => {
  const lab = createLab(3);
  const server = lab.startServer();
  const client = lab.startClient();
  receiveAll(server, client, client.take());
  client.receive(START_MS, server.take()[0]!.bytes);
  receiveAll(server, client, client.take());
  server.take(); // the first keep-alive is lost
  expect(server.server.slots.states[0]).toBe(UNCONFIRMED);
  sendToClient(server.server, START_MS, 0, Uint8Array.of(7), 0, 1);
  const packets = server.take();
  expect(typesOf(packets)).toEqual([KEEP_ALIVE, PAYLOAD]);
  expect(packets.map(({ bytes }) => client.receive(START_MS, bytes))).toEqual([undefined, Uint8Array.of(7)]);
  receiveAll(server, client, client.take());
  expect(server.server.slots.states[0]).toBe(CONFIRMED);
  sendToClient(server.server, START_MS, 0, Uint8Array.of(7), 0, 1);
  expect(typesOf(server.take())).toEqual([PAYLOAD]);
});

test('a payload confirms as a keep-alive does', () => {
  const lab = createLab(4);
  const server = lab.startServer();
  const client = lab.startClient();
  receiveAll(server, client, client.take());
  client.receive(START_MS, server.take()[0]!.bytes);
  receiveAll(server, client, client.take());
  client.receive(START_MS, server.take()[0]!.bytes);
  client.take(); // its keep-alive is lost
  expect(server.receive(START_MS, client.address, payloadOf(client, 8))).toEqual(Uint8Array.of(8));
  expect(server.server.slots.states[0]).toBe(CONFIRMED);
});

test('keep-alives: ten a second to who was not heard, ten in the timeout to the others', () => {
  const lab = createLab(5);
  const server = lab.startServer();
  connect(lab, server);
  const silent = lab.startClient();
  receiveAll(server, silent, silent.take());
  silent.receive(START_MS, server.take()[0]!.bytes);
  receiveAll(server, silent, silent.take());
  server.take();
  const sent: Packet[] = [];
  for (let ms = 0; ms <= 3000; ms += 10) {
    updateServer(server.server, START_MS + ms);
    sent.push(...server.take());
  }
  expect(typesOf(sent)).toEqual(new Array(36).fill(KEEP_ALIVE));
  expect(sent.filter(({ address }) => formatAddress(address) === formatAddress(silent.address))).toHaveLength(30);
});

test('nothing is taken twice, in any order; what is older than the window is nothing', () => {
  const lab = createLab(6);
  const server = lab.startServer();
  const client = connect(lab, server);
  const packets = Array.from({ length: WINDOW + 20 }, (_, index) => payloadOf(client, index & 255, index >> 8));
  server.moved();
  const [oldest, ...others] = packets;
  for (const bytes of others.toReversed()) server.receive(START_MS, client.address, bytes);
  const counted = server.moved();
  expect(counted.dropReplayed).toBe(19);
  for (const bytes of packets) expect(server.receive(START_MS, client.address, bytes)).toBeUndefined();
  expect(server.moved()).toEqual({ dropReplayed: packets.length });
  server.receive(START_MS, client.address, oldest!);
  expect(server.moved()).toEqual({ dropReplayed: 1 });
});

test('a replayed disconnect or keep-alive does nothing, nor does one that is forged', () => {
  const lab = createLab(7);
  const server = lab.startServer();
  const client = connect(lab, server);
  updateClient(client.client, START_MS + 600);
  const [keepAlive] = client.take();
  receiveAll(server, client, [keepAlive!]);
  server.moved();
  receiveAll(server, client, [keepAlive!]);
  expect(server.moved()).toEqual({ dropReplayed: 1 });
  leaveServer(client.client, START_MS);
  const [goodbye] = client.take();
  server.happened();
  for (let bit = 0; bit < goodbye!.bytes.length * 8; bit++) {
    goodbye!.bytes[bit >> 3]! ^= 1 << (bit & 7);
    receiveAll(server, client, [goodbye!]);
    goodbye!.bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  expect(server.happened()).toEqual([]);
  receiveAll(server, client, [goodbye!]);
  expect(server.happened()).toEqual([[CLIENT_DISCONNECTED, 0]]);
});

test('a forged sequence number near 2⁶⁴ shuts nobody out', () => {
  const lab = createLab(8);
  const server = lab.startServer();
  const client = connect(lab, server);
  const forged = new Uint8Array(40).fill(0xff);
  forged[0] = 0x85;
  server.moved();
  server.receive(START_MS, client.address, forged);
  expect(server.moved()).toEqual({ dropForged: 1 });
  expect(server.receive(START_MS, client.address, payloadOf(client, 1))).toEqual(Uint8Array.of(1));
});

test('who is silent for the timeout is gone, told and replaced', () => {
  const lab = createLab(9);
  const server = lab.startServer({ clientsMax: 1 });
  const client = connect(lab, server);
  server.happened();
  server.receive(START_MS + 1000, client.address, payloadOf(client, 1));
  updateServer(server.server, START_MS + 6000);
  expect(server.happened()).toEqual([]);
  server.take();
  updateServer(server.server, START_MS + 6001);
  expect(server.happened()).toEqual([[CLIENT_TIMED_OUT, 0]]);
  expect(server.server.slots.states[0]).toBe(STRANGER);
  expect(typesOf(server.take())).toEqual(new Array(10).fill(DISCONNECT));
  expect(server.moved()).toMatchObject({ timeouts: 1 });
  connect(lab, server);
  expect(server.happened()).toEqual([[CLIENT_CONNECTED, 0]]);
});

test('forged packets keep nobody alive; with a negative timeout silence ends nothing', () => {
  const lab = createLab(10);
  const server = lab.startServer();
  const client = connect(lab, server);
  connect(lab, server, { token: lab.mint({ timeoutS: -1 }) });
  server.happened();
  const forged = payloadOf(client, 1).fill(0, 4, 5);
  forged[5]! ^= 1;
  server.receive(START_MS + 4900, client.address, forged);
  updateServer(server.server, START_MS + 86_400_000);
  expect(server.happened()).toEqual([[CLIENT_TIMED_OUT, 0]]);
  expect(server.server.slots.states[1]).toBe(CONFIRMED);
});

test('mistakes of our own are loud: sending to nobody, too much, and not looking at what happened', () => {
  const lab = createLab(11);
  const server = lab.startServer({ clientsMax: 1 });
  const bytes = new Uint8Array(1201);
  expect(() => sendToClient(server.server, START_MS, 0, bytes, 0, 1)).toThrow('connected');
  expect(() => disconnectClient(server.server, START_MS, 0)).toThrow('was connected');
  connect(lab, server);
  expect(() => sendToClient(server.server, START_MS, 0, bytes, 0, 1201)).toThrow('1,200');
  expect(() => sendToClient(server.server, START_MS, 0, bytes, 3, 3)).toThrow('1,200');
  updateServer(server.server, START_MS + 6000);
  expect(() => connect(lab, server)).toThrow('looked at');
});

// --- floods

/** Every kind of packet that somebody could send, honest ones and spoilt ones, for `address`. */
function everyKind(seed: number): { server: LabServer; kinds: Uint8Array[]; strangers: Address[]; insider: LabClient } {
  const lab = createLab(seed);
  const { random } = lab;
  const server = lab.startServer({ handshakesMax: 8, tokensMax: 32 });
  const insider = connect(lab, server);
  const asking = lab.startClient();
  const request = asking.take()[0]!.bytes;
  server.receive(START_MS, asking.address, request);
  asking.receive(START_MS, server.take()[0]!.bytes);
  const honest = [
    request,
    asking.take()[0]!.bytes,
    payloadOf(insider, 1),
    payloadOf(insider, ...new Array(1200).fill(3)),
  ];
  for (let count = 0; count < 4; count++) honest.push(lab.startClient().take()[0]!.bytes);
  const kinds = [...honest];
  for (let spoilt = 0; spoilt < 600; spoilt++) {
    const bytes = honest[random.below(honest.length)]!.slice();
    if (random.below(2) === 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    else bytes.fill(random.u32(), random.below(bytes.length));
    kinds.push(random.below(3) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes);
  }
  for (let prefix = 0; prefix < 256; prefix++) kinds.push(new Uint8Array(random.below(1400)).fill(prefix, 0, 1));
  // The last one is that of a handshake: its address is not proven either.
  return {
    server,
    kinds,
    strangers: [...[1, 2, 3].map((index) => clientAddress(900 + index)), asking.address],
    insider,
  };
}

test('every kind of packet from unproven addresses: at most 0.31 of its bytes come back, and none to one that is dropped', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { server, kinds, strangers } = everyKind(seed);
    server.moved();
    let answered = 0;
    for (const address of strangers) {
      for (const bytes of kinds) {
        server.receive(START_MS, address, bytes);
        server.happened();
        const out = server.take().reduce((sum, packet) => sum + packet.bytes.length, 0);
        const dropped = dropsOf(server.moved());
        const what = `SEED=${seed}: ${bytes.length} bytes of type ${bytes[0]! & 15}`;
        if (out > bytes.length * 0.31) expect.fail(`${what} got ${out} back`);
        if (dropped > 0 && out > 0) expect.fail(`${what} were dropped and got ${out} back`);
        if (dropped === 0) answered++;
      }
    }
    // Or nothing was tested.
    expect(answered).toBeGreaterThan(3);
  }
});

test('each packet that comes in is taken or moves exactly one count, and a flood costs no honest packet', () => {
  const { server, kinds, strangers, insider } = everyKind(6);
  server.happened();
  const { counts } = server.server;
  let honest = 0;
  for (const address of [...strangers, insider.address]) {
    for (const bytes of kinds) {
      const before = counts.slice();
      const isPayload = server.receive(START_MS, address, bytes) !== undefined;
      const moved = DROP_REASONS.filter((reason) => counts[COUNT[reason]] !== before[COUNT[reason]]);
      const isTaken = isPayload || counts[COUNT.packetsOut] !== before[COUNT.packetsOut];
      if (moved.length !== (isTaken ? 0 : 1)) expect.fail(`${bytes.length} bytes of type ${bytes[0]! & 15}: ${moved}`);
      server.take();
      server.happened();
      if (honest++ % 10 > 0) continue;
      const data = server.receive(START_MS, insider.address, payloadOf(insider, honest & 255));
      expect(data).toEqual(Uint8Array.of(honest & 255));
    }
  }
  expect(server.server.handshakes.byAddress.count).toBeLessThanOrEqual(8);
  expect(server.server.usedTokens.byTag.count).toBeLessThanOrEqual(32);
});

test('types 7 to 15 of a connected client are dropped', () => {
  const lab = createLab(13);
  const server = lab.startServer();
  const client = connect(lab, server);
  server.moved();
  for (let type = 7; type <= 15; type++) {
    const bytes = payloadOf(client, 1, 2, 3);
    bytes[0] = (bytes[0]! & 0xf0) | type;
    server.receive(START_MS, client.address, bytes);
  }
  expect(server.moved()).toEqual({ dropType: 9 });
  exchange(server, client, START_MS);
  expect(client.client.state).toBe(CONNECTED);
});
