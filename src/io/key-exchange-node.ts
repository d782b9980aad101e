// X25519, ML-KEM-768 and HKDF-SHA-256 of node:crypto for the transport. Edge threads, bots. An answer costs about 0.2 ms,
// which the server bounds (transport/server-keys.ts). Private keys live in OpenSSL, which wipes them when they are let go.

import {
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import {
  ANSWER_BYTES,
  type KeyAnswer,
  type KeyExchange,
  type KeyOffer,
  OFFER_BYTES,
  SECRET_BYTES,
} from '../transport/key-exchange.ts';

/** Each answer leaves a lattice key of 9 KB outside the heap, where the collector doesn't count it. */
const ANSWERS_KEPT = 256;
const CURVE_BYTES = 32;
const RAW = { format: 'raw-public' } as const;

/** Of this thread. */
let answers = 0;

export function createNodeKeyExchange(): KeyExchange {
  return { createOffer, answerOffer, derive };
}

function createOffer(): KeyOffer {
  const curve = generateKeyPairSync('x25519');
  const lattice = generateKeyPairSync('ml-kem-768');
  const bytes = join(OFFER_BYTES, curve.publicKey.export(RAW), lattice.publicKey.export(RAW));
  return {
    bytes,
    finish(answer) {
      if (answer.length !== ANSWER_BYTES) return undefined;
      try {
        const shared = diffieHellman({ privateKey: curve.privateKey, publicKey: readKey(answer, 0, 'x25519') });
        // Any ciphertext gives a secret: one that was not meant for us gives another than its sender's.
        return join(SECRET_BYTES, shared, decapsulate(lattice.privateKey, answer.subarray(CURVE_BYTES)));
      } catch {
        return undefined;
      }
    },
  };
}

function answerOffer(offer: Uint8Array): KeyAnswer | undefined {
  if (offer.length !== OFFER_BYTES) return undefined;
  if (++answers % ANSWERS_KEPT === 0) collectYoung();
  try {
    const { sharedKey, ciphertext } = encapsulate(readKey(offer, CURVE_BYTES, 'ml-kem-768'));
    const curve = generateKeyPairSync('x25519');
    const shared = diffieHellman({ privateKey: curve.privateKey, publicKey: readKey(offer, 0, 'x25519') });
    return {
      bytes: join(ANSWER_BYTES, curve.publicKey.export(RAW), ciphertext),
      secret: join(SECRET_BYTES, shared, sharedKey),
    };
  } catch {
    // From the wire: a point of small order, or coefficients that no ML-KEM key has.
    return undefined;
  }
}

/**
 * Takes 2 to 5 ms in an edge of 10,000 connections. Without it keys of minutes pile up: 20 instead of 14 KB a connection
 * (udp.connections.bytesEach). Only where node runs with --expose-gc, as the launcher starts it.
 */
function collectYoung(): void {
  globalThis.gc?.({ type: 'minor' });
}

function derive(secret: Uint8Array, salt: Uint8Array, label: Uint8Array, transcript: Uint8Array): Uint8Array {
  const info = Buffer.concat([label, hash('sha256', transcript, 'buffer')]);
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, 64));
}

function readKey(bytes: Uint8Array, from: number, algorithm: 'x25519' | 'ml-kem-768'): KeyObject {
  const end = algorithm === 'x25519' ? from + CURVE_BYTES : bytes.length;
  const key = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from);
  return createPublicKey({ key, format: 'raw-public', asymmetricKeyType: algorithm });
}

/** Both behind each other; what was secret is wiped. */
function join(length: number, first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(length);
  joined.set(first);
  joined.set(second, first.length);
  first.fill(0);
  second.fill(0);
  return joined;
}
