// What the transport needs of cryptography, as a port: ChaCha20-Poly1305 as of RFC 8439 (12 bytes of nonce) for packets
// and challenge tokens, XChaCha20-Poly1305 (24 bytes) for private tokens, and random bytes. Any thread; implemented by
// io/aead-sodium.ts. A nonce must never be used twice with one key: where they come from stands in server.ts and
// client.ts, and test/transport/nonce-checker.ts watches every one of them.

export interface Aead {
  /**
   * Seals `source[from, end)` into `target` at `at`: the ciphertext and 16 bytes of tag. Both may be the same bytes.
   * The nonce's length chooses the cipher. Does not allocate.
   */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    additional: Uint8Array,
    source: Uint8Array,
    from: number,
    end: number,
    target: Uint8Array,
    at: number,
  ): void;

  /**
   * Opens `source[from, end)`, ciphertext and tag, into `target` at `at`; false when it is not what was sealed, and
   * then nothing was written. Both may be the same bytes. Does not allocate.
   */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    additional: Uint8Array,
    source: Uint8Array,
    from: number,
    end: number,
    target: Uint8Array,
    at: number,
  ): boolean;

  /** Fills all of it with random bytes. */
  randomize(target: Uint8Array): void;
}
