// Makes new bytes from known ones: a few random edits that parsers of varints and lengths dislike.

import type { Random } from '../../src/base/random.ts';

const BYTES_MAX = 4096;
const NASTY: readonly (readonly number[])[] = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x1f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xed, 0xa0, 0x80],
];

export function mutate(random: Random, pool: readonly Uint8Array[]): Uint8Array {
  let bytes = [...pool[random.below(pool.length)]!];
  for (let edits = 1 + random.below(4); edits > 0; edits--) bytes = editOnce(random, bytes, pool);
  return Uint8Array.from(bytes.slice(0, BYTES_MAX));
}

function editOnce(random: Random, bytes: number[], pool: readonly Uint8Array[]): number[] {
  const at = random.below(bytes.length + 1);
  const span = random.below(Math.min(16, bytes.length - at) + 1);
  switch (random.below(8)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.below(256);
      return bytes;
    case 2:
      return bytes.toSpliced(at, span);
    case 3:
      return bytes.toSpliced(at, 0, ...NASTY[random.below(NASTY.length)]!);
    case 4:
      return bytes.toSpliced(at, span, ...NASTY[random.below(NASTY.length)]!);
    case 5:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + span));
    case 6:
      return bytes.slice(0, at);
    default: {
      const other = pool[random.below(pool.length)]!;
      return [...bytes.slice(0, at), ...other.subarray(random.below(other.length + 1))];
    }
  }
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
