// Where k6 is: tools/services/install.sh builds it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TOOLS_FOLDER } from '../../tools/services/tools-folder.ts';
import { findOnPath } from '../server.ts';

/** That of the tools folder, else the machine's. */
export function findK6(): string | undefined {
  const own = join(TOOLS_FOLDER, 'k6', 'k6');
  return existsSync(own) ? own : findOnPath(['k6']);
}
