// Passwords as Argon2id hashes in the PHC string format. Main thread; the work runs in the process's thread pool, a
// few at a time, so that a wave of logins takes neither the pool nor the memory. At the bound the policy is `reject`
// (DARKAGES_PASSWORD_BUSY).
//
//   $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>      base64 without padding

import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { ServerError } from '../base/errors.ts';

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Does the same work for an undefined or unreadable hash, and says false. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
  /** Made with less memory, passes or lanes than a new one gets, or unreadable. */
  isWeak(passwordHash: string): boolean;
}

export interface PasswordOptions {
  readonly runningMax: number;
  readonly waitingMax: number;
}

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** What OWASP asks for at least, of Argon2id: 19 MiB, two passes, one lane; about 50 ms here. */
const PARAMETERS: Parameters = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

export function createPasswords(options: PasswordOptions = { runningMax: 2, waitingMax: 64 }): Passwords {
  const turn = createTurns(options);
  const decoySalt = randomBytes(SALT_BYTES);
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const hash = await turn(() => derive(password, salt, PARAMETERS));
      const { memory, passes, parallelism } = PARAMETERS;
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(hash)}`;
    },
    async verify(passwordHash, password) {
      const match = passwordHash === undefined ? null : PHC.exec(passwordHash);
      const parameters = readParameters(match);
      if (match === null || parameters === undefined) {
        await turn(() => derive(password, decoySalt, PARAMETERS));
        return false;
      }
      const [salt, hash] = match.slice(4);
      const derived = await turn(() => derive(password, Buffer.from(salt!, 'base64'), parameters));
      return timingSafeEqual(derived, Buffer.from(hash!, 'base64'));
    },
    isWeak(passwordHash) {
      const kept = readParameters(PHC.exec(passwordHash));
      if (kept === undefined) return true;
      const { memory, passes, parallelism } = PARAMETERS;
      return kept.memory < memory || kept.passes < passes || kept.parallelism < parallelism;
    },
  };
}

function readParameters(match: RegExpExecArray | null): Parameters | undefined {
  if (match === null) return undefined;
  const [memory, passes, parallelism] = match.slice(1, 4).map(Number);
  return { memory: memory!, passes: passes!, parallelism: parallelism! };
}

function derive(password: string, salt: Uint8Array, parameters: Parameters): Promise<Uint8Array> {
  // NFC: the same password typed on another keyboard may arrive composed differently.
  const message = Buffer.from(password.normalize('NFC'));
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce: salt, tagLength: HASH_BYTES, ...parameters }, (error, hash) => {
      if (error) reject(error);
      else resolve(hash);
    });
  });
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

/** Runs at most `runningMax` works at once; the others wait in order. */
function createTurns({ runningMax, waitingMax }: PasswordOptions): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= runningMax) {
      if (waiting.length >= waitingMax) {
        throw new ServerError('DARKAGES_PASSWORD_BUSY', `${waitingMax} passwords wait to be checked already.`);
      }
      // Whoever ends hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next !== undefined) next();
      else running--;
    }
  };
}
