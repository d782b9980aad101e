// How long a player who comes by UDP waits, against a real node over loopback, one join after the other: from the
// first request until the transport lets it in, and until the first snapshot that it can use. By the clock, since waiting
// is what is measured: whatever else the machine does is in it.

import { setTimeout as sleep } from 'node:timers/promises';
import { game } from '../../src/game/game.ts';
import { leaveUdp, openUdpSession, startUdpClient } from '../../tools/hostile/udp-client.ts';
import { quantileOf } from '../../tools/swarm/statistics.ts';
import { type Bench, type Figure, median } from '../bench.ts';
import { startServer } from '../server.ts';

const JOINS = 100;
/** The node compiles what it needs, and connections are no more special to it. */
const WARM_UP_JOINS = 20;
const JOIN_MS_MAX = 5_000;
const POLL_MS = 2;

interface Join {
  readonly handshakeMs: number;
  readonly snapshotMs: number;
}

async function joinOnce(url: string): Promise<Join> {
  const { connectToken, token } = await openUdpSession(url);
  const client = await startUdpClient(game, connectToken, token);
  while (client.snapshotMs === undefined && !client.isClosed) {
    if (performance.now() > client.startedMs + JOIN_MS_MAX && client.openMs === undefined) break;
    await sleep(POLL_MS);
  }
  const { openMs, snapshotMs, goodbye } = client;
  leaveUdp(client);
  if (openMs === undefined || snapshotMs === undefined) throw new Error(`did not get in: ${goodbye}`);
  return { handshakeMs: openMs, snapshotMs };
}

export const bench: Bench = {
  figures: [
    'udp.connect.handshakeMs',
    'udp.connect.handshakeMsP99',
    'udp.connect.firstSnapshotMs',
    'udp.connect.firstSnapshotMsP99',
  ],
  async run(seed, isSmall) {
    const server = await startServer({ args: ['--seed', String(seed), '--sessions-per-minute', '10000'] });
    const joins: Join[] = [];
    try {
      const count = isSmall ? 3 : WARM_UP_JOINS + JOINS;
      for (let join = 0; join < count; join++) joins.push(await joinOnce(server.url));
    } finally {
      await server.stop();
    }
    const counted = joins.slice(isSmall ? 0 : WARM_UP_JOINS);
    const handshakes = counted.map(({ handshakeMs }) => handshakeMs);
    const snapshots = counted.map(({ snapshotMs }) => snapshotMs);
    const figure = (name: string, value: number): Figure => ({
      figure: `udp.connect.${name}`,
      value,
      unit: 'ms',
      seed,
      checksum: `${joins.length} joins`,
    });
    return [
      figure('handshakeMs', median(handshakes)),
      figure('handshakeMsP99', quantileOf(handshakes, 0.99)),
      figure('firstSnapshotMs', median(snapshots)),
      figure('firstSnapshotMsP99', quantileOf(snapshots, 0.99)),
    ];
  },
};
