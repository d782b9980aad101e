import { expect, test } from 'vitest';
import { CONTROL_BYTES, controlKind } from '../../src/transport/control.ts';
import { PAYLOAD_BYTES_MAX } from '../../src/transport/layout.ts';

test('each kind has one length, and nothing else is one', () => {
  const message = new Uint8Array(1300);
  for (let kind = 0; kind < 256; kind++) {
    message[0] = kind;
    for (let length = 0; length <= 1300; length++) {
      const expected = CONTROL_BYTES[kind] === length ? kind : -1;
      if (controlKind(message, length) !== expected) expect.fail(`kind ${kind} with ${length} bytes`);
    }
  }
});

test('all of them fit a packet', () => {
  expect(Math.max(...CONTROL_BYTES)).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
});
