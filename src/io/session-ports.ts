// What the session logic is handed on a real machine: the random source, the hash of guest secrets and the rate limits.
// Main thread. Limits are in memory; they start afresh with the process.

import { createHash, randomBytes } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { SessionPorts } from '../gateway/session.ts';
import { addressKey } from './addresses.ts';

const WINDOW_S = 60;
/** Who comes back by a ticket costs a signature: a host with a thousand players may have them all back within a second. */
const RESUME_WINDOW_S = 10;
const RESUMES_PER_WINDOW_MIN = 1_000;
const FAILED_LOGINS_PER_WINDOW = 10;
/** Passwords are dear to check; an address gets fewer of them than guest sessions. */
const PASSWORDS_PER_WINDOW = 60;
const GUEST_SECRET_BYTES = 24;

export const secureRandom: SessionPorts['random'] = {
  playerId() {
    // 52 bits; 0 is nobody.
    const bytes = randomBytes(8);
    const value = (bytes.readUInt32LE(0) & 0xf_ffff) * 0x1_0000_0000 + bytes.readUInt32LE(4);
    return value === 0 ? 1 : value;
  },
  guestSecret: () => randomBytes(GUEST_SECRET_BYTES).toString('base64url'),
  guestName: () => `guest-${randomBytes(3).toString('hex')}`,
  tokenId: () => randomBytes(16).toString('base64url'),
};

export function hashGuestSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

export function createSessionLimits(sessionsPerMinute: number): SessionPorts['limits'] {
  const sessions = new RateLimiterMemory({ points: sessionsPerMinute, duration: WINDOW_S });
  const resumes = new RateLimiterMemory({
    points: Math.max(RESUMES_PER_WINDOW_MIN, sessionsPerMinute),
    duration: RESUME_WINDOW_S,
  });
  const passwords = new RateLimiterMemory({ points: PASSWORDS_PER_WINDOW, duration: WINDOW_S });
  const logins = new RateLimiterMemory({ points: FAILED_LOGINS_PER_WINDOW, duration: WINDOW_S });
  return {
    takeSession: (address) => take(sessions, addressKey(address)),
    takeResume: (address) => take(resumes, addressKey(address)),
    takePassword: (address) => take(passwords, addressKey(address)),
    takeLogin: (name, address) => take(logins, `${name} ${addressKey(address)}`),
    async forgetLogins(name, address) {
      await logins.delete(`${name} ${addressKey(address)}`);
    },
  };
}

async function take(limiter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await limiter.consume(key);
    return 0;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
  }
}
