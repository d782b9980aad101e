// Main thread of a process that is to take the place of one that dies: it loads its code, starts its threads, which load
// theirs, and waits. It holds nothing of which there is one: no port, no folder, no key. Of the configuration it reads what
// there is to load; all of it is read when it begins, as by any other start. workers/launch.js has its other end.

import { parseConfig } from '../src/io/config.ts';
import type { ThreadFiles } from '../src/io/node-threads.ts';
import { EDGE_KINDS, edgeName, zoneName } from '../src/io/thread-sources.ts';
import { prepareThread } from '../src/io/threads.ts';
import { loadLibc } from '../src/io/udp-libc.ts';
import { EDGE_YOUNG_MIB, ZONE_YOUNG_MIB } from '../src/io/young-memory.ts';

/** What `openStore` loads where it is asked for. */
const SCYLLA_STORE = new URL('../src/io/redis-scylla-store.ts', import.meta.url).href;

/** Resolves when it is told to begin; the process ends with its parent. */
export async function waitToBegin(files: ThreadFiles): Promise<void> {
  const begin = Promise.withResolvers<void>();
  const end = (): never => process.exit(0);
  process.once('message', () => begin.resolve());
  process.once('disconnect', end);
  // Before that was listened for.
  if (!process.connected) end();
  await load(files);
  process.send?.('waiting');
  await begin.promise;
  process.off('disconnect', end);
}

async function load(files: ThreadFiles): Promise<void> {
  const parsed = parseConfig(process.argv.slice(2), process.env, '');
  if ('text' in parsed) return;
  const { gameUrl, zones, edges, udp, store } = parsed.config;
  if (udp === 'auto') await loadLibc();
  const kinds = udp === 'off' ? EDGE_KINDS.filter((kind) => kind === 'ws') : EDGE_KINDS;
  const modules = [gameUrl];
  await prepareThread({ name: 'store', file: files.store, modules: store === 'embedded' ? [] : [SCYLLA_STORE] });
  for (let zoneId = 1; zoneId <= zones; zoneId++) {
    await prepareThread({ name: zoneName(zoneId), file: files.zone, youngMiB: ZONE_YOUNG_MIB, modules });
    for (const kind of kinds) {
      for (let edge = 1; edge <= edges; edge++) {
        const file = kind === 'ws' ? files.wsEdge : files.udpEdge;
        await prepareThread({ name: edgeName(zoneId, { kind, edge }), file, youngMiB: EDGE_YOUNG_MIB, modules });
      }
    }
  }
  await Promise.all([import(gameUrl), import('./node-http.ts'), import('../src/io/control.ts')]);
}
