// An Aead that watches every (key, nonce) ever sealed with and throws when one comes again, whichever server, client or
// start of one it was. What it is wrapped around does the work.

import type { Aead } from '../../src/transport/aead.ts';

export interface NonceChecker {
  /** For one server, client or issuer; all of one checker share what was seen. */
  watch(aead: Aead): Aead;
  /** How many were seen. */
  count(): number;
}

export function createNonceChecker(): NonceChecker {
  const seen = new Set<string>();
  return {
    watch: (aead) => ({
      ...aead,
      seal(key, nonce, additional, source, from, end, target, at) {
        const pair = `${Buffer.from(key).toString('latin1')}${Buffer.from(nonce).toString('latin1')}`;
        if (seen.has(pair)) throw new Error(`a nonce was used twice: ${Buffer.from(nonce).toString('hex')}`);
        seen.add(pair);
        aead.seal(key, nonce, additional, source, from, end, target, at);
      },
    }),
    count: () => seen.size,
  };
}
