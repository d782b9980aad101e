// `npm run dashboards`: writes every dashboard as the JSON that Grafana is provisioned with, to dashboards/ beside this file.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles } from './dashboards.ts';

const folder = join(import.meta.dirname, 'dashboards');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const [name, text] of dashboardFiles()) writeFileSync(join(folder, name), text);
