import { createCipheriv, createDecipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { ACCEPTED, COUNT } from '../../src/transport/counts.ts';
import { PACKET_BYTES_MAX, PACKET_TYPES } from '../../src/transport/layout.ts';
import {
  createPacketCodec,
  FROM_CLIENT,
  FROM_SERVER,
  openPacket,
  type PacketCodec,
  readPrefix,
  writePacket,
} from '../../src/transport/packet.ts';

const SEED = 51;
const PROTOCOL = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);
const KEY = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const codec = createPacketCodec(createSodiumAead(), PROTOCOL);

/** The packet as the standard has it, made with nothing of ours. */
function sealWithNode(type: number, sequence: bigint, data: Uint8Array, key = KEY): Buffer {
  const sequenceBytes = Math.max(1, Math.ceil(sequence.toString(16).length / 2));
  const word = Buffer.alloc(8);
  word.writeBigUInt64LE(sequence);
  const prefix = Buffer.of((sequenceBytes << 4) | type);
  const nonce = Buffer.concat([Buffer.alloc(4), word]);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(Buffer.concat([Buffer.from('NETCODE 1.02\0'), PROTOCOL, prefix]), { plaintextLength: data.length });
  const sealed = [cipher.update(data), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([prefix, word.subarray(0, sequenceBytes), ...sealed]);
}

function write(type: number, sequence: bigint, data: Uint8Array): Uint8Array {
  const target = new Uint8Array(PACKET_BYTES_MAX + 9);
  const low = Number(sequence & 0xffff_ffffn);
  const high = Number(sequence >> 32n);
  const source = Uint8Array.of(1, 2, 3, ...data, 4);
  const length = writePacket(codec, type, KEY, low, high, source, 3, 3 + data.length, target, 5);
  return target.slice(5, 5 + length);
}

interface Opened {
  readonly type: number;
  readonly sequence: bigint;
  readonly data: Uint8Array;
}

/** What it holds, the count of why it is dropped, or −1 for forged. */
function read(bytes: Uint8Array, sender: number, by: PacketCodec = codec): Opened | number {
  const source = Uint8Array.of(9, 9, ...bytes, 9);
  const end = 2 + bytes.length;
  const reason = readPrefix(by, source, 2, end, sender);
  if (reason !== ACCEPTED) return reason;
  const target = new Uint8Array(PACKET_BYTES_MAX);
  const length = openPacket(by, KEY, source, 2, end, target);
  if (length < 0) return -1;
  const sequence = BigInt(by.sequenceLow) + (BigInt(by.sequenceHigh) << 32n);
  return { type: by.type, sequence, data: target.slice(0, length) };
}

const SEQUENCES = [0n, 1n, 0xffn, 0x100n, 0xffffn, 0x1_0000n, 0xffff_ffffn, 2n ** 32n, 2n ** 40n - 1n, 2n ** 53n];
const HIGH_SEQUENCES = [2n ** 56n - 1n, 2n ** 56n, 2n ** 63n, 2n ** 64n - 1n];
const SEALED_TYPES = PACKET_TYPES.map((row, type) => ({ ...row, type })).slice(1);

function dataOf(type: number, random = createRandom(SEED)): Uint8Array {
  const { bytesMin, bytesMax } = PACKET_TYPES[type]!;
  const length = bytesMin + random.below(bytesMax - bytesMin + 1);
  return Uint8Array.from({ length }, () => random.u32());
}

test.each([...SEQUENCES, ...HIGH_SEQUENCES])(
  'sequence number %i: the same bytes as the cipher of node:crypto',
  (sequence) => {
    for (const { type, fromClient } of SEALED_TYPES) {
      const data = dataOf(type);
      const bytes = write(type, sequence, data);
      expect(Buffer.from(bytes).equals(sealWithNode(type, sequence, data)), `type ${type}`).toBe(true);
      expect(read(bytes, fromClient ? FROM_CLIENT : FROM_SERVER)).toEqual({ type, sequence, data });
    }
  },
);

test('a packet as it stands on the wire', () => {
  expect(Buffer.from(write(5, 0x1234n, Uint8Array.of(0xaa))).toString('hex')).toBe(
    sealWithNode(5, 0x1234n, Uint8Array.of(0xaa)).toString('hex'),
  );
  expect(Buffer.from(write(5, 0x1234n, Uint8Array.of(0xaa))).subarray(0, 3)).toEqual(Buffer.of(0x25, 0x34, 0x12));
});

test('payloads of every length come back', () => {
  for (let length = 1; length <= 1200; length++) {
    const data = new Uint8Array(length).fill(length);
    const opened = read(write(5, BigInt(length), data), FROM_SERVER) as Opened;
    if (!Buffer.from(opened.data).equals(data)) expect.fail(`${length} bytes`);
  }
});

test('each side takes the types that the other sends', () => {
  for (const { type, fromClient, fromServer } of SEALED_TYPES) {
    const bytes = write(type, 3n, dataOf(type));
    expect(read(bytes, FROM_CLIENT) === COUNT.dropType).toBe(!fromClient);
    expect(read(bytes, FROM_SERVER) === COUNT.dropType).toBe(!fromServer);
  }
  // Requests are not sealed; 7 is none, and 8 … 15 are none yet.
  for (const type of [0, 7, 8, 9, 10, 11, 12, 13, 14, 15]) {
    const bytes = sealWithNode(type, 3n, new Uint8Array(20));
    expect([read(bytes, FROM_CLIENT), read(bytes, FROM_SERVER)]).toEqual([COUNT.dropType, COUNT.dropType]);
  }
});

test('a sequence number has 1 to 8 bytes', () => {
  for (const count of [0, 9, 10, 11, 12, 13, 14, 15]) {
    const bytes = new Uint8Array(60);
    bytes[0] = (count << 4) | 5;
    expect(read(bytes, FROM_CLIENT)).toBe(COUNT.dropSequence);
  }
});

test('data of a wrong length is refused before it is opened', () => {
  for (const { type, fromClient, bytesMin, bytesMax } of SEALED_TYPES) {
    const sender = fromClient ? FROM_CLIENT : FROM_SERVER;
    for (const length of [bytesMin - 1, bytesMax + 1]) {
      if (length < 0) continue;
      const reason = read(sealWithNode(type, 0x1234_5678n, new Uint8Array(length)), sender);
      expect(reason, `type ${type} with ${length} bytes`).toBe(COUNT.dropLength);
    }
  }
  expect(read(sealWithNode(5, 2n ** 63n, new Uint8Array(1201)), FROM_CLIENT)).toBe(COUNT.dropSize);
  expect(read(new Uint8Array(17).fill(0x15), FROM_CLIENT)).toBe(COUNT.dropSize);
});

test('truncated anywhere, or with any bit flipped, nothing opens', () => {
  for (const { type, fromClient } of SEALED_TYPES) {
    const sender = fromClient ? FROM_CLIENT : FROM_SERVER;
    const bytes = write(type, 0x12_3456_789an, dataOf(type).subarray(0, Math.max(20, PACKET_TYPES[type]!.bytesMin)));
    for (let length = 0; length < bytes.length; length++) {
      if (typeof read(bytes.subarray(0, length), sender) !== 'number') expect.fail(`type ${type} of ${length} bytes`);
    }
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      for (const side of [FROM_CLIENT, FROM_SERVER]) {
        if (typeof read(bytes, side) !== 'number') expect.fail(`type ${type} with bit ${bit} flipped`);
      }
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
});

test('a packet is bound to its protocol and its key', () => {
  const data = dataOf(5);
  const other = createPacketCodec(createSodiumAead(), Uint8Array.of(9, 7, 6, 5, 4, 3, 2, 1));
  expect(read(write(5, 1n, data), FROM_CLIENT, other)).toBe(-1);
  expect(read(sealWithNode(5, 1n, data, new Uint8Array(32)), FROM_CLIENT)).toBe(-1);
});

test('what we write, the decipher of node:crypto opens', () => {
  const data = dataOf(5);
  const bytes = write(5, 0x77n, data);
  const nonce = Uint8Array.of(0, 0, 0, 0, 0x77, 0, 0, 0, 0, 0, 0, 0);
  const decipher = createDecipheriv('chacha20-poly1305', KEY, nonce, { authTagLength: 16 });
  decipher.setAAD(Buffer.concat([Buffer.from('NETCODE 1.02\0'), PROTOCOL, Buffer.of(0x15)]), {
    plaintextLength: data.length,
  });
  decipher.setAuthTag(bytes.subarray(-16));
  expect(Uint8Array.from(Buffer.concat([decipher.update(bytes.subarray(2, -16)), decipher.final()]))).toEqual(data);
});
