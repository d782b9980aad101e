import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepSelfSigned, readCertificate } from '../../src/io/tls-certificate.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkages-tls-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test('a self-signed certificate names this machine and what it is called, and its key is nobody else’s', async () => {
  const data = join(folder, 'data');
  const { cert, key, selfSignedFile } = await keepSelfSigned(data, ['play.example.org', '192.0.2.7']);
  const certificate = new X509Certificate(cert);
  for (const ip of ['127.0.0.1', '::1', '192.0.2.7']) expect(certificate.checkIP(ip)).toBe(ip);
  for (const name of ['localhost', 'play.example.org', hostname()]) {
    expect(certificate.subjectAltName).toContain(`DNS:${name}`);
  }
  expect(certificate.ca).toBe(false);
  expect(readdirSync(data).sort()).toEqual(['tls-cert.pem', 'tls-key.pem']);
  expect(statSync(join(data, 'tls-key.pem')).mode & 0o077).toBe(0);
  expect(selfSignedFile).toBe(join(data, 'tls-cert.pem'));
  expect(await readCertificate(selfSignedFile!, join(data, 'tls-key.pem'))).toEqual({ cert, key });
});

test('it is kept until a name is missing, it ends soon, or it is broken', async () => {
  const first = await keepSelfSigned(folder, ['a.example']);
  expect(await keepSelfSigned(folder, ['a.example'])).toEqual(first);
  expect(await keepSelfSigned(folder, [])).toEqual(first);
  const second = await keepSelfSigned(folder, ['b.example']);
  expect(second.cert).not.toBe(first.cert);
  vi.setSystemTime(Date.parse(new X509Certificate(second.cert).validTo) - 29 * 24 * 60 * 60 * 1000);
  const third = await keepSelfSigned(folder, ['b.example']);
  expect(third.cert).not.toBe(second.cert);
  writeFileSync(join(folder, 'tls-key.pem'), second.key);
  const fourth = await keepSelfSigned(folder, ['b.example']);
  expect(fourth.cert).not.toBe(third.cert);
  expect(readFileSync(join(folder, 'tls-cert.pem'), 'utf8')).toBe(fourth.cert);
});

test('files of the operator that are none, or no pair, are a sentence', async () => {
  const [one, other] = [await keepSelfSigned(join(folder, 'a'), []), await keepSelfSigned(join(folder, 'b'), [])];
  const [oneKey, otherKey] = [join(folder, 'a', 'tls-key.pem'), join(folder, 'b', 'tls-key.pem')];
  const refusal = (cert: string, key: string) =>
    readCertificate(cert, key).then(String, (error: Error & { code: string }) => [error.code, error.message]);
  const code = 'DARKAGES_TLS_INVALID';
  const none = join(folder, 'none.pem');
  expect(await refusal(none, oneKey)).toEqual([code, `--tls-cert ${none} can't be read: ENOENT.`]);
  expect(await refusal(oneKey, oneKey)).toEqual([code, `--tls-cert ${oneKey} holds no PEM certificate.`]);
  expect(await refusal(one.selfSignedFile!, otherKey)).toEqual([
    code,
    `--tls-key ${otherKey} is not the PEM key of the certificate in --tls-cert.`,
  ]);
  expect((await refusal(other.selfSignedFile!, other.selfSignedFile!))[1]).toContain('is not the PEM key');
  writeFileSync(join(folder, 'file'), '');
  await expect(keepSelfSigned(join(folder, 'file'), [])).rejects.toThrow("can't be written");
});
