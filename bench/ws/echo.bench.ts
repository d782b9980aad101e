// The two WebSocket adapters by themselves: 200 connections that send a message of an input's length as soon as the one
// before has come back. CPU time of the server's process for 100,000 such pairs, with plain `ws` beside, all by one Node, in
// turns, since the machine is not the same from one minute to the next; the ratio is the median of those of the turns.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Bench, type Figure, median } from '../bench.ts';
import { findOnPath } from '../server.ts';
import type { EchoUsage } from './echo-server.ts';
import { HANDSHAKE } from './handshake.ts';
import { findUws } from './uws.ts';

interface Load {
  readonly connections: number;
  readonly warmUpPairs: number;
  readonly pairs: number;
  readonly rounds: number;
}

/** `ws` as its documentation has it, and the two adapters. */
const KINDS = ['plain', 'ws', 'uws'] as const;
type Kind = (typeof KINDS)[number];

const FULL: Load = { connections: 200, warmUpPairs: 15_000, pairs: 30_000, rounds: 5 };
const SMALL: Load = { connections: 5, warmUpPairs: 50, pairs: 100, rounds: 1 };
const MESSAGE_BYTES = 30;
const SERVER_CORE = 1;
const PAIRS_TOLD = 100_000;

export const bench: Bench = {
  figures: ['ws.echo.plainCpuS', 'ws.echo.wsCpuS', 'ws.echo.uwsCpuS', 'ws.echo.ratio', 'ws.echo.adapterRatio'],
  needs: () => (findUws() === undefined ? 'uWebSockets.js with its Node (tools/services/install.sh uws)' : undefined),
  async run(seed, isSmall) {
    const load = isSmall ? SMALL : FULL;
    const cpuS: Record<Kind, number[]> = { plain: [], ws: [], uws: [] };
    for (let round = 0; round < load.rounds; round++) {
      for (const kind of KINDS) cpuS[kind].push(await measure(kind, load));
    }
    const ratioTo = (kind: Kind): number => median(cpuS[kind].map((other, round) => cpuS.uws[round]! / other));
    const checksum = `${load.rounds} × ${load.pairs} pairs of ${MESSAGE_BYTES} bytes`;
    const figure = (name: string, value: number, unit: string): Figure => ({
      figure: name,
      value,
      unit,
      seed,
      checksum,
    });
    return [
      figure('ws.echo.plainCpuS', median(cpuS.plain), 's'),
      figure('ws.echo.wsCpuS', median(cpuS.ws), 's'),
      figure('ws.echo.uwsCpuS', median(cpuS.uws), 's'),
      figure('ws.echo.ratio', ratioTo('plain'), ''),
      figure('ws.echo.adapterRatio', ratioTo('ws'), ''),
    ];
  },
};

/** Seconds of CPU time for `PAIRS_TOLD` pairs. */
async function measure(kind: Kind, load: Load): Promise<number> {
  const server = startServer(kind);
  const [port] = (await once(server, 'message')) as [number];
  const clients = await Promise.all(Array.from({ length: load.connections }, () => connect(port)));
  try {
    await echo(clients, load.warmUpPairs);
    const before = await readUsage(server);
    await echo(clients, load.pairs);
    const after = await readUsage(server);
    return (((after.cpuMicros - before.cpuMicros) / 1e6) * PAIRS_TOLD) / (after.echoed - before.echoed);
  } finally {
    for (const { socket } of clients) socket.destroy();
    const gone = once(server, 'exit');
    server.disconnect();
    await gone;
  }
}

/** On a core of its own where there is one and the system can say so. */
function startServer(kind: Kind): ChildProcess {
  const command = [findUws()!, join(import.meta.dirname, 'echo-server.ts'), kind];
  if (availableParallelism() > 1 && findOnPath(['taskset']) !== undefined) {
    command.unshift('taskset', '-c', String(SERVER_CORE));
  }
  return spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

async function readUsage(server: ChildProcess): Promise<EchoUsage> {
  server.send('usage');
  return ((await once(server, 'message')) as [EchoUsage])[0];
}

/** One connection of the load, by hand and with no more than it needs: the server shall be what is waited for. */
interface EchoClient {
  readonly socket: Socket;
  /** Of the message that is on its way back. */
  heard: number;
  onEcho: () => void;
}

/** What a client sends, masked by a key of its own, and what has to come back. */
const MASK = [1, 2, 3, 4];
const REQUEST = Buffer.from([
  0x82,
  0x80 | MESSAGE_BYTES,
  ...MASK,
  ...payload().map((byte, at) => byte ^ MASK[at % 4]!),
]);
const ANSWER = Buffer.from([0x82, MESSAGE_BYTES, ...payload()]);

function payload(): number[] {
  return Array.from({ length: MESSAGE_BYTES }, (_, at) => at);
}

async function connect(port: number): Promise<EchoClient> {
  const { promise: upgraded, resolve, reject } = Promise.withResolvers<void>();
  let isOpen = false;
  const hear = (length: number, bytes: Uint8Array): boolean => {
    if (isOpen) takeEcho(client, length, bytes);
    else if (Buffer.from(bytes.buffer, 0, length).toString('latin1').startsWith('HTTP/1.1 101')) {
      isOpen = true;
      resolve();
    } else reject(new Error('no upgrade to WebSocket'));
    return true;
  };
  const socket = connectTcp({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: { buffer: Buffer.allocUnsafeSlow(1024), callback: hear },
  });
  const client: EchoClient = { socket, heard: 0, onEcho: () => {} };
  socket.once('error', reject);
  socket.write(HANDSHAKE);
  await upgraded;
  return client;
}

function takeEcho(client: EchoClient, length: number, bytes: Uint8Array): void {
  for (let at = 0; at < length; at++) {
    if (bytes[at] === ANSWER[client.heard++]) continue;
    client.socket.destroy(new Error('another message came back'));
    return;
  }
  if (client.heard < ANSWER.length) return;
  client.heard = 0;
  client.onEcho();
}

/** So many pairs over all connections, each with one on its way. */
function echo(clients: readonly EchoClient[], pairs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let back = 0;
    const send = ({ socket }: EchoClient): void => {
      sent++;
      socket.write(REQUEST);
    };
    for (const client of clients) {
      client.onEcho = () => {
        if (++back === pairs) resolve();
        if (sent < pairs) send(client);
      };
      client.socket.once('error', reject);
    }
    for (const client of clients) if (sent < pairs) send(client);
  });
}
