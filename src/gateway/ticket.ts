// Resume tickets: a JWT (HS256) that comes with every session and opens another one without password or guest secret, as
// often as wanted until a day after the player showed one of these. So a node that was started again has its players
// back without a login each. Its key and its audience are its own: a ticket is no join token, nor the other way round.
// Who has a ticket plays as its owner, like who has the secret, for a day at most: it goes over TLS only, as that does.
// Pure but for jose's WebCrypto. The time is an argument, in seconds since 1970.

import { errors, jwtVerify, SignJWT } from 'jose';
import { assert } from '../base/assert.ts';
import { TICKET_LIFETIME_S } from '../base/limits.ts';
import { TOKEN_KEY_BYTES } from './token.ts';

const ALGORITHM = 'HS256';
const ISSUER = 'darkages';
const AUDIENCE = 'darkages-resume';
/** A real one has about 230 characters; longer is not looked at. */
const TICKET_CHARACTERS_MAX = 1024;

export interface TicketClaims {
  readonly playerId: number;
  readonly name: string;
  /** When password or secret were shown last: tickets that are got by a ticket live no longer than that one. */
  readonly loginS: number;
}

export interface Tickets {
  sign(claims: TicketClaims): Promise<string>;
  /** From the wire: anything may be in `ticket`. Undefined when it is none, or over. */
  verify(ticket: string, nowS: number): Promise<TicketClaims | undefined>;
}

export function createTickets(key: Uint8Array): Tickets {
  assert(key.length >= TOKEN_KEY_BYTES, 'the ticket key has 256 bits');
  return {
    sign({ playerId, name, loginS }) {
      return new SignJWT({ name })
        .setProtectedHeader({ alg: ALGORITHM })
        .setSubject(String(playerId))
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(loginS)
        .setExpirationTime(loginS + TICKET_LIFETIME_S)
        .sign(key);
    },
    async verify(ticket, nowS) {
      if (ticket.length > TICKET_CHARACTERS_MAX) return undefined;
      try {
        const { payload } = await jwtVerify(ticket, key, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'iat', 'exp'],
          maxTokenAge: TICKET_LIFETIME_S,
          currentDate: new Date(nowS * 1000),
        });
        const playerId = Number(payload.sub);
        const { name, iat } = payload;
        if (!Number.isSafeInteger(playerId) || playerId <= 0) return undefined;
        if (typeof name !== 'string' || iat === undefined) return undefined;
        return { playerId, name, loginS: iat };
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
