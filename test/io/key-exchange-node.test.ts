import { createPrivateKey, createPublicKey, decapsulate, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import { ANSWER_BYTES, OFFER_BYTES, SECRET_BYTES } from '../../src/transport/key-exchange.ts';

const exchange = createNodeKeyExchange();
const SEED = Number(process.env.SEED ?? 31);

test('both sides come to the same secret, another one each time', () => {
  const secrets = Array.from({ length: 5 }, () => {
    const offer = exchange.createOffer();
    const answer = exchange.answerOffer(offer.bytes)!;
    expect([offer.bytes.length, answer.bytes.length]).toEqual([OFFER_BYTES, ANSWER_BYTES]);
    expect(offer.finish(answer.bytes)).toEqual(answer.secret);
    return Buffer.from(answer.secret).toString('hex');
  });
  expect(new Set(secrets).size).toBe(5);
  expect(secrets[0]).toHaveLength(2 * SECRET_BYTES);
});

test('the halves are X25519 and ML-KEM-768 as others have them', () => {
  const curve = generateKeyPairSync('x25519');
  const lattice = createPrivateKey({
    key: Buffer.alloc(64, 7),
    format: 'raw-seed',
    asymmetricKeyType: 'ml-kem-768',
  } as never);
  const raw = { format: 'raw-public' } as const;
  const offer = Buffer.concat([curve.publicKey.export(raw), createPublicKey(lattice).export(raw)]);
  const { bytes, secret } = exchange.answerOffer(offer)!;
  const key = Buffer.from(bytes.subarray(0, 32));
  const publicKey = createPublicKey({ key, format: 'raw-public', asymmetricKeyType: 'x25519' });
  expect(Buffer.from(secret.subarray(0, 32))).toEqual(diffieHellman({ privateKey: curve.privateKey, publicKey }));
  expect(Buffer.from(secret.subarray(32))).toEqual(Buffer.from(decapsulate(lattice, bytes.subarray(32))));
});

test('what is no offer and what is no answer is told, not thrown', () => {
  const offer = exchange.createOffer();
  const answer = exchange.answerOffer(offer.bytes)!.bytes;
  const spoilt = (bytes: Uint8Array, from: number, end: number, value: number): Uint8Array =>
    bytes.slice().fill(value, from, end);
  expect(exchange.answerOffer(offer.bytes.subarray(1))).toBeUndefined();
  // A point of small order; coefficients beyond the modulus.
  expect(exchange.answerOffer(spoilt(offer.bytes, 0, 32, 0))).toBeUndefined();
  expect(exchange.answerOffer(spoilt(offer.bytes, 32, OFFER_BYTES, 255))).toBeUndefined();
  expect(offer.finish(answer.subarray(1))).toBeUndefined();
  expect(offer.finish(spoilt(answer, 0, 32, 0))).toBeUndefined();
});

test('another ciphertext, another secret', () => {
  const offer = exchange.createOffer();
  const { bytes, secret } = exchange.answerOffer(offer.bytes)!;
  bytes[100]! ^= 1;
  expect(offer.finish(bytes)).not.toEqual(secret);
});

test('whatever is changed in an offer or an answer, there is a secret of its length or none', () => {
  const random = createRandom(SEED);
  const offer = exchange.createOffer();
  const answer = exchange.answerOffer(offer.bytes)!.bytes;
  const spoil = (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    for (let changes = random.below(40); changes >= 0; changes--) copy[random.below(copy.length)] = random.u32();
    return copy;
  };
  let refused = 0;
  for (let run = 0; run < 500; run++) {
    const answered = exchange.answerOffer(spoil(offer.bytes));
    const secret = offer.finish(spoil(answer));
    if (answered === undefined) refused++;
    else expect([answered.bytes.length, answered.secret.length]).toEqual([ANSWER_BYTES, SECRET_BYTES]);
    if (secret !== undefined) expect(secret.length).toBe(SECRET_BYTES);
  }
  console.log(`SEED=${SEED}: ${refused} offers of 500 refused`);
  expect(refused).toBeGreaterThan(100);
  expect(refused).toBeLessThan(500);
});
