// The two secrets of a node: the key that signs join tokens and the one that seals connect tokens. From the environment
// or a file; in development drawn at each start. Main thread, at start. Never a flag: others of the machine see those.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorCode, ServerError } from '../base/errors.ts';
import { TOKEN_KEY_BYTES } from '../gateway/token.ts';

export interface SecretKey {
  readonly bytes: Uint8Array;
  /** It outlives the process, and so does what it sealed. */
  readonly isKept: boolean;
}

export interface KeySource {
  /** Of the environment. */
  readonly variable: string;
  readonly text: string | undefined;
  readonly flag: string;
  /** ''; or what the flag says. */
  readonly file: string;
  readonly isProduction: boolean;
}

/** Of both keys: the transport's is as long. */
const HEX = /^[0-9A-Fa-f]{64}$/;
/** base64url or base64; the last of 43 digits holds four bits. */
const BASE64 = /^[A-Za-z0-9+/_-]{42}[AEIMQUYcgkosw048]=?$/;

/** Throws ServerError DARKAGES_KEY_INVALID with one sentence, which never holds the key. */
export async function readKey(source: KeySource): Promise<SecretKey> {
  const { variable, flag, file, isProduction } = source;
  const text = source.text || undefined;
  if (text !== undefined && file !== '') throw keyError(`Give ${variable} or ${flag}, not both.`);
  if (text !== undefined) return decode(text, variable);
  if (file !== '') return decode(await readSecret(file, flag), `${flag} ${file}`);
  if (isProduction) throw keyError(`--production needs a key that outlives the process: set ${variable} or ${flag}.`);
  return { bytes: randomBytes(TOKEN_KEY_BYTES), isKept: false };
}

async function readSecret(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw keyError(`${flag} ${file} can't be read: ${errorCode(error)}.`, error);
  }
}

function decode(text: string, where: string): SecretKey {
  const digits = text.trim();
  const encoding = HEX.test(digits) ? 'hex' : BASE64.test(digits) ? 'base64url' : undefined;
  // A copy of its own: a small Buffer shares its memory with others, and threads would be handed all of it.
  if (encoding !== undefined) return { bytes: new Uint8Array(Buffer.from(digits, encoding)), isKept: true };
  throw keyError(`${where} must be ${TOKEN_KEY_BYTES} bytes in hex or base64url, such as openssl rand -hex 32 prints.`);
}

function keyError(message: string, cause?: unknown): ServerError {
  return new ServerError('DARKAGES_KEY_INVALID', message, { cause });
}
