import { expect, test } from 'vitest';
import { sendToServer } from '../../src/transport/client.ts';
import { sendToClient } from '../../src/transport/server.ts';
import { CLIENT_CONNECTED } from '../../src/transport/server-state.ts';
import { CONFIRMED, CONNECTED } from '../../src/transport/states.ts';
import { connect, createLab, START_MS } from './lab.ts';

test('request, challenge, response, keep-alive: connected within one exchange, and payloads go both ways', () => {
  const lab = createLab(1);
  const server = lab.startServer();
  const client = connect(lab, server);
  expect(client.client.state).toBe(CONNECTED);
  expect(server.happened()).toEqual([[CLIENT_CONNECTED, 0]]);
  expect(server.server.slots.states[0]).toBe(CONFIRMED);
  expect(server.server.slots.userData[0]![0]).toBe(1);
  sendToServer(client.client, START_MS, Uint8Array.of(9, 1, 2, 3, 9), 1, 4);
  expect(client.take().map(({ bytes }) => server.receive(START_MS, client.address, bytes))).toEqual([
    Uint8Array.of(1, 2, 3),
  ]);
  sendToClient(server.server, START_MS, 0, Uint8Array.of(9, 4, 5, 9), 1, 3);
  expect(server.take().map(({ bytes }) => client.receive(START_MS, bytes))).toEqual([Uint8Array.of(4, 5)]);
});
