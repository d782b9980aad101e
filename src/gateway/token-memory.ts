// Which join tokens were used. Store thread, which reads none: apart from token.ts, so that it loads no cryptography.

import type { TokenClaims } from './token.ts';

export interface TokenMemory {
  /** True the first time a token is shown. `full`: the bound is reached by unexpired tokens; refuse and try later. */
  use(claims: Pick<TokenClaims, 'tokenId' | 'expiresS'>, nowS: number): boolean | 'full';
  count(): number;
}

/** Remembers which tokens were used, until they expire by themselves. At `countMax` the policy is `reject`. */
export function createTokenMemory(countMax = 65_536): TokenMemory {
  /** In order of insertion; expiry follows it within a token's lifetime, so old ones are found at the front. */
  const usedUntilS = new Map<string, number>();
  return {
    use({ tokenId, expiresS }, nowS) {
      for (const [id, untilS] of usedUntilS) {
        if (untilS >= nowS) break;
        usedUntilS.delete(id);
      }
      if (usedUntilS.has(tokenId)) return false;
      if (usedUntilS.size >= countMax) return 'full';
      usedUntilS.set(tokenId, expiresS);
      return true;
    },
    count: () => usedUntilS.size,
  };
}
