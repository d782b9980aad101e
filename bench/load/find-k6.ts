// Where k6 is: tools/services/install.sh builds it.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../server.ts';

/** Where tools/services/install.sh puts what it installs or builds: outside the checkout, kept between runs. */
export const TOOLS_FOLDER = process.env.DARKAGES_TOOLS ?? join(homedir(), '.cache', 'darkages-tools');

/** That of the tools folder, else the machine's. */
export function findK6(): string | undefined {
  const own = join(TOOLS_FOLDER, 'k6', 'k6');
  return existsSync(own) ? own : findOnPath(['k6']);
}
