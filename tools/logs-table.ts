// `npm run logs-table`: prints docs/logs.md from the table of src/observe/log-events.ts; `--write` puts it there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printLogEvents } from '../src/observe/log-events.ts';

if (process.argv.includes('--write'))
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'logs.md'), printLogEvents());
else process.stdout.write(printLogEvents());
