import { createHash, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { createBoundCodec, writeBoundPacket } from '../../src/transport/bound-packet.ts';
import {
  ANSWER_BYTES,
  deriveKeys,
  type Exchanged,
  LABEL,
  OFFER_BYTES,
  SECRET_BYTES,
} from '../../src/transport/key-exchange.ts';
import { BOUND_PAYLOAD } from '../../src/transport/layout.ts';
import { keyExchange } from './rekey-lab.ts';

/** The numbers that the example of the standard is made of: byte i is i times the factor plus the offset. */
const run = (length: number, factor: number, offset: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => index * factor + offset);

function exchanged(): Exchanged {
  return {
    clientKey: run(32, 1, 0),
    serverKey: run(32, 1, 32),
    offer: run(OFFER_BYTES, 3, 1),
    id: 0x1234_5678,
    answer: run(ANSWER_BYTES, 5, 2),
    secret: run(SECRET_BYTES, 7, 3),
  };
}

function derive(changes: Partial<Exchanged> = {}): readonly [Uint8Array, Uint8Array] {
  const keys = [new Uint8Array(32), new Uint8Array(32)] as const;
  deriveKeys(keyExchange, { ...exchanged(), ...changes }, ...keys);
  return keys;
}

test('keys are HKDF-SHA-256 of the secret, salted with the keys until now, over what was said', () => {
  const { clientKey, serverKey, offer, answer, secret } = exchanged();
  const transcript = Buffer.concat([offer, Buffer.of(0x78, 0x56, 0x34, 0x12), answer]);
  const info = Buffer.concat([Buffer.from('DARKAGES RE-KEY 1\0'), createHash('sha256').update(transcript).digest()]);
  const expected = Buffer.from(hkdfSync('sha256', secret, Buffer.concat([clientKey, serverKey]), info, 64));
  expect(Buffer.concat(derive())).toEqual(expected);
});

test('whatever was different makes other keys', () => {
  const keys = new Set([Buffer.concat(derive()).toString('hex')]);
  for (const name of ['clientKey', 'serverKey', 'offer', 'answer', 'secret'] as const) {
    const bytes = exchanged()[name];
    bytes[bytes.length - 1]! ^= 1;
    keys.add(Buffer.concat(derive({ [name]: bytes })).toString('hex'));
  }
  keys.add(Buffer.concat(derive({ id: 0x1234_5679 })).toString('hex'));
  expect(keys.size).toBe(7);
});

test('the secret is wiped', () => {
  const secret = run(SECRET_BYTES, 7, 3);
  derive({ secret });
  expect(secret.every((byte) => byte === 0)).toBe(true);
});

/** The hex of a block of the standard, by its title. */
function hexOf(title: string): string {
  const standard = readFileSync(new URL('../../proto/STANDARD.md', import.meta.url), 'utf8');
  const block = new RegExp(`^\`\`\`hex ${title}\n([^\`]*)\`\`\``, 'm').exec(standard);
  return (block?.[1] ?? '').replaceAll(/\s/g, '');
}

test('the example of the standard: new keys, and a packet under them', () => {
  const [clientKey, serverKey] = derive();
  expect(hexOf('New keys')).toBe(Buffer.concat([clientKey, serverKey]).toString('hex'));
  expect(Buffer.from(LABEL).toString()).toBe('DARKAGES RE-KEY 1\0');
  const codec = createBoundCodec(createSodiumAead(), run(8, 17, 0x11));
  const target = new Uint8Array(100);
  const data = run(10, 1, 0);
  const length = writeBoundPacket(codec, BOUND_PAYLOAD, 0x1234_5678, serverKey, 0x0102, 0, data, 0, 10, target, 0);
  expect(hexOf('Bound packet')).toBe(Buffer.from(target.subarray(0, length)).toString('hex'));
});
