import { createCipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import {
  createBoundCodec,
  isBoundPrefix,
  openBoundPacket,
  readBoundPrefix,
  writeBoundPacket,
} from '../../src/transport/bound-packet.ts';
import { ACCEPTED, COUNT } from '../../src/transport/counts.ts';
import { BOUND_CONTROL, BOUND_PAYLOAD, PACKET_BYTES_MAX } from '../../src/transport/layout.ts';
import { OUTBOX_STRIDE } from '../../src/transport/outbox.ts';

const PROTOCOL = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);
const KEY = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const codec = createBoundCodec(createSodiumAead(), PROTOCOL);
const random = createRandom(61);
const dataOf = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.u32());

function write(type: number, id: number, sequence: bigint, data: Uint8Array): Uint8Array {
  const target = new Uint8Array(OUTBOX_STRIDE);
  const [low, high] = [Number(sequence & 0xffff_ffffn), Number(sequence >> 32n)];
  const source = Uint8Array.of(1, 2, ...data, 3);
  const length = writeBoundPacket(codec, type, id, KEY, low, high, source, 2, 2 + data.length, target, 5);
  return target.slice(5, 5 + length);
}

/** The packet as section 15 has it, made with nothing of ours. */
function sealWithNode(type: number, id: number, sequence: bigint, data: Uint8Array): Buffer {
  const sequenceBytes = Math.max(1, Math.ceil(sequence.toString(16).length / 2));
  const word = Buffer.alloc(8);
  word.writeBigUInt64LE(sequence);
  const prefix = Buffer.of((sequenceBytes << 4) | type);
  const idBytes = Buffer.alloc(4);
  idBytes.writeUInt32LE(id);
  const nonce = Buffer.concat([Buffer.alloc(4), word]);
  const cipher = createCipheriv('chacha20-poly1305', KEY, nonce, { authTagLength: 16 });
  const additional = Buffer.concat([Buffer.from('NETCODE 1.02\0'), PROTOCOL, prefix, idBytes]);
  cipher.setAAD(additional, { plaintextLength: data.length });
  const sealed = [cipher.update(data), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([prefix, word.subarray(0, sequenceBytes), idBytes, ...sealed]);
}

/** What it holds, the count of why it is dropped, or −1 for forged. */
function read(bytes: Uint8Array): object | number {
  const source = Uint8Array.of(9, 9, ...bytes, 9);
  const end = 2 + bytes.length;
  const reason = readBoundPrefix(codec, source, 2, end);
  if (reason !== ACCEPTED) return reason;
  const target = new Uint8Array(PACKET_BYTES_MAX);
  const length = openBoundPacket(codec, KEY, source, 2, end, target);
  if (length < 0) return -1;
  const sequence = BigInt(codec.sequenceLow) + (BigInt(codec.sequenceHigh) << 32n);
  return { type: codec.type, id: codec.id[0], sequence, data: target.slice(0, length) };
}

test.each([0n, 255n, 256n, 2n ** 20n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 62n, 2n ** 64n - 1n])(
  'sequence number %i: the same bytes as the cipher of node:crypto, and it comes back',
  (sequence) => {
    for (const type of [BOUND_PAYLOAD, BOUND_CONTROL]) {
      for (const id of [0, 1, 0xffff_ffff]) {
        const data = dataOf(1 + random.below(1100));
        const bytes = write(type, id, sequence, data);
        expect(Buffer.from(bytes).equals(sealWithNode(type, id, sequence, data))).toBe(true);
        expect(read(bytes)).toEqual({ type, id, sequence, data });
      }
    }
  },
);

test('the longest payload fits a packet as long as any, up to 2³² of them', () => {
  const bytes = write(BOUND_PAYLOAD, 0xffff_ffff, 2n ** 32n - 1n, dataOf(1200));
  expect(bytes.length).toBe(PACKET_BYTES_MAX);
  expect(read(bytes)).toMatchObject({ id: 0xffff_ffff });
});

test('what has another length, or a number of none or nine bytes, is refused before it is opened', () => {
  expect(read(write(BOUND_PAYLOAD, 1, 1n, new Uint8Array(0)))).toBe(COUNT.dropLength);
  expect(read(new Uint8Array(17).fill(0x18))).toBe(COUNT.dropSize);
  expect(read(new Uint8Array(PACKET_BYTES_MAX + 1).fill(0x48))).toBe(COUNT.dropSize);
  expect(read(new Uint8Array(PACKET_BYTES_MAX).fill(0x18))).toBe(COUNT.dropLength);
  for (const count of [0, 9, 15]) {
    const bytes = new Uint8Array(60);
    bytes[0] = (count << 4) | BOUND_PAYLOAD;
    expect(read(bytes)).toBe(COUNT.dropSequence);
  }
});

test('truncated anywhere, or with any bit flipped, nothing opens', () => {
  const bytes = write(BOUND_CONTROL, 0x1234_5678, 0x12_3456n, dataOf(40));
  const isOpen = (changed: Uint8Array): boolean => isBoundPrefix(changed[0]!) && typeof read(changed) !== 'number';
  for (let length = 0; length < bytes.length; length++) expect(isOpen(bytes.subarray(0, length))).toBe(false);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(isOpen(bytes), `bit ${bit}`).toBe(false);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  expect(isOpen(bytes)).toBe(true);
});
