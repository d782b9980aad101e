// `npm run audit -- FLAGS`, with those of the server that say where it keeps things (--data, --store, …): whether the ledger
// adds up. Reads only, beside a server or without one. Exit codes: 0 it does; 1 it doesn't; 2 it can't be read.

import { errorCode } from '../../src/base/errors.ts';
import { openEmbeddedAudit, openScyllaAudit } from '../../src/io/audit-sources.ts';
import { parseConfig } from '../../src/io/config.ts';
import { readStoreOptions } from '../../src/io/config-store.ts';
import { type AuditReport, auditLedger } from '../../src/store/audit.ts';
import { describeAudit } from './report.ts';

const EXIT_CONTRADICTION = 1;
const EXIT_CANNOT = 2;
const HELP = `npm run audit -- [--data FOLDER]
npm run audit -- --store redis+scylla --redis-url URL --scylla-contact-points HOSTS [--scylla-user NAME] [--store-name NAME]

Whether the ledger adds up: accounts go on without a gap, each transfer has two halves, each asset sums to nothing, and
characters have what their accounts say. Changes nothing. With redis+scylla, while servers run, what is just being written
may look like a contradiction: run it again.
`;

async function audit(argv: readonly string[]): Promise<AuditReport | undefined> {
  const parsed = argv.includes('--help') || argv.includes('-h') ? { text: HELP } : parseConfig(argv, process.env, '');
  if ('text' in parsed) {
    process.stdout.write(parsed.text);
    return undefined;
  }
  const options = await readStoreOptions(parsed.config, process.env);
  const source =
    options.kind === 'embedded'
      ? openEmbeddedAudit(options.folder)
      : await openScyllaAudit(options.scylla, options.name);
  try {
    return await auditLedger(source);
  } finally {
    await source.close();
  }
}

try {
  const report = await audit(process.argv.slice(2));
  if (report !== undefined) {
    process.stdout.write(describeAudit(report));
    if (report.contradictionCount > 0) process.exitCode = EXIT_CONTRADICTION;
  }
} catch (error) {
  if (errorCode(error) === undefined) throw error;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_CANNOT;
}
