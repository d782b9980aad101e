// A certificate for 127.0.0.1 for tests of what listens with one. Clients trust it by `ca: identity.cert`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsIdentity } from '../../src/io/tls.ts';
import { keepSelfSigned } from '../../src/io/tls-certificate.ts';

export async function makeIdentity(requirePq = false): Promise<TlsIdentity> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-identity-'));
  const { cert, key } = await keepSelfSigned(folder, []);
  rmSync(folder, { recursive: true });
  return { cert, key, requirePq };
}
