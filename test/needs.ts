// Tools that some tests need and npm cannot bring: a browser, Python with protobuf. Where one is missing, the tests
// that need it are skipped and say so; under CI=true they fail instead, since a skip there would go unseen.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium } from '../bench/chromium.ts';
import { findK6 } from '../bench/load/find-k6.ts';
import { findOnPath } from '../bench/server.ts';
import { findUws } from '../bench/ws/uws.ts';
import { findCassandra } from '../tools/services/cassandra.ts';
import { findOtlpReceiver } from '../tools/services/otlp.ts';
import { TOOLS_FOLDER } from '../tools/services/tools-folder.ts';
import { findToxiproxy } from '../tools/services/toxiproxy.ts';

const INSTALL = 'tools/services/install.sh installs it';

const TOOLS = {
  chromium: findChromium,
  python: () => findPython(''),
  'python-protobuf': () => findPython('import google.protobuf, grpc_tools.protoc'),
  'python-websockets': () => findPython('import websockets'),
  'netcode-peer': findNetcodePeer,
  namespaces: findNamespaces,
  'bench-peers': findBenchPeers,
  k6: findK6,
  strace: () => findOnPath(['strace']),
  uws: findUws,
  redis: () => findOnPath(['redis-server']),
  cassandra: findCassandra,
  toxiproxy: findToxiproxy,
  otlp: findOtlpReceiver,
  prometheus: () => findOnPath(['prometheus']),
  promtool: () => findOnPath(['promtool']),
  alertmanager: () => findOnPath(['prometheus-alertmanager']),
  amtool: () => findOnPath(['amtool']),
  'python-client': () => findPython('import google.protobuf, grpc_tools.protoc, websockets'),
} as const satisfies Record<string, () => string | undefined>;

export type Tool = keyof typeof TOOLS;

/** What install.sh builds of test/conformance/netcode. */
function findNetcodePeer(): string | undefined {
  const path = join(TOOLS_FOLDER, 'netcode-peer', 'release', 'netcode-peer');
  return existsSync(path) ? path : undefined;
}

/** What `npm ci` in bench/peers installs: the servers that are measured beside ours. */
function findBenchPeers(): string | undefined {
  const path = join(import.meta.dirname, '..', 'bench', 'peers', 'node_modules', '@colyseus', 'core');
  return existsSync(path) ? path : undefined;
}

/** Root on Linux with iproute2 and nftables: networks of one's own, with NATs. */
function findNamespaces(): string | undefined {
  const path = findOnPath(['nft']);
  const canMake =
    findOnPath(['ip']) !== undefined && spawnSync('unshare', ['--net', 'nft', 'list', 'tables']).status === 0;
  return canMake ? path : undefined;
}

/** The Python of the tools folder, else the machine's, whichever can do the imports. */
function findPython(imports: string): string | undefined {
  const own = join(TOOLS_FOLDER, 'python', 'bin', 'python');
  return [own, findOnPath(['python3'])].find(
    (path) => path !== undefined && existsSync(path) && spawnSync(path, ['-c', imports]).status === 0,
  );
}

const found = new Map<Tool, string | undefined>();

/**
 * The path of a tool's program, or undefined when it is missing: the caller then skips its tests by name, with
 * `test.skipIf(needs('chromium') === undefined)('two pages see each other', …)`.
 * @throws under CI=true, when it is missing: the test file fails.
 */
export function needs(tool: Tool): string | undefined {
  if (!found.has(tool)) found.set(tool, TOOLS[tool]());
  const path = found.get(tool);
  if (path !== undefined) return path;
  const sentence = `${tool} is not on this machine; ${INSTALL}`;
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(`skipping tests: ${sentence}`);
  return undefined;
}
