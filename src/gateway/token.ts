// Join tokens: a JWT (HS256) that `POST /v1/session` signs and a zone's edge takes once within a minute. Pure but for
// jose's WebCrypto; the key is made at start and handed to the threads, so that a token dies with its process.
// The time is an argument, in seconds since 1970.

import { errors, jwtVerify, SignJWT } from 'jose';
import { assert } from '../base/assert.ts';
import { TOKEN_LIFETIME_S } from '../base/limits.ts';

const ALGORITHM = 'HS256';
const ISSUER = 'darkages';
const AUDIENCE = 'darkages-edge';
/** A real one has about 260 characters; longer is not looked at. */
const TOKEN_CHARACTERS_MAX = 1024;
export const TOKEN_KEY_BYTES = 32;

export interface TokenClaims {
  readonly playerId: number;
  readonly name: string;
  /** Names this one token, for `createTokenMemory` of token-memory.ts. */
  readonly tokenId: string;
  readonly expiresS: number;
}

export type TokenRefusal = 'token_malformed' | 'token_invalid' | 'token_expired';

export interface TokenSigner {
  sign(claims: Omit<TokenClaims, 'expiresS'>, nowS: number): Promise<string>;
}

export interface TokenVerifier {
  /** From the wire: anything may be in `token`. Never rejects for what is in it. */
  verify(token: string, nowS: number): Promise<TokenClaims | TokenRefusal>;
}

export function createTokenSigner(key: Uint8Array): TokenSigner {
  assert(key.length >= TOKEN_KEY_BYTES, 'the token key has 256 bits');
  return {
    sign({ playerId, name, tokenId }, nowS) {
      const issuedS = Math.floor(nowS);
      return new SignJWT({ name })
        .setProtectedHeader({ alg: ALGORITHM })
        .setSubject(String(playerId))
        .setJti(tokenId)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedS)
        .setExpirationTime(issuedS + TOKEN_LIFETIME_S)
        .sign(key);
    },
  };
}

export function createTokenVerifier(key: Uint8Array): TokenVerifier {
  assert(key.length >= TOKEN_KEY_BYTES, 'the token key has 256 bits');
  return {
    async verify(token, nowS) {
      if (token.length > TOKEN_CHARACTERS_MAX) return 'token_malformed';
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'jti', 'iat', 'exp'],
          maxTokenAge: TOKEN_LIFETIME_S,
          currentDate: new Date(nowS * 1000),
        });
        const playerId = Number(payload.sub);
        const { name, jti, exp } = payload;
        if (!Number.isSafeInteger(playerId) || playerId <= 0) return 'token_malformed';
        if (typeof name !== 'string' || typeof jti !== 'string' || exp === undefined) return 'token_malformed';
        return { playerId, name, tokenId: jti, expiresS: exp };
      } catch (error) {
        return readRefusal(error);
      }
    },
  };
}

function readRefusal(error: unknown): TokenRefusal {
  if (error instanceof errors.JWTExpired) return 'token_expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'token_invalid';
  if (error instanceof errors.JWTClaimValidationFailed) return 'token_invalid';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'token_invalid';
  return 'token_malformed';
}
