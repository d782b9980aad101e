// The clients of udp.connections.*, a process of their own: the client library's connections, thousands to a socket, each
// from an address of its own. Each joins as soon as it is let in and sends an input a second. They mint their tokens
// themselves, with the edge's key: no gateway would open ten thousand sessions in seconds.

import { PROTOCOL_VERSION } from '../../src/base/limits.ts';
import { createRandom } from '../../src/base/random.ts';
import type { Socket } from '../../src/client/ports.ts';
import { game } from '../../src/game/game.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { PROTOCOL_ID } from '../../src/io/connect-tokens.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import { systemClock } from '../../src/io/system.ts';
import { openUdp } from '../../src/io/udp.ts';
import { parseAddress } from '../../src/transport/address.ts';
import { FEATURE_REKEY, mintToken } from '../../src/transport/token.ts';
import { encodeToBytes } from '../../src/wire/codec.ts';
import { createMessages } from '../../src/wire/schema.ts';
import type { Link } from '../../tools/swarm/link.ts';
import { createUdpHost, type UdpHost } from '../../tools/swarm/udp-host.ts';

export interface PeersStart {
  readonly connections: number;
  readonly key: Uint8Array;
  readonly port: number;
}

export interface PeersReport {
  /** Connections that ended, or could not be made. */
  readonly closed: number;
  readonly inputs: number;
}

const HOSTS = 4;
const PERFECT = { latencyMs: 0, jitterMs: 0, lossShare: 0 };
const LOOP_MS = 5;
/** Each connection is looked after so often. */
const ROUND_MS = 100;
const RAMP_PER_S = 1_000;
/** So many knock at once: a server keeps a thousand handshakes, and of more the oldest begin again. */
const KNOCKING_MAX = 200;
const TIMEOUT_S = 10;

const { clientMessage } = createMessages(game);
const JOIN = encodeToBytes(clientMessage, {
  join: { protocolVersion: PROTOCOL_VERSION, game: game.name, gameVersion: game.version, token: 'bench' },
});

interface Peer {
  readonly link: Link;
  socket: Socket | undefined;
  isOpen: boolean;
  dueMs: number;
}

async function run({ connections, key, port }: PeersStart): Promise<void> {
  const aead = createSodiumAead();
  const hosts: UdpHost[] = [];
  for (let host = 0; host < HOSTS; host++)
    hosts.push(await createUdpHost({ openUdp, aead, keyExchange: createNodeKeyExchange(), clock: systemClock }));
  const address = parseAddress(`127.0.0.1:${port}`)!;
  const peers: Peer[] = [];
  const totals = { closed: 0, inputs: 0 };
  const random = createRandom(1);
  const startMs = systemClock.now();
  let opened = 0;

  const begin = (): void => {
    const nowMs = systemClock.now();
    const nowS = Math.floor(Date.now() / 1000);
    const times = { createdS: nowS, expiresS: nowS + 600, timeoutS: TIMEOUT_S };
    const terms = { protocolId: PROTOCOL_ID, features: FEATURE_REKEY, ...times };
    const connectToken = mintToken(aead, key, { ...terms, clientId: BigInt(peers.length + 1), addresses: [address] });
    const link = hosts[peers.length % HOSTS]!.createLink(PERFECT, random);
    const peer: Peer = { link, socket: undefined, isOpen: false, dueMs: nowMs + random.fraction() * 1000 };
    peers.push(peer);
    peer.socket = link.open(
      { token: '', url: '', connectToken },
      {
        opened: () => {
          peer.isOpen = true;
          opened++;
          peer.socket!.send(JOIN, true);
        },
        received: () => {},
        closed: () => {
          totals.closed++;
          peer.isOpen = false;
        },
      },
    );
  };

  const look = (peer: Peer, nowMs: number): void => {
    if (peer.isOpen && nowMs >= peer.dueMs) {
      peer.dueMs += 1000;
      totals.inputs++;
      const tick = Math.floor(nowMs * 0.06) % 1e9;
      peer.socket!.send(encodeToBytes(clientMessage, { inputs: [{ tick, moveX: 50 }] }), false);
    }
    peer.link.update(nowMs);
  };

  let next = 0;
  let turnMs = startMs;
  setInterval(() => {
    const nowMs = systemClock.now();
    const most = Math.min(connections, ((nowMs - startMs) * RAMP_PER_S) / 1000, opened + KNOCKING_MAX);
    while (peers.length < most) begin();
    const count = Math.min(peers.length, Math.ceil((peers.length * (nowMs - turnMs)) / ROUND_MS));
    turnMs = nowMs;
    for (let index = 0; index < count; index++) look(peers[next++ % peers.length]!, nowMs);
    for (const host of hosts) host.turn(nowMs);
  }, LOOP_MS);
  process.on('message', () => process.send!({ ...totals } satisfies PeersReport));
}

process.once('message', (start: PeersStart) => void run(start));
process.on('disconnect', () => process.exit());
