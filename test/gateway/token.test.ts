import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { TOKEN_LIFETIME_S } from '../../src/base/limits.ts';
import { createTokenSigner, createTokenVerifier } from '../../src/gateway/token.ts';

const KEY = new Uint8Array(32).fill(7);
const NOW_S = 1_700_000_000;
const CLAIMS = { playerId: 2 ** 52 - 1, name: 'alice', tokenId: 'id-1' };
const signer = createTokenSigner(KEY);
const verifier = createTokenVerifier(KEY);

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  test('comes back as what was signed, until it expires', async () => {
    const token = await signer.sign(CLAIMS, NOW_S);
    const claims = { ...CLAIMS, expiresS: NOW_S + TOKEN_LIFETIME_S };
    expect(await verifier.verify(token, NOW_S)).toEqual(claims);
    expect(await verifier.verify(token, NOW_S + TOKEN_LIFETIME_S - 1)).toEqual(claims);
    expect(await verifier.verify(token, NOW_S + TOKEN_LIFETIME_S)).toBe('token_expired');
  });

  test('of another key is refused', async () => {
    const token = await createTokenSigner(new Uint8Array(32).fill(8)).sign(CLAIMS, NOW_S);
    expect(await verifier.verify(token, NOW_S)).toBe('token_invalid');
  });

  test('with alg none, or another algorithm, is refused', async () => {
    const payload = {
      ...CLAIMS,
      sub: '1',
      jti: 'x',
      iss: 'darkages',
      aud: 'darkages-edge',
      iat: NOW_S,
      exp: NOW_S + 60,
    };
    for (const alg of ['none', 'None', 'HS384', 'RS256', 'dir']) {
      for (const signature of ['', 'AAAA']) {
        const token = `${base64url({ alg })}.${base64url(payload)}.${signature}`;
        expect(await verifier.verify(token, NOW_S)).toMatch(/^token_(invalid|malformed)$/);
      }
    }
  });

  test.each([
    ['audience', { aud: 'another' }],
    ['issuer', { iss: 'another' }],
    ['subject', { sub: undefined }],
    ['token id', { jti: undefined }],
    ['expiry', { exp: undefined }],
    ['issue time', { iat: undefined }],
    ['subject that is no number', { sub: 'alice' }],
    ['subject of nobody', { sub: '0' }],
    ['name', { name: undefined }],
    ['lifetime', { iat: NOW_S - 1000, exp: NOW_S + 1000 }],
  ])('with a wrong %s is refused though signed with our key', async (_what, change) => {
    const claims = {
      name: 'a',
      sub: '1',
      jti: 'x',
      iss: 'darkages',
      aud: 'darkages-edge',
      iat: NOW_S,
      exp: NOW_S + 60,
    };
    const token = await new SignJWT({ ...claims, ...change } as never).setProtectedHeader({ alg: 'HS256' }).sign(KEY);
    expect(await verifier.verify(token, NOW_S)).toMatch(/^token_/);
  });

  test('with any one character changed, cut anywhere, or of any other text is refused', async () => {
    const token = await signer.sign(CLAIMS, NOW_S);
    for (let index = 0; index < token.length; index++) {
      expect(await verifier.verify(token.slice(0, index), NOW_S)).toMatch(/^token_/);
    }
    // The last character carries two bits that base64url ignores: another spelling of the same signature.
    for (let index = 0; index < token.length - 1; index++) {
      const other = token[index] === 'A' ? 'B' : 'A';
      const changed = token.slice(0, index) + other + token.slice(index + 1);
      expect(await verifier.verify(changed, NOW_S)).toMatch(/^token_/);
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 200, unit: 'binary' }), async (text) => {
        expect(await verifier.verify(text, NOW_S)).toMatch(/^token_/);
      }),
    );
    expect(await verifier.verify(`${token}${'A'.repeat(10_000)}`, NOW_S)).toBe('token_malformed');
  });
});
