// A rendezvous point as a process of its own, on a machine with a public address: introduces players to servers behind
// NATs that were started with --rendezvous. `npm run rendezvous -- --help`. The key is that of the servers. Ends with
// SIGTERM or Ctrl-C and prints what it counted.

import { Command, CommanderError } from 'commander';
import { errorCode } from '../../src/base/errors.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { readRendezvousKey } from '../../src/io/rendezvous.ts';
import { steadyMs } from '../../src/io/system.ts';
import { openUdp } from '../../src/io/udp.ts';
import { ADDRESS_WORDS } from '../../src/transport/address.ts';
import { createOutbox } from '../../src/transport/outbox.ts';
import { RENDEZVOUS_COUNT, type RendezvousCount } from '../../src/transport/rendezvous/counts.ts';
import { createPoint, type Point, receiveAtPoint, updatePoint } from '../../src/transport/rendezvous/point.ts';
import type { UdpSocket } from '../../src/transport/udp-port.ts';

const HOSTS_MAX = 1024;
const MEETINGS_MAX = 16_384;
const OUTBOX_PACKETS = 64;
const UPDATE_MS = 1_000;
const EXIT_CONFIG = 2;

interface Flags {
  readonly host: string;
  readonly port: string;
  readonly keyFile: string;
}

function readFlags(): Flags {
  const command = new Command('npm run rendezvous --')
    .description('Introduces players to servers behind NATs. proto/STANDARD.md, section 16')
    .option('--host <address>', 'address to listen on', '0.0.0.0')
    .option('--port <port>', 'UDP port', '9000')
    .option('--key-file <file>', 'key shared with the servers, else DARKAGES_RENDEZVOUS_KEY', '')
    .exitOverride();
  const flags = command.parse().opts<Flags>();
  if (/^\d{1,5}$/.test(flags.port) && Number(flags.port) < 65_536) return flags;
  return command.error(`error: --port must be a port from 0 to 65535, not "${flags.port}"`);
}

function listen(point: Point, socket: UdpSocket): void {
  const { incoming } = socket;
  const { outbox } = point.options;
  const stride = incoming.bytes.length / incoming.capacity;
  socket.onReadable(() => {
    const count = socket.receive();
    const nowMs = steadyMs();
    for (let index = 0; index < count; index++) {
      const from = index * stride;
      const end = from + incoming.lengths[index]!;
      if (end < from) continue;
      receiveAtPoint(point, nowMs, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
    }
    if (outbox.count > 0) socket.send(outbox);
  });
}

async function main(): Promise<void> {
  const { host, port, keyFile } = readFlags();
  const key = await readRendezvousKey(keyFile, '--key-file', process.env);
  const socket = await openUdp({ host, port: Number(port) });
  const outbox = createOutbox(OUTBOX_PACKETS, (full) => socket.send(full));
  const aead = createSodiumAead();
  const point = createPoint({ aead, key, hostsMax: HOSTS_MAX, meetingsMax: MEETINGS_MAX, outbox });
  const update = (): void => updatePoint(point, steadyMs(), Date.now());
  update();
  listen(point, socket);
  const timer = setInterval(update, UPDATE_MS);
  process.stdout.write(`rendezvous at udp://${host}:${socket.port}\n`);
  const end = (): void => {
    clearInterval(timer);
    socket.close();
    const names = Object.keys(RENDEZVOUS_COUNT) as RendezvousCount[];
    const counts = names.map((name) => [name, point.counts[RENDEZVOUS_COUNT[name]]!]);
    process.stdout.write(`${JSON.stringify(Object.fromEntries(counts))}\n`);
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

try {
  await main();
} catch (error) {
  // Commander has said already what is wrong, or what --help asked for.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : EXIT_CONFIG);
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(errorCode(error)?.startsWith('DARKAGES_') ? EXIT_CONFIG : 1);
}
