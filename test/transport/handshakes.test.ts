import fc from 'fast-check';
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

function open(handshakes: ReturnType<typeof createHandshakes>, id: number): number {
  const token = createPrivateToken();
  token.clientId.set([id, 2]);
  token.clientKey.fill(id);
  token.serverKey.fill(id + 100);
  token.timeoutS = -1;
  return openHandshake(handshakes, clientAddress(id), 0, token, Uint32Array.of(id, id, id, id));
}

test('keeps what a response is read by, for each address, until it is closed', () => {
  const handshakes = createHandshakes(3, 1);
  const places = [1, 2, 3].map((id) => open(handshakes, id));
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
  expect(oldestHandshake(handshakes)).toBe(places[0]);
  closeHandshake(handshakes, places[1]!);
  expect(findHandshake(handshakes, clientAddress(2), 0)).toBe(-1);
  expect(findHandshake(handshakes, clientAddress(3), 0)).toBe(places[2]);
  expect(open(handshakes, 9)).toBe(places[1]);
});

test('the oldest is found, whichever were closed and opened before', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (draws) => {
      const handshakes = createHandshakes(6, 1);
      let model: number[] = [];
      for (const id of draws) {
        const known = findHandshake(handshakes, clientAddress(id), 0);
        if (known >= 0) closeHandshake(handshakes, known);
        else {
          if (handshakes.freeCount === 0) {
            closeHandshake(handshakes, oldestHandshake(handshakes));
            model.shift();
          }
          open(handshakes, id);
        }
        model = known >= 0 ? model.filter((other) => other !== id) : [...model, id];
        for (const each of model) expect(findHandshake(handshakes, clientAddress(each), 0)).toBeGreaterThanOrEqual(0);
        if (model.length > 0) {
          expect(oldestHandshake(handshakes)).toBe(findHandshake(handshakes, clientAddress(model[0]!), 0));
        }
      }
    }),
  );
});
