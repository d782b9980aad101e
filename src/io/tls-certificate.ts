// The certificate of a node: from the operator's files, or, in development, a self-signed one that is made at the first
// start and kept in the data folder, so that a browser that was told to trust it still does. Main thread, at start.

import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { errorCode, ServerError } from '../base/errors.ts';

export interface Certificate {
  /** PEM, the chain included. */
  readonly cert: string;
  readonly key: string;
  /** Where the self-signed one lies; undefined for the operator's own. */
  readonly selfSignedFile?: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 365;
/** Made anew at a start this long before its end. */
const RENEW_DAYS = 30;
const COMMON_NAME = 'DarkAges development';

/** Throws ServerError DARKAGES_TLS_INVALID with one sentence. */
export async function readCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  const cert = await readPem(certFile, '--tls-cert');
  const key = await readPem(keyFile, '--tls-key');
  try {
    // Both are parsed here, where it can be said which flag is wrong, and not by the first client.
    new X509Certificate(cert);
  } catch (error) {
    throw tlsError(`--tls-cert ${certFile} holds no PEM certificate.`, error);
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw tlsError(`--tls-key ${keyFile} is not the PEM key of the certificate in --tls-cert.`, error);
  }
  return { cert, key };
}

/** @param hosts beside this machine's own names. */
export async function keepSelfSigned(folder: string, hosts: readonly string[]): Promise<Certificate> {
  const certFile = join(folder, 'tls-cert.pem');
  const keyFile = join(folder, 'tls-key.pem');
  const names = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...hosts])];
  const kept = await readKept(certFile, keyFile);
  if (kept !== undefined && isGoodFor(kept.cert, names)) return { ...kept, selfSignedFile: certFile };
  const made = await makeSelfSigned(names);
  try {
    await mkdir(folder, { recursive: true });
    await replaceFile(keyFile, made.key);
    await replaceFile(certFile, made.cert);
  } catch (error) {
    throw tlsError(`The self-signed certificate can't be written to ${folder}: ${errorCode(error)}.`, error);
  }
  return { ...made, selfSignedFile: certFile };
}

async function readPem(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw tlsError(`${flag} ${file} can't be read: ${errorCode(error)}.`, error);
  }
}

/** Undefined also for files that are no pair: they are made anew. */
async function readKept(certFile: string, keyFile: string): Promise<Certificate | undefined> {
  try {
    return await readCertificate(certFile, keyFile);
  } catch (error) {
    if (errorCode(error) !== 'DARKAGES_TLS_INVALID') throw error;
    return undefined;
  }
}

function isGoodFor(cert: string, names: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  if (Date.parse(certificate.validTo) < Date.now() + RENEW_DAYS * DAY_MS) return false;
  // Not by checkHost: it knows no name with an underscore, as some machines have.
  const named = (certificate.subjectAltName ?? '').split(', ');
  return names.every((name) => (isIP(name) === 0 ? named.includes(`DNS:${name}`) : certificate.checkIP(name)));
}

async function makeSelfSigned(names: readonly string[]): Promise<Certificate> {
  // Only now: its packages change the global Reflect, and most nodes never need them.
  const { generate } = await import('selfsigned');
  const nowMs = Date.now();
  const { cert, private: key } = await generate([{ name: 'commonName', value: COMMON_NAME }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // A clock that is a little behind must not find it too new.
    notBeforeDate: new Date(nowMs - DAY_MS),
    notAfterDate: new Date(nowMs + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  return { cert, key };
}

/** Whole or not at all, and for nobody else to read. */
async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function tlsError(message: string, cause: unknown): ServerError {
  return new ServerError('DARKAGES_TLS_INVALID', message, { cause });
}
