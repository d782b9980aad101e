// A rendezvous point as a process of its own, on a machine with a public address: introduces players to servers behind
// NATs that were started with --rendezvous. `npm run rendezvous -- --help`. The key is that of the servers. Prints what it
// counted once a minute if something came, and when it ends, by SIGTERM or Ctrl-C.

import { Command, CommanderError } from 'commander';
import { errorCode } from '../../src/base/errors.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { readRendezvousKey } from '../../src/io/rendezvous.ts';
import { steadyMs } from '../../src/io/system.ts';
import { openUdp, readInBatches } from '../../src/io/udp.ts';
import { ADDRESS_WORDS, copyAddress } from '../../src/transport/address.ts';
import { createOutbox } from '../../src/transport/outbox.ts';
import { createPoint, type Point, receiveAtPoint, updatePoint } from '../../src/transport/rendezvous/point.ts';
import type { UdpSocket } from '../../src/transport/udp-port.ts';
import { createTeller, formatCounts } from './told-counts.ts';

const HOSTS_MAX = 1024;
const MEETINGS_MAX = 16_384;
const OUTBOX_PACKETS = 64;
const UPDATE_MS = 1_000;
const TELL_MS = 60_000;
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
  const take = (): void => {
    const nowMs = steadyMs();
    for (let index = 0; index < incoming.count; index++) {
      const from = index * stride;
      const end = from + incoming.lengths[index]!;
      if (end < from) continue;
      if (incoming.locals !== undefined) copyAddress(incoming.locals, index * ADDRESS_WORDS, point.localAtHand, 0);
      receiveAtPoint(point, nowMs, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
    }
    if (outbox.count > 0) socket.send(outbox);
  };
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  readInBatches(socket, take, steadyMs, (ms) => void Atomics.wait(nothing, 0, 0, ms));
}

async function main(): Promise<void> {
  const { host, port, keyFile } = readFlags();
  const key = await readRendezvousKey(keyFile, '--key-file', process.env);
  // Who asked takes answers from the address it asked alone, and the system might choose another of this machine's.
  const socket = await openUdp({ host, port: Number(port), hasLocals: host === '0.0.0.0' || host === '::' });
  const outbox = createOutbox(OUTBOX_PACKETS, (full) => socket.send(full), socket.hasLocals);
  const aead = createSodiumAead();
  const point = createPoint({ aead, key, hostsMax: HOSTS_MAX, meetingsMax: MEETINGS_MAX, outbox });
  const update = (): void => updatePoint(point, steadyMs(), Date.now());
  update();
  listen(point, socket);
  const write = (line: string): void => void process.stdout.write(line);
  const timers = [setInterval(update, UPDATE_MS), setInterval(createTeller(point.counts, write), TELL_MS)];
  write(`rendezvous at udp://${host}:${socket.port}\n`);
  const end = (): void => {
    for (const timer of timers) clearInterval(timer);
    socket.close();
    write(formatCounts(point.counts));
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
