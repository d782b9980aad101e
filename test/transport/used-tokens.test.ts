import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import {
  createUsedTokens,
  judgeToken,
  readTag,
  rememberToken,
  SPENT,
  spendToken,
  UNUSED,
  USED_ELSEWHERE,
  USED_HERE,
} from '../../src/transport/used-tokens.ts';
import { clientAddress } from './lab.ts';

const CAPACITY = 5;

test('a token is known by its tag: unused, used here, used elsewhere, spent; the oldest makes room', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed);
    const tokens = createUsedTokens(CAPACITY, random.u32());
    const model: { tag: number; address: number; spent: boolean; expireMs: number }[] = [];
    for (let nowMs = 0; nowMs < 400; nowMs++) {
      const tag = random.below(8);
      const address = random.below(3);
      const words = Uint32Array.of(tag, 0, 0, tag * 77);
      const known = model.find((entry) => entry.tag === tag);
      const expected =
        known === undefined ? UNUSED : known.address !== address ? USED_ELSEWHERE : known.spent ? SPENT : USED_HERE;
      const what = `SEED=${seed}, step ${nowMs}`;
      expect(judgeToken(tokens, words, clientAddress(address), 0), what).toBe(expected);
      if (expected === UNUSED) {
        const expireMs = nowMs + random.below(30);
        const oldest = model.length === CAPACITY ? model.shift() : undefined;
        const wasEvicted = rememberToken(tokens, nowMs, words, clientAddress(address), 0, expireMs);
        expect(wasEvicted, what).toBe(oldest !== undefined && oldest.expireMs > nowMs);
        model.push({ tag, address, spent: false, expireMs });
      } else if (random.below(4) === 0) {
        spendToken(tokens, words, 0);
        known!.spent = true;
      }
    }
  }
});

test('spending what is forgotten changes nothing', () => {
  const tokens = createUsedTokens(CAPACITY, 1);
  spendToken(tokens, new Uint32Array(4), 0);
  expect(tokens.byTag.count).toBe(0);
});

test('the tag is the last 16 bytes', () => {
  const tag = new Uint32Array(4);
  readTag(
    Uint8Array.from({ length: 30 }, (_, index) => index),
    29,
    tag,
  );
  expect([...new Uint8Array(tag.buffer)]).toEqual(Array.from({ length: 16 }, (_, index) => 13 + index));
});
