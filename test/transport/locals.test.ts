// A server on all addresses of a machine: each packet leaves from the address that its receiver asked.

import { expect, test } from 'vitest';
import { type Address, isSameAddress, parseAddress } from '../../src/transport/address.ts';
import { moveClient } from '../../src/transport/client.ts';
import { sendToClient } from '../../src/transport/server.ts';
import { FEATURE_REKEY } from '../../src/transport/token.ts';
import { clientAddress, createLab, exchange, type Lab, type LabServer, START_MS } from './lab.ts';
import { exchangeAt, keyExchange, passTime } from './rekey-lab.ts';

const OWN = ['10.0.0.1:0', '10.0.0.2:0', '[2001:db8::7]:0'].map((text) => parseAddress(text)!);
const NOW = START_MS + 5_000;

interface Scene extends LabServer {
  /** Where what comes from now on was sent to. */
  askAt(own: Address): void;
}

function startServer(lab: Lab): Scene {
  const scene = lab.startServer({ keyExchange });
  return { ...scene, askAt: (own) => scene.server.slots.localAtHand.set(own) };
}

const start = (lab: Lab) => lab.startClient({ token: lab.mint({ features: FEATURE_REKEY }), keyExchange });

test('from the request on, whoever was heard last', () => {
  const lab = createLab(1);
  const server = startServer(lab);
  const clients = OWN.map((own) => {
    const client = start(lab);
    server.askAt(own);
    for (const { bytes } of client.take()) server.receive(START_MS, client.address, bytes);
    const challenges = server.take();
    expect(challenges.map(({ local }) => local)).toEqual([own]);
    client.receive(START_MS, challenges[0]!.bytes);
    exchange(server, client, START_MS);
    return client;
  });
  // The last one to be heard is not the one that is spoken to.
  for (const slot of [0, 1, 2]) sendToClient(server.server, NOW, slot, Uint8Array.of(1), 0, 1);
  const packets = server.take();
  expect(packets.length).toBe(OWN.length);
  for (const { address, local } of packets) {
    expect(local).toEqual(OWN[clients.findIndex((client) => isSameAddress(client.address, 0, address, 0))]);
  }
});

test('who moves is asked from where it sent to, and answered from there once it has moved', () => {
  const lab = createLab(2);
  const server = startServer(lab);
  const client = start(lab);
  server.askAt(OWN[0]!);
  exchange(server, client, START_MS);
  passTime(server, client, 0, 4_900);
  expect(moveClient(client.client, NOW)).toBe(true);
  const elsewhere = clientAddress(700);
  server.askAt(OWN[1]!);
  const packets = exchangeAt(server, client, elsewhere, NOW);
  expect(packets.length).toBeGreaterThan(0);
  for (const { address, local } of packets)
    expect(local).toEqual(isSameAddress(address, 0, elsewhere, 0) ? OWN[1] : OWN[0]);
  server.askAt(OWN[2]!);
  sendToClient(server.server, NOW, 0, Uint8Array.of(1), 0, 1);
  expect(server.take()).toMatchObject([{ address: elsewhere, local: OWN[1] }]);
});
