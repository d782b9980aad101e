import { describe, expect, test } from 'vitest';
import { createTokenMemory } from '../../src/gateway/token-memory.ts';

describe('the memory of used tokens', () => {
  const claims = (tokenId: string, expiresS: number) => ({ tokenId, expiresS });

  test('takes a token once, and forgets it when it has expired', () => {
    const memory = createTokenMemory(10);
    expect(memory.use(claims('a', 60), 0)).toBe(true);
    expect(memory.use(claims('a', 60), 1)).toBe(false);
    expect(memory.use(claims('a', 60), 60)).toBe(false);
    expect(memory.use(claims('b', 200), 61)).toBe(true);
    expect(memory.count()).toBe(1);
  });

  test('refuses at its bound instead of forgetting, and goes on when old ones expire', () => {
    const memory = createTokenMemory(3);
    for (const id of ['a', 'b', 'c']) expect(memory.use(claims(id, 60), 0)).toBe(true);
    expect(memory.use(claims('d', 100), 30)).toBe('full');
    expect(memory.use(claims('a', 60), 30)).toBe(false);
    expect(memory.use(claims('d', 100), 61)).toBe(true);
  });
});
