// A message of random length and content, the same in the test and in its worker when their generators agree.

import type { Random } from '../../src/base/random.ts';

/** Fills the start of `message`. @returns how many bytes, 0 … message.length */
export function fillMessage(random: Random, message: Uint8Array): number {
  const length = random.below(message.length + 1);
  const first = random.u32();
  for (let index = 0; index < length; index++) message[index] = first + index * 7;
  return length;
}
