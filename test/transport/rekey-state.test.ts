import { expect, test } from 'vitest';
import { updateClient } from '../../src/transport/client.ts';
import { disconnectClient } from '../../src/transport/server.ts';
import { PROVEN, SETTLED } from '../../src/transport/states.ts';
import { FEATURE_REKEY } from '../../src/transport/token.ts';
import { clientAddress, createLab, START_MS } from './lab.ts';
import { connectRekeyClient, passTime, payloadPacket, startRekeyServer } from './rekey-lab.ts';

test('whoever takes a slot finds nothing of who had it: no keys, no exchange, no doubt', () => {
  const lab = createLab(1);
  const server = startRekeyServer(lab, { clientsMax: 1 });
  const rekeys = server.server.rekeys!;
  for (let turn = 0; turn < 3; turn++) {
    const client = connectRekeyClient(lab, server);
    expect([rekeys.keySets.byId.count, rekeys.keySets.current[0], rekeys.hasForgotten[0]]).toEqual([0, -1, 0]);
    expect([rekeys.states[0], rekeys.paths.states[0]]).toEqual([SETTLED, PROVEN]);
    expect(rekeys.paths.sentMs[0]).toBe(Number.NEGATIVE_INFINITY);
    passTime(server, client, 0, 4900);
    expect([rekeys.keySets.byId.count, rekeys.hasForgotten[0]]).toEqual([1, 1]);
    const bytes = payloadPacket(client, START_MS + 5000, ...new Array(200).fill(1));
    server.receive(START_MS + 5000, clientAddress(800), bytes);
    expect(rekeys.paths.states[0]).not.toBe(PROVEN);
    expect(rekeys.paths.sentMs[0]).toBe(START_MS + 5000);
    disconnectClient(server.server, START_MS + 5000, 0);
    server.take();
    expect(server.server.slots.freeCount).toBe(1);
    expect(rekeys.keySets.clientKeys.every((key) => key.every((byte) => byte === 0))).toBe(true);
  }
  expect(server.moved().rekeys).toBe(3);
});

test('no nonce comes twice, though one token is shown to many starts of the server and answered by each', () => {
  const lab = createLab(2);
  const token = lab.mint({ features: FEATURE_REKEY });
  const before = lab.nonces.count();
  for (let start = 0; start < 20; start++) {
    const server = startRekeyServer(lab);
    const client = connectRekeyClient(lab, server, { token, isCareless: true });
    // Several answers: those to some offers are lost.
    for (let passed = 0; passed < 2000; passed += 100) {
      updateClient(client.client, START_MS + passed);
      for (const { bytes } of client.take()) server.receive(START_MS + passed, client.address, bytes);
      server.take();
    }
    passTime(server, client, 2000, 4000);
    expect(server.moved().rekeys).toBe(1);
  }
  expect(lab.nonces.count() - before).toBeGreaterThan(20 * 8);
});
