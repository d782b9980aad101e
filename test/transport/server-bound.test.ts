import { expect, test } from 'vitest';
import type { Address } from '../../src/transport/address.ts';
import { writeBoundPacket } from '../../src/transport/bound-packet.ts';
import { updateClient } from '../../src/transport/client.ts';
import { ANSWER, CONTROL_BYTES, KEEP, OFFER, PATH_CHALLENGE, PROBE } from '../../src/transport/control.ts';
import { BOUND_CONTROL, BOUND_PAYLOAD } from '../../src/transport/layout.ts';
import { CONFIRMED, UNCONFIRMED } from '../../src/transport/states.ts';
import { FEATURE_REKEY } from '../../src/transport/token.ts';
import { clientAddress, connect, createLab, type Lab, type LabClient, type LabServer, START_MS } from './lab.ts';
import { connectRekeyClient, keyExchange, passTime, payloadPacket, startRekeyServer } from './rekey-lab.ts';

const NOW = START_MS + 5000;

function start(seed: number): { lab: Lab; server: LabServer; client: LabClient } {
  const lab = createLab(seed);
  const server = startRekeyServer(lab);
  const client = connectRekeyClient(lab, server);
  passTime(server, client, 0, 4900);
  server.moved();
  return { lab, server, client };
}

/** Any control message, sealed as the client would. */
function control(
  client: LabClient,
  message: Uint8Array,
  sequence = 5000,
  id = client.client.rekey!.current.id,
): Uint8Array {
  const { codec, current } = client.client.rekey!;
  const target = new Uint8Array(1300);
  const { length } = message;
  const end = writeBoundPacket(codec, BOUND_CONTROL, id, current.clientKey, sequence, 0, message, 0, length, target, 0);
  return target.slice(0, end);
}

test('each packet that is not taken moves one count, and none is answered', () => {
  const { lab, server, client } = start(1);
  const good = payloadPacket(client, NOW, 1);
  server.receive(NOW, client.address, good);
  const changed = (at: number): Uint8Array => {
    const bytes = payloadPacket(client, NOW, 1);
    bytes[at]! ^= 0x40;
    return bytes;
  };
  const other = connectRekeyClient(lab, server);
  const early = (type: number): Uint8Array => {
    const bytes = payloadPacket(client, NOW, 1);
    bytes[0] = (bytes[0]! & 0xf0) | type;
    return bytes.fill(0, 1 + (bytes[0] >> 4), 5 + (bytes[0] >> 4));
  };
  const message = (kind: number, length = CONTROL_BYTES[kind]!): Uint8Array => new Uint8Array(length).fill(kind, 0, 1);
  server.moved();
  const cases: [string, Address, Uint8Array][] = [
    ['dropReplayed', client.address, good],
    ['dropStranger', client.address, changed(3)],
    ['dropForged', client.address, changed(9)],
    ['dropSize', client.address, new Uint8Array(17).fill(0x18)],
    ['dropLength', client.address, new Uint8Array(20).fill(0x18)],
    ['dropSequence', client.address, new Uint8Array(40).fill(0x08)],
    ['dropForgotten', client.address, early(BOUND_CONTROL)],
    ['dropStranger', clientAddress(900), early(BOUND_CONTROL)],
    ['dropType', other.address, early(BOUND_PAYLOAD)],
    ['dropForged', other.address, early(BOUND_CONTROL)],
    ['controlMalformed', client.address, control(client, message(ANSWER), 5001)],
    ['controlMalformed', client.address, control(client, message(PATH_CHALLENGE), 5002)],
    ['controlMalformed', client.address, control(client, message(KEEP, 2), 5003)],
    ['controlMalformed', client.address, control(client, message(77, 9), 5004)],
    ['controlMalformed', client.address, control(client, message(OFFER).fill(2, 1, 2), 5005)],
    ['offerStale', client.address, control(client, message(OFFER), 5006)],
  ];
  for (const [count, address, bytes] of cases) {
    expect(server.receive(NOW, address, bytes), count).toBeUndefined();
    expect(server.moved()).toEqual({ [count]: 1 });
    expect(server.take()).toEqual([]);
  }
  server.receive(NOW, client.address, control(client, message(PROBE), 5007));
  expect(server.moved()).toEqual({});
});

test('a connection is found by its id wherever it comes from; the id of another one opens nothing', () => {
  const { lab, server, client } = start(2);
  const other = connectRekeyClient(lab, server);
  passTime(server, other, 5000, 1000);
  server.moved();
  expect(server.receive(NOW + 1000, other.address, payloadPacket(client, NOW, 3))).toEqual(Uint8Array.of(3));
  server.receive(
    NOW + 1000,
    client.address,
    control(client, Uint8Array.of(KEEP), 9000, other.client.rekey!.current.id),
  );
  expect(server.moved()).toEqual({ dropForged: 1 });
});

test('an offer confirms a client as a keep-alive does, and keeps it alive', () => {
  const lab = createLab(3);
  const server = startRekeyServer(lab);
  const client = lab.startClient({ token: lab.mint({ features: FEATURE_REKEY }), keyExchange });
  for (let step = 0; step < 2; step++) {
    for (const { bytes } of client.take()) server.receive(START_MS, client.address, bytes);
    for (const { bytes } of server.take()) client.receive(START_MS, bytes);
  }
  client.take();
  expect(server.server.slots.states[0]).toBe(UNCONFIRMED);
  updateClient(client.client, START_MS + 50);
  server.receive(START_MS + 50, client.address, client.take()[0]!.bytes);
  expect(server.server.slots.states[0]).toBe(CONFIRMED);
  expect(server.server.slots.heardMs[0]).toBe(START_MS + 50);
});

test('a token without the feature makes no offers, and those of a client that makes them anyway are dropped', () => {
  const lab = createLab(4);
  const server = startRekeyServer(lab);
  const bold = connect(lab, server, { token: lab.mint({ features: FEATURE_REKEY }), keyExchange });
  server.server.slots.features[0] = 0;
  server.moved();
  updateClient(bold.client, START_MS);
  for (const { bytes } of bold.take()) server.receive(START_MS, bold.address, bytes);
  expect([server.moved(), server.take()]).toEqual([{ dropType: 2 }, []]);
});
