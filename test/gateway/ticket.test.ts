import fc from 'fast-check';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { TICKET_LIFETIME_S } from '../../src/base/limits.ts';
import { createTickets } from '../../src/gateway/ticket.ts';
import { createTokenSigner, createTokenVerifier } from '../../src/gateway/token.ts';

const KEY = new Uint8Array(32).fill(7);
const NOW_S = 1_700_000_000;
const CLAIMS = { playerId: 2 ** 52 - 1, name: 'alice', loginS: NOW_S };
const tickets = createTickets(KEY);

test('a ticket comes back as what was signed, as often as wanted, until a day after the login', async () => {
  const ticket = await tickets.sign(CLAIMS);
  for (const nowS of [NOW_S, NOW_S, NOW_S + TICKET_LIFETIME_S - 1]) {
    expect(await tickets.verify(ticket, nowS)).toEqual(CLAIMS);
  }
  expect(await tickets.verify(ticket, NOW_S + TICKET_LIFETIME_S)).toBeUndefined();
  // One that was got by it names the same login, and is over with it.
  expect(await tickets.verify(await tickets.sign(CLAIMS), NOW_S + TICKET_LIFETIME_S)).toBeUndefined();
});

test('a ticket is no join token and a join token no ticket, even of the same key; nor one of another key', async () => {
  const ticket = await tickets.sign(CLAIMS);
  expect(await createTokenVerifier(KEY).verify(ticket, NOW_S)).toBe('token_invalid');
  const token = await createTokenSigner(KEY).sign({ playerId: 1, name: 'alice', tokenId: 'x' }, NOW_S);
  expect(await tickets.verify(token, NOW_S)).toBeUndefined();
  expect(await createTickets(new Uint8Array(32).fill(8)).verify(ticket, NOW_S)).toBeUndefined();
});

test.each([
  ['audience', { aud: 'darkages-edge' }],
  ['issuer', { iss: 'another' }],
  ['subject', { sub: undefined }],
  ['subject that is no number', { sub: 'alice' }],
  ['subject of nobody', { sub: '0' }],
  ['issue time', { iat: undefined }],
  ['issue time to come', { iat: NOW_S + 100 }],
  ['expiry', { exp: undefined }],
  ['name', { name: undefined }],
  ['lifetime', { iat: NOW_S - TICKET_LIFETIME_S - 1, exp: NOW_S + 1000 }],
])('with a wrong %s it is refused though signed with our key', async (_what, change) => {
  const right = { name: 'a', sub: '1', iss: 'darkages', aud: 'darkages-resume', iat: NOW_S, exp: NOW_S + 60 };
  const sign = (claims: object) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(KEY);
  expect(await tickets.verify(await sign(right), NOW_S)).toBeDefined();
  expect(await tickets.verify(await sign({ ...right, ...change }), NOW_S)).toBeUndefined();
});

test('whatever comes is refused and throws nothing', async () => {
  const ticket = await tickets.sign(CLAIMS);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.string({ minLength: 1000, maxLength: 3000 })), async (text) => {
      expect(await tickets.verify(text, NOW_S)).toBeUndefined();
    }),
  );
  for (let at = 0; at < ticket.length; at++) {
    const letter = ticket[at] === 'A' ? 'B' : 'A';
    const changed = `${ticket.slice(0, at)}${letter}${ticket.slice(at + 1)}`;
    // The last digit of the signature has bits that mean nothing.
    if (at < ticket.length - 1) expect(await tickets.verify(changed, NOW_S)).toBeUndefined();
    expect(await tickets.verify(ticket.slice(0, at), NOW_S)).toBeUndefined();
  }
});
