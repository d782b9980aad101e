import { createCipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { createRandom } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { formatAddress, parseAddress } from '../../src/transport/address.ts';
import {
  createPrivateToken,
  createTokenOpener,
  FEATURE_REKEY,
  FORGED,
  MALFORMED,
  mintToken,
  OPENED,
  openPrivateToken,
  readPrivateToken,
  readPublicToken,
  type TokenTerms,
} from '../../src/transport/token.ts';
import { KEY, PROTOCOL_ID } from './lab.ts';

const SEED = 61;
const aead = createSodiumAead();
const TERMS: TokenTerms = {
  protocolId: PROTOCOL_ID,
  clientId: 0xfedc_ba98_7654_3210n,
  createdS: 1_700_000_000,
  expiresS: 1_700_000_060,
  timeoutS: -1,
  addresses: [parseAddress('1.2.3.4:513')!, parseAddress('[102:304::506]:513')!],
  userData: Uint8Array.from({ length: 256 }, (_, index) => 255 - index),
};

// Where things are in a public token.
const EXPIRES_AT = 13 + 8 + 8;
const NONCE_AT = EXPIRES_AT + 8;
const SEALED_AT = NONCE_AT + 24;
const TIMEOUT_AT = SEALED_AT + 1024;

// --- XChaCha20-Poly1305 without libsodium: HChaCha20 by hand, the rest by node:crypto

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

function quarter(s: Int32Array, a: number, b: number, c: number, d: number): void {
  for (const [first, second] of [
    [16, 12],
    [8, 7],
  ] as const) {
    s[a]! += s[b]!;
    s[d] = rotate(s[d]! ^ s[a]!, first);
    s[c]! += s[d]!;
    s[b] = rotate(s[b]! ^ s[c]!, second);
  }
}

function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const input = Buffer.concat([Buffer.from('expand 32-byte k'), key, nonce.subarray(0, 16)]);
  const s = Int32Array.from({ length: 16 }, (_, word) => input.readInt32LE(word * 4));
  for (let round = 0; round < 10; round++) {
    for (let column = 0; column < 4; column++) quarter(s, column, column + 4, column + 8, column + 12);
    for (let row = 0; row < 4; row++) quarter(s, row, 4 + ((row + 1) & 3), 8 + ((row + 2) & 3), 12 + ((row + 3) & 3));
  }
  return new Uint8Array(Int32Array.of(...s.subarray(0, 4), ...s.subarray(12)).buffer);
}

function sealLong(key: Uint8Array, nonce: Uint8Array, additional: Uint8Array, text: Uint8Array): Buffer {
  const shortNonce = Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]);
  const cipher = createCipheriv('chacha20-poly1305', hchacha20(key, nonce), shortNonce, { authTagLength: 16 });
  cipher.setAAD(additional, { plaintextLength: text.length });
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

const ADDRESSES_HEX = `02000000 01 01020304 0102 02 0201 0403 ${'0000 '.repeat(5)} 0605 0102`.replaceAll(' ', '');

/** What TERMS are before sealing, from the standard alone; both keys are in the public token. */
function privateText(keys: Uint8Array): Buffer {
  const head = Buffer.concat([u64(TERMS.clientId), Buffer.from(`ffffffff${ADDRESSES_HEX}`, 'hex'), keys]);
  return Buffer.concat([head, TERMS.userData!, Buffer.alloc(1008)]).subarray(0, 1008);
}

const ADDITIONAL = Buffer.concat([Buffer.from('NETCODE 1.02\0'), u64(PROTOCOL_ID), u64(BigInt(TERMS.expiresS))]);

test('a token is, byte for byte, what the standard says', () => {
  const token = mintToken(aead, KEY, TERMS);
  const nonce = token.subarray(NONCE_AT, SEALED_AT);
  const keysAt = TIMEOUT_AT + 4 + ADDRESSES_HEX.length / 2;
  const keys = token.subarray(keysAt, keysAt + 64);
  const expected = Buffer.concat([
    Buffer.from('NETCODE 1.02\0'),
    u64(PROTOCOL_ID),
    u64(BigInt(TERMS.createdS)),
    u64(BigInt(TERMS.expiresS)),
    nonce,
    sealLong(KEY, nonce, ADDITIONAL, privateText(keys)),
    Buffer.from(`ffffffff${ADDRESSES_HEX}`, 'hex'),
    keys,
    Buffer.alloc(2048),
  ]).subarray(0, 2048);
  expect(Buffer.from(token).toString('hex')).toBe(expected.toString('hex'));
});

test('keys and nonce differ from token to token', () => {
  const [one, two] = [mintToken(aead, KEY, TERMS), mintToken(aead, KEY, TERMS)].map((bytes) => readPublicToken(bytes)!);
  for (const part of ['nonce', 'clientKey', 'serverKey'] as const) expect(one![part]).not.toEqual(two![part]);
  expect(one!.clientKey).not.toEqual(one!.serverKey);
});

test('its client reads all but what is the server’s', () => {
  const bytes = mintToken(aead, KEY, TERMS);
  const token = readPublicToken(bytes)!;
  expect(token.protocolId).toEqual(Uint8Array.from(u64(PROTOCOL_ID)));
  expect([token.createdS, token.expiresS, token.timeoutS]).toEqual([TERMS.createdS, TERMS.expiresS, -1]);
  expect(token.addresses.map((address) => formatAddress(address))).toEqual([
    '1.2.3.4:513',
    '[102:304:0:0:0:0:0:506]:513',
  ]);
  expect(token.sealed).toEqual(bytes.slice(SEALED_AT, TIMEOUT_AT));
});

test('the server opens it and reads the same keys', () => {
  const bytes = mintToken(aead, KEY, TERMS);
  const opener = createTokenOpener(aead, KEY, PROTOCOL_ID);
  expect(openPrivateToken(opener, bytes, EXPIRES_AT, NONCE_AT)).toBe(OPENED);
  const { token } = opener;
  expect([...token.clientId]).toEqual([0x7654_3210, 0xfedc_ba98]);
  expect([token.timeoutS, token.addressCount]).toEqual([-1, 2]);
  expect(formatAddress(token.addresses, 5)).toBe('[102:304:0:0:0:0:0:506]:513');
  expect(token.userData).toEqual(TERMS.userData);
  const known = readPublicToken(bytes)!;
  expect([token.clientKey, token.serverKey]).toEqual([known.clientKey, known.serverKey]);
});

test('with one bit of expiry, nonce or sealed part changed, with another key or protocol, it does not open', () => {
  const bytes = mintToken(aead, KEY, TERMS);
  const opener = createTokenOpener(aead, KEY, PROTOCOL_ID);
  for (let bit = EXPIRES_AT * 8; bit < TIMEOUT_AT * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    if (openPrivateToken(opener, bytes, EXPIRES_AT, NONCE_AT) !== FORGED) expect.fail(`bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  const others = [createTokenOpener(aead, new Uint8Array(32), PROTOCOL_ID), createTokenOpener(aead, KEY, 1n)];
  for (const other of others) expect(openPrivateToken(other, bytes, EXPIRES_AT, NONCE_AT)).toBe(FORGED);
});

/** What an issuer with the key could seal: opens, but isn't well-formed. */
test.each([
  ['no address', (text: Buffer) => text.writeUInt32LE(0, 12)],
  ['33 addresses and none there', (text: Buffer) => text.writeUInt32LE(33, 12)],
  ['33 good addresses', (text: Buffer) => text.writeUInt32LE(33, 12) && text.fill('01000000000000', 16, 'hex')],
  ['2³² − 1 addresses', (text: Buffer) => text.writeUInt32LE(0xffff_ffff, 12)],
  ['an address of type 0', (text: Buffer) => text.writeUInt8(0, 16)],
  ['an address of type 3', (text: Buffer) => text.writeUInt8(3, 23)],
  ['addresses of zeros', (text: Buffer) => text.writeUInt32LE(5, 12) && text.fill(0, 42)],
])('a private token with %s is malformed', (_, spoil) => {
  const bytes = mintToken(aead, KEY, TERMS);
  const text = privateText(new Uint8Array(64));
  spoil(text);
  bytes.set(sealLong(KEY, bytes.subarray(NONCE_AT, SEALED_AT), ADDITIONAL, text), SEALED_AT);
  const opener = createTokenOpener(aead, KEY, PROTOCOL_ID);
  expect(openPrivateToken(opener, bytes, EXPIRES_AT, NONCE_AT)).toBe(MALFORMED);
});

test('a private token with 32 addresses is read, and cut anywhere before its end it is not', () => {
  const addresses = Array.from({ length: 32 }, (_, index) => parseAddress(`[::${index + 1}]:${index}`)!);
  const bytes = mintToken(aead, KEY, { ...TERMS, addresses });
  const opener = createTokenOpener(aead, KEY, PROTOCOL_ID);
  expect(openPrivateToken(opener, bytes, EXPIRES_AT, NONCE_AT)).toBe(OPENED);
  expect(opener.token.addressCount).toBe(32);
  const whole = 8 + 4 + 4 + 32 * 19 + 64 + 256;
  const token = createPrivateToken();
  for (let length = 0; length <= whole; length++) {
    const isRead = readPrivateToken(new Reader(opener.text.slice(0, length)), token);
    if (isRead !== (length === whole)) expect.fail(`${length} bytes`);
  }
});

test('what is no public token is told as such, and any bytes end in one or the other', () => {
  const bytes = mintToken(aead, KEY, TERMS);
  const spoilt = (change: (copy: Buffer) => void): Uint8Array => {
    const copy = Buffer.from(bytes);
    change(copy);
    return Uint8Array.from(copy);
  };
  expect(readPublicToken(bytes.subarray(1))).toBeUndefined();
  expect(readPublicToken(new Uint8Array([...bytes, 0]))).toBeUndefined();
  for (let at = 0; at < 13; at++)
    expect(readPublicToken(spoilt((copy) => copy.fill(copy[at]! ^ 1, at, at + 1)))).toBeUndefined();
  for (const count of [0, 33, 0xffff_ffff]) {
    expect(readPublicToken(spoilt((copy) => copy.writeUInt32LE(count, TIMEOUT_AT + 4)))).toBeUndefined();
  }
  expect(readPublicToken(spoilt((copy) => copy.writeUInt8(3, TIMEOUT_AT + 8)))).toBeUndefined();
  // Created after it expires.
  expect(readPublicToken(spoilt((copy) => copy.writeUInt8(255, 13 + 8 + 7)))).toBeUndefined();
  const random = createRandom(SEED);
  for (let run = 0; run < 20_000; run++) {
    const token = readPublicToken(spoilt((copy) => copy.writeUInt8(random.u32() & 255, random.below(2048))));
    if (token !== undefined && (token.addresses.length < 1 || token.addresses.length > 32)) expect.fail(`SEED=${SEED}`);
  }
});

test('terms that cannot be are the issuer’s mistake', () => {
  expect(() => mintToken(aead, KEY, { ...TERMS, addresses: [] })).toThrow('1 to 32');
  expect(() => mintToken(aead, KEY, { ...TERMS, userData: new Uint8Array(257) })).toThrow('256');
  expect(() => createTokenOpener(aead, new Uint8Array(31), 1n)).toThrow('32 bytes');
});

test('features stand in the last word of either token, and nothing else differs from a token without', () => {
  const bytes = mintToken(aead, KEY, { ...TERMS, features: FEATURE_REKEY });
  const opener = createTokenOpener(aead, KEY, PROTOCOL_ID);
  expect(openPrivateToken(opener, bytes, EXPIRES_AT, NONCE_AT)).toBe(OPENED);
  expect([opener.token.features, readPublicToken(bytes)!.features]).toEqual([FEATURE_REKEY, FEATURE_REKEY]);
  expect([...opener.text.subarray(-4), ...bytes.subarray(-4)]).toEqual([1, 0, 0, 0, 1, 0, 0, 0]);
  const plain = mintToken(aead, KEY, TERMS);
  expect(openPrivateToken(opener, plain, EXPIRES_AT, NONCE_AT)).toBe(OPENED);
  expect([opener.token.features, readPublicToken(plain)!.features]).toEqual([0, 0]);
});
