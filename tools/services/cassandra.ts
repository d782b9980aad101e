// Real Cassandra nodes for tests, on 127.0.0.1 and the addresses after it (tools/services/cassandra/cassandra-local). With
// a folder of their own below the system's temporary one, ended by their process ids, and by themselves after a while.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts } from './free-ports.ts';
import { TOOLS_FOLDER } from './tools-folder.ts';

const SCRIPT = join(import.meta.dirname, 'cassandra', 'cassandra-local');
const LIB = join(TOOLS_FOLDER, 'cassandra', 'lib');
const MINUTES_MAX = 10;

export interface CassandraNodes {
  /** For `--scylla-contact-points`. */
  readonly contactPoints: readonly string[];
  /** Ends one node, from 1 on, as its machine's death would. */
  kill(node: number): Promise<void>;
  /** Stands still, as if its machine hung, or goes on. */
  pause(node: number): void;
  unpause(node: number): void;
  /** Starts whichever doesn't run. */
  resume(): Promise<void>;
  /** Ends all and removes their folders. */
  stop(): Promise<void>;
}

export interface CassandraOptions {
  readonly nodes?: number;
  /** What was acknowledged survives the death of the process. */
  readonly durable?: boolean;
  readonly auth?: boolean;
  /** They end by themselves after so long. */
  readonly minutesMax?: number;
}

/** Whether install.sh has brought what it needs. */
export function findCassandra(): string | undefined {
  return existsSync(join(LIB, '.fetched')) ? SCRIPT : undefined;
}

export async function startCassandra({
  nodes = 1,
  durable = false,
  auth = false,
  minutesMax = MINUTES_MAX,
}: CassandraOptions = {}): Promise<CassandraNodes> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-cassandra-'));
  const addresses = Array.from({ length: nodes }, (_, index) => `127.0.0.${index + 1}`);
  const port = await findFreePorts(nodes + 2, addresses);
  const start = () =>
    run(folder, [
      ...['start', '--nodes', String(nodes), '--port', String(port), '--heap', '384M'],
      ...['--minutes', String(minutesMax), ...(durable ? ['--durable'] : []), ...(auth ? ['--auth'] : [])],
    ]);
  const stop = async () => {
    await run(folder, ['stop', '--kill']);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  const signal = (node: number, name: NodeJS.Signals) => {
    process.kill(Number(readFileSync(join(folder, `node${node}`, 'pid'), 'utf8')), name);
  };
  return {
    contactPoints: addresses.map((address) => `${address}:${port}`),
    kill: (node) => run(folder, ['stop', '--kill', '--node', String(node)]),
    pause: (node) => signal(node, 'SIGSTOP'),
    unpause: (node) => signal(node, 'SIGCONT'),
    resume: start,
    stop,
  };
}

async function run(folder: string, args: readonly string[]): Promise<void> {
  const child = spawn('bash', [SCRIPT, ...args, '--dir', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CASSANDRA_LOCAL_LIB: LIB },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  // Not `close`: nodes go on with the pipes.
  const [code] = await once(child, 'exit');
  child.stdout.destroy();
  child.stderr.destroy();
  if (code !== 0) throw new Error(`cassandra-local ${args[0]} failed:\n${output}`);
}
