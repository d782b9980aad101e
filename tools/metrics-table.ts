// `npm run metrics-table`: prints docs/metrics.md from the tables of src/io/metric-list.ts; `--write` puts it there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printMetrics } from '../src/io/metric-list.ts';

const FILE = join(import.meta.dirname, '..', 'docs', 'metrics.md');

if (process.argv.includes('--write')) writeFileSync(FILE, printMetrics());
else process.stdout.write(printMetrics());
