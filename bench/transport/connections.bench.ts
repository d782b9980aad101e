// How many clients one UDP edge holds: 10,000 that are let in, send an input a second and are kept alive, for a minute.
// Edge and clients are processes of their own, with real sockets over loopback. The edge alone: no zone has room for so
// many players, so a stand-in lets them in, and no snapshots are sent (edge.bench.ts has what those cost).

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bench, Figure } from '../bench.ts';
import type { EdgeReport, Memory } from './connections-edge.ts';
import type { PeersReport } from './connections-peers.ts';

const FULL = { connections: 10_000, heldS: 60, joinS: 60 };
const SMALL = { connections: 50, heldS: 1, joinS: 20 };

export const bench: Bench = {
  figures: [
    'udp.connections.held',
    'udp.connections.lost',
    'udp.connections.bytesEach',
    'udp.connections.heldBytesEach',
    'udp.connections.cpuMicrosEach',
  ],
  async run(seed, isSmall) {
    const { connections, heldS, joinS } = isSmall ? SMALL : FULL;
    const key = new Uint8Array(randomBytes(32));
    const edge = start('connections-edge.ts');
    const peers = start('connections-peers.ts');
    try {
      edge.send({ connections, key });
      const [{ port }] = (await once(edge, 'message')) as [{ port: number }];
      peers.send({ connections, key, port });
      let first: EdgeReport | undefined;
      let before = await ask<EdgeReport>(edge);
      for (let second = 0; second < joinS && before.playing < connections; second++) {
        await sleep(500);
        before = await ask<EdgeReport>(edge);
        if (before.playing > 0) first ??= before;
      }
      const sentBefore = await ask<PeersReport>(peers);
      await sleep(heldS * 1000);
      const after = await ask<EdgeReport>(edge);
      const sent = await ask<PeersReport>(peers);
      const inputs = after.inputs - before.inputs;
      const checksum = `${before.playing} in, ${inputs} of ${sent.inputs - sentBefore.inputs} inputs`;
      const figure = (name: string, value: number, unit: string): Figure => ({
        figure: `udp.connections.${name}`,
        value,
        unit,
        seed,
        checksum,
      });
      const held = Math.max(1, after.playing);
      const each = (kind: keyof Memory): number => bytesEach(kind, connections, first ?? before, after);
      return [
        figure('held', after.playing, ''),
        figure('lost', Math.max(before.playing - after.playing, sent.closed), ''),
        figure('bytesEach', Math.max(each('rssBytes'), each('heldBytes')), 'bytes'),
        figure('heldBytesEach', each('heldBytes'), 'bytes'),
        figure('cpuMicrosEach', (after.cpuMicros - before.cpuMicros) / held / heldS, 'µs/s'),
      ];
    } finally {
      edge.kill('SIGKILL');
      peers.kill('SIGKILL');
    }
  },
};

/**
 * What was made at the start for so many, and what each has cost since the first were in: what the process needs for any
 * connection at all, code and caches, is no connection's.
 */
function bytesEach(kind: keyof Memory, connections: number, first: EdgeReport, after: EdgeReport): number {
  const more = Math.max(1, after.playing - first.playing);
  return after.prepared[kind] / connections + (after.memory[kind] - first.memory[kind]) / more;
}

function start(file: string): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return fork(path, {
    serialization: 'advanced',
    execArgv: ['--expose-gc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

async function ask<Report>(child: ChildProcess): Promise<Report> {
  child.send('report');
  const [report] = (await once(child, 'message')) as [Report];
  return report;
}
