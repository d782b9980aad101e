// The two secrets of a node: the token key, from which tickets and join tokens get theirs, and the connect key of UDP's
// tokens. From the environment or a file; in development from the data folder, where the first start puts them.
// Main thread, at start. Never a flag: others of the machine see those.
//
//   ticket key        = HKDF(token key, "ticket")                  outlives the process, so that clients resume
//   join, connect key = HKDF(token or connect key, purpose, boot)  another one for each process
//
// Deliberate: tokens that work once are of one process, by their key. The next process can't know which were used, and
// would have to refuse by the time of issue, or to wait until that is over; so none of them is even readable to it.

import { hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, ServerError } from '../base/errors.ts';
import { TOKEN_KEY_BYTES } from '../gateway/token.ts';

export interface KeySource {
  /** Of the environment. */
  readonly variable: string;
  readonly text: string | undefined;
  readonly flag: string;
  /** ''; or what the flag says. */
  readonly file: string;
}

/** Of both keys: the transport's is as long. */
const HEX = /^[0-9A-Fa-f]{64}$/;
/** base64url or base64; the last of 43 digits holds four bits. */
const BASE64 = /^[A-Za-z0-9+/_-]{42}[AEIMQUYcgkosw048]=?$/;

/**
 * Undefined when nobody gave one. Throws ServerError DARKAGES_KEY_INVALID with one sentence, which never holds the key.
 */
export async function readKey({ variable, text, flag, file }: KeySource): Promise<Uint8Array | undefined> {
  if (text && file !== '') throw keyError(`Give ${variable} or ${flag}, not both.`);
  if (text) return decode(text, variable);
  if (file !== '') return decode(await readSecret(file, flag), `${flag} ${file}`);
  return undefined;
}

/** For `--production`, which makes nothing up. */
export function missingKey({ variable, flag }: KeySource): ServerError {
  return keyError(`--production needs a key that outlives the process: set ${variable} or ${flag}.`);
}

/**
 * The key kept in that file, for nobody else to read; made where there is none. Of two processes that make it at once
 * both have the same. Throws as `readKey` does.
 */
export async function keepKey(file: string): Promise<Uint8Array> {
  try {
    return await readKept(file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw unusable(file, error);
  }
  try {
    await makeKey(file);
    return await readKept(file);
  } catch (error) {
    throw unusable(file, error);
  }
}

async function readKept(file: string): Promise<Uint8Array> {
  return decode(await readFile(file, 'utf8'), `The key file ${file}`);
}

/** On the disk before it counts: a key that is lost in a power cut voids every ticket that was given out. */
async function makeKey(file: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const made = join(folder, `${randomBytes(8).toString('hex')}.new`);
  const handle = await open(made, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(TOKEN_KEY_BYTES).toString('hex')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // Unlike a rename it replaces nothing.
    await link(made, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(made);
  }
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

/** Windows has no such thing: there the file's own sync has to do. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A key of its own for each purpose, and for each process where `boot` is given, which need not be secret. */
export function deriveKey(key: Uint8Array, purpose: 'ticket' | 'join' | 'connect', boot = ''): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, boot, `darkages ${purpose}`, TOKEN_KEY_BYTES));
}

/** As somebody may have written it: what a line of the log must not say. */
export function spellKey(key: Uint8Array): readonly string[] {
  const bytes = Buffer.from(key);
  const hex = bytes.toString('hex');
  return [hex, hex.toUpperCase(), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
}

async function readSecret(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw keyError(`${flag} ${file} can't be read: ${errorCode(error)}.`, error);
  }
}

function decode(text: string, where: string): Uint8Array {
  const digits = text.trim();
  const encoding = HEX.test(digits) ? 'hex' : BASE64.test(digits) ? 'base64url' : undefined;
  // A copy of its own: a small Buffer shares its memory with others, and threads would be handed all of it.
  if (encoding !== undefined) return new Uint8Array(Buffer.from(digits, encoding));
  throw keyError(`${where} must be ${TOKEN_KEY_BYTES} bytes in hex or base64url, such as openssl rand -hex 32 prints.`);
}

function unusable(file: string, error: unknown): unknown {
  if (errorCode(error) === 'DARKAGES_KEY_INVALID') return error;
  const why = `can't be written or read (${errorCode(error)})`;
  return keyError(`The key file ${file} ${why}: give the folder of --data write permission, or choose another.`, error);
}

function keyError(message: string, cause?: unknown): ServerError {
  return new ServerError('DARKAGES_KEY_INVALID', message, { cause });
}
