import { expect, test } from 'vitest';
import {
  closeHandshake,
  createHandshakes,
  findHandshake,
  oldestHandshake,
  openHandshake,
} from '../../src/transport/handshakes.ts';
import { createPrivateToken } from '../../src/transport/token.ts';
import { clientAddress } from './lab.ts';

function open(handshakes: ReturnType<typeof createHandshakes>, nowMs: number, id: number): number {
  const token = createPrivateToken();
  token.clientId.set([id, 2]);
  token.clientKey.fill(id);
  token.serverKey.fill(id + 100);
  token.timeoutS = -1;
  return openHandshake(handshakes, nowMs, clientAddress(id), 0, token, Uint32Array.of(id, id, id, id));
}

test('keeps what a response is read by, for each address, until it is closed', () => {
  const handshakes = createHandshakes(3, 1);
  const places = [1, 2, 3].map((id) => open(handshakes, 50 - id, id));
  expect(new Set(places).size).toBe(3);
  expect(handshakes.freeCount).toBe(0);
  for (const id of [1, 2, 3]) {
    const index = findHandshake(handshakes, clientAddress(id), 0);
    expect(index).toBe(places[id - 1]);
    expect([...handshakes.clientIds.subarray(index * 2, index * 2 + 2)]).toEqual([id, 2]);
    expect(handshakes.clientKeys[index]![31]).toBe(id);
    expect(handshakes.serverKeys[index]![0]).toBe(id + 100);
    expect(handshakes.tags[index * 4 + 3]).toBe(id);
    expect(handshakes.timeoutS[index]).toBe(-1);
  }
  expect(oldestHandshake(handshakes)).toBe(places[2]);
  closeHandshake(handshakes, places[1]!);
  expect(findHandshake(handshakes, clientAddress(2), 0)).toBe(-1);
  expect(findHandshake(handshakes, clientAddress(3), 0)).toBe(places[2]);
  expect(open(handshakes, 60, 9)).toBe(places[1]);
});
