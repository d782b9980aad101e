// Main thread of a process that is to take the place of one that dies: it loads its code, starts its threads, which load
// theirs, and waits. It holds nothing of which there is one: no port, no folder, no key. Of the configuration it reads what
// there is to load; all of it is read when it begins, as by any other start. workers/launch.js has its other end.

import { type Config, parseConfig } from '../src/io/config.ts';
import type { ThreadFiles } from '../src/io/node-threads.ts';
import { edgeKinds, edgeName, zoneName } from '../src/io/thread-sources.ts';
import { type PreparedThread, prepareThread } from '../src/io/threads.ts';
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
  const { config } = parsed;
  if (config.udp === 'auto') await loadLibc();
  // One after the other: whoever plays meanwhile has the cores too.
  for (const thread of threadsOf(config, files)) await prepareThread(thread);
  await Promise.all([import(config.gameUrl), import('./node-http.ts'), import('../src/io/control.ts')]);
}

/** As `startNodeThreads` names them, or most of them: one that is not there is begun then. */
function threadsOf(config: Config, files: ThreadFiles): PreparedThread[] {
  const { gameUrl, zones, edges, store } = config;
  const modules = [gameUrl];
  const ofZone = (zoneId: number): PreparedThread[] => [
    { name: zoneName(zoneId), file: files.zone, youngMiB: ZONE_YOUNG_MIB, modules },
    ...edgeKinds(config).flatMap((kind) =>
      Array.from({ length: edges }, (_, nth) => ({
        name: edgeName(zoneId, { kind, edge: nth + 1 }),
        file: kind === 'ws' ? files.wsEdge : files.udpEdge,
        youngMiB: EDGE_YOUNG_MIB,
        modules,
      })),
    ),
  ];
  return [
    { name: 'store', file: files.store, modules: store === 'embedded' ? [] : [SCYLLA_STORE] },
    ...Array.from({ length: zones }, (_, nth) => ofZone(nth + 1)).flat(),
  ];
}
