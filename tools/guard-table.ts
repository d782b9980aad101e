// `npm run guard-table`: prints docs/guard.md from the table of src/guard/rules.ts; `--write` puts it there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printRules } from '../src/guard/rules.ts';

if (process.argv.includes('--write')) writeFileSync(join(import.meta.dirname, '..', 'docs', 'guard.md'), printRules());
else process.stdout.write(printRules());
