import { createCipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';

const aead = createSodiumAead();
const SEED = 31;

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  aead.randomize(bytes);
  return bytes;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
}

function sealWithNode(key: Uint8Array, nonce: Uint8Array, additional: Uint8Array, text: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(additional, { plaintextLength: text.length });
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

test('seals as the cipher of node:crypto does, at any place and length, and opens it again', () => {
  const random = createRandom(SEED);
  const bytes = new Uint8Array(1300);
  for (let length = 0; length <= 1200; length += 1 + random.below(40)) {
    const [key, nonce, additional, text] = [32, 12, random.below(40), length].map(randomBytes) as Uint8Array[];
    const at = random.below(20);
    const from = random.below(20);
    bytes.set(text!, from);
    aead.seal(key!, nonce!, additional!, bytes, from, from + length, bytes, at);
    const sealed = bytes.slice(at, at + length + 16);
    expect(Buffer.from(sealed).equals(sealWithNode(key!, nonce!, additional!, text!)), `SEED=${SEED}`).toBe(true);
    expect(aead.open(key!, nonce!, additional!, bytes, at, at + length + 16, bytes, from)).toBe(true);
    expect(Buffer.from(bytes.subarray(from, from + length)).equals(text!)).toBe(true);
  }
});

test('a nonce of 24 bytes seals with XChaCha20-Poly1305: the example of draft-irtf-cfrg-xchacha A.3.1', () => {
  const text = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const nonce = fromHex('404142434445464748494a4b4c4d4e4f5051525354555657');
  const sealed = new Uint8Array(text.length + 16);
  aead.seal(key, nonce, fromHex('50515253c0c1c2c3c4c5c6c7'), text, 0, text.length, sealed, 0);
  expect(Buffer.from(sealed.subarray(-16)).toString('hex')).toBe('c0875924c1c7987947deafd8780acf49');
  expect(Buffer.from(sealed.subarray(0, 16)).toString('hex')).toBe('bd6d179d3e83d43b9576579493c0e939');
  const opened = new Uint8Array(text.length);
  expect(aead.open(key, nonce, fromHex('50515253c0c1c2c3c4c5c6c7'), sealed, 0, sealed.length, opened, 0)).toBe(true);
  expect(opened).toEqual(text);
});

test('what was changed by one bit anywhere does not open, and nothing is written', () => {
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const additional = randomBytes(22);
  const sealed = new Uint8Array(40);
  aead.seal(key, nonce, additional, randomBytes(24), 0, 24, sealed, 0);
  const target = new Uint8Array(24);
  for (const bytes of [key, nonce, additional, sealed]) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(aead.open(key, nonce, additional, sealed, 0, 40, target, 0)).toBe(false);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
  expect(target).toEqual(new Uint8Array(24));
  expect(aead.open(key, nonce, additional, sealed, 0, 40, target, 0)).toBe(true);
});

test('random bytes differ each time, and all of them are drawn', () => {
  const sums = new Uint8Array(64);
  const drawn = new Set<string>();
  for (let draw = 0; draw < 100; draw++) {
    const bytes = randomBytes(64);
    drawn.add(Buffer.from(bytes).toString('hex'));
    for (let index = 0; index < 64; index++) sums[index]! |= bytes[index]!;
  }
  expect(drawn.size).toBe(100);
  expect([...sums].every((sum) => sum === 255)).toBe(true);
});

test('wrong sizes are the caller’s mistake', () => {
  const bytes = new Uint8Array(64);
  const [key, nonce, none] = [randomBytes(32), randomBytes(12), new Uint8Array(0)];
  expect(() => aead.seal(randomBytes(31), nonce, none, bytes, 0, 8, bytes, 0)).toThrow('a key');
  expect(() => aead.seal(key, randomBytes(8), none, bytes, 0, 8, bytes, 0)).toThrow('a nonce');
  expect(() => aead.seal(key, nonce, none, bytes, 0, 60, bytes, 0)).toThrow('fits its target');
  expect(() => aead.open(key, nonce, none, bytes, 0, 15, bytes, 0)).toThrow('a text');
});
