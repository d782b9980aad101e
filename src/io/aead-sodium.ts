// ChaCha20-Poly1305 of libsodium for the transport. Edge threads, bots. sodium-native is called by its binding: the
// functions around it throw for what doesn't open, and an exception a packet is eight times what the opening costs;
// junk must be cheap. The binding wants views of exact lengths, so packets pass through one buffer that has a view for
// each length, made once; copying there and back costs a tenth of making two views a packet, and leaves no garbage.

import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { assert } from '../base/assert.ts';
import type { Aead } from '../transport/aead.ts';
import { KEY_BYTES, LONG_NONCE_BYTES, NONCE_BYTES, TAG_BYTES } from '../transport/layout.ts';

/** The longest text that is sealed; a private token has 1,008 bytes, a payload at most 1,200. */
const TEXT_BYTES_MAX = 2048;

type Seal = (
  sealed: Uint8Array,
  text: Uint8Array,
  additional: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
) => number;
type Open = (
  text: Uint8Array,
  sealed: Uint8Array,
  additional: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
) => number;

interface Binding {
  readonly crypto_aead_chacha20poly1305_ietf_encrypt: Seal;
  readonly crypto_aead_chacha20poly1305_ietf_decrypt: Open;
  readonly crypto_aead_xchacha20poly1305_ietf_encrypt: Seal;
  readonly crypto_aead_xchacha20poly1305_ietf_decrypt: Open;
}

export function createSodiumAead(): Aead {
  const binding = createRequire(import.meta.url)('sodium-native/binding.js') as Binding;
  const shortSeal = binding.crypto_aead_chacha20poly1305_ietf_encrypt;
  const shortOpen = binding.crypto_aead_chacha20poly1305_ietf_decrypt;
  const longSeal = binding.crypto_aead_xchacha20poly1305_ietf_encrypt;
  const longOpen = binding.crypto_aead_xchacha20poly1305_ietf_decrypt;
  const scratch = Buffer.alloc(TEXT_BYTES_MAX + TAG_BYTES);
  const views = Array.from({ length: scratch.length + 1 }, (_, length) => scratch.subarray(0, length));
  const { copy } = Buffer.prototype;
  return {
    seal(key, nonce, additional, source, from, end, target, at) {
      const length = end - from;
      checkSizes(key, nonce, length);
      assert(at + length + TAG_BYTES <= target.length, 'what is sealed fits its target');
      copy.call(source, scratch, 0, from, end);
      const seal = nonce.length === NONCE_BYTES ? shortSeal : longSeal;
      const written = seal(views[length + TAG_BYTES]!, views[length]!, additional, nonce, key);
      assert(written === length + TAG_BYTES, 'libsodium seals');
      scratch.copy(target, at, 0, written);
    },
    open(key, nonce, additional, source, from, end, target, at) {
      const length = end - from - TAG_BYTES;
      checkSizes(key, nonce, length);
      assert(at + length <= target.length, 'what is opened fits its target');
      copy.call(source, scratch, 0, from, end);
      const open = nonce.length === NONCE_BYTES ? shortOpen : longOpen;
      if (open(views[length]!, views[length + TAG_BYTES]!, additional, nonce, key) !== length) return false;
      scratch.copy(target, at, 0, length);
      return true;
    },
    randomize: (target) => void randomFillSync(target),
  };
}

/** The binding trusts its caller with lengths. */
function checkSizes(key: Uint8Array, nonce: Uint8Array, length: number): void {
  assert(key.length === KEY_BYTES, 'a key has 32 bytes');
  assert(nonce.length === NONCE_BYTES || nonce.length === LONG_NONCE_BYTES, 'a nonce has 12 or 24 bytes');
  assert(length >= 0 && length <= TEXT_BYTES_MAX, 'a text has at most 2,048 bytes');
}
