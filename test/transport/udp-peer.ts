// Our server or client on a UDP socket, for tests with programs of others: sends numbered payloads, checks those of the
// other side, loses packets both ways as a seed has it. test/conformance/netcode/src/main.rs is the other side and has
// the same payloads.

import { createSocket, type Socket } from 'node:dgram';
import { createRandom, type Random } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import { ADDRESS_WORDS, type Address, formatAddress, parseAddress } from '../../src/transport/address.ts';
import {
  createClient,
  leaveServer,
  receiveFromServer,
  sendToServer,
  updateClient,
} from '../../src/transport/client.ts';
import type { Client } from '../../src/transport/client-state.ts';
import { COUNT } from '../../src/transport/counts.ts';
import { createOutbox, OUTBOX_STRIDE, type Outbox } from '../../src/transport/outbox.ts';
import { disconnectClient, receiveFromClient, sendToClient, updateServer } from '../../src/transport/server.ts';
import { CLIENT_CONNECTED, createServer, type Server } from '../../src/transport/server-state.ts';
import { CONNECTED, DISCONNECTED } from '../../src/transport/states.ts';
import { FEATURE_REKEY, mintToken } from '../../src/transport/token.ts';
import { createNonceChecker } from './nonce-checker.ts';

export const PEER_KEY = Uint8Array.from({ length: 32 }, (_, index) => 255 - index * 3);
export const PEER_PROTOCOL = 0xfedc_ba98_7654_3210n;

const OURS = 0;
const THEIRS = 1;
const REPORT = 0xffff_ffff;
/** How far one side is ahead of the newest payload it got: so much fits the buffer of a socket nobody reads for a while. */
const AHEAD = 20;
/** Silence after which nothing is on the way any more, unless told otherwise. */
const QUIET_MS = 300;
const GIVE_UP_MS = 60_000;

export function peerPayload(sender: number, index: number): Uint8Array {
  const bytes = new Uint8Array(4 + ((Math.imul(index, 37) >>> 0) % 1197));
  new DataView(bytes.buffer).setUint32(0, index, true);
  for (let at = 4; at < bytes.length; at++) bytes[at] = Math.imul(index, 31) + at * 7 + sender * 101;
  return bytes;
}

export interface PeerResult {
  readonly sent: number;
  readonly received: number;
  readonly twice: number;
  readonly wrong: number;
  /** Thrown away on the way, either way, by the seed. */
  readonly lost: number;
  /** Exchanges of keys that a client has come to the end of. */
  readonly rekeys: number;
  /** A client's, at the end. */
  readonly state: number;
}

interface Tally {
  readonly count: number;
  sent: number;
  received: number;
  twice: number;
  wrong: number;
  /** The number of the newest payload that came. */
  newest: number;
  /** The other side has said that it sent everything. */
  isReported: boolean;
  heardMs: number;
  readonly seen: Uint8Array;
}

const now = (): number => performance.timeOrigin + performance.now();

function createTally(count: number): Tally {
  const zeros = { sent: 0, received: 0, twice: 0, wrong: 0, newest: -1, isReported: count === 0, heardMs: now() };
  return { count, ...zeros, seen: new Uint8Array(count) };
}

function take(tally: Tally, bytes: Uint8Array): void {
  const index = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  tally.isReported ||= index === REPORT;
  if (index === REPORT) return;
  tally.heardMs = now();
  if (index >= tally.count || !Buffer.from(bytes).equals(peerPayload(THEIRS, index))) {
    tally.wrong++;
    return;
  }
  tally.received++;
  tally.newest = Math.max(tally.newest, index);
  tally.twice += tally.seen[index]!;
  tally.seen[index] = 1;
}

/** True when both sides have sent everything and nothing is on the way. */
function isDone(tally: Tally, quietMs = QUIET_MS): boolean {
  return tally.sent === tally.count && tally.isReported && now() - tally.heardMs > quietMs;
}

interface Line {
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly address: Address;
  lost: number;
  readonly isLost: () => boolean;
}

async function openLine(loss: number, random: Random): Promise<Line> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const line: Line = {
    socket,
    address: parseAddress(`127.0.0.1:${socket.address().port}`)!,
    lost: 0,
    isLost() {
      const isLost = random.fraction() < loss;
      if (isLost) line.lost++;
      return isLost;
    },
    outbox: createOutbox(64, (box) => {
      for (let index = 0; index < box.count; index++) {
        if (line.isLost()) continue;
        const from = index * OUTBOX_STRIDE;
        const [host, port] = formatAddress(box.addresses, index * ADDRESS_WORDS).split(':');
        socket.send(box.bytes.slice(from, from + box.lengths[index]!), Number(port), host);
      }
      box.count = 0;
    }),
  };
  return line;
}

function listen(line: Line, receive: (address: Address, bytes: Uint8Array) => void): void {
  line.socket.on('message', (bytes, { address, port }) => {
    if (!line.isLost()) receive(parseAddress(`${address}:${port}`)!, bytes);
    line.outbox.flush(line.outbox);
  });
}

/** Calls `round` every 2 ms until it says that all is done, or a minute is over. */
async function run(line: Line, round: () => boolean): Promise<void> {
  const endMs = now() + GIVE_UP_MS;
  for (let done = false; !done && now() < endMs; ) {
    done = round();
    line.outbox.flush(line.outbox);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await new Promise<void>((resolve) => line.socket.close(() => resolve()));
}

function resultOf(tally: Tally, line: Line, { state, counts }: Pick<Client, 'state' | 'counts'>): PeerResult {
  const { sent, received, twice, wrong } = tally;
  return { sent, received, twice, wrong, lost: line.lost, rekeys: counts[COUNT.rekeys]!, state };
}

export interface PeerOptions {
  readonly count: number;
  readonly loss: number;
  readonly seed: number;
  /** How long it stays when there is nothing more to come. */
  readonly quietMs?: number;
  /** Of a server. */
  readonly clientsMax?: number;
  /** A client's, once. */
  readonly onConnected?: () => void;
}

export interface ServerPeer {
  /** Where it listens. */
  readonly address: string;
  readonly server: Server;
  mint(clientId: bigint): Uint8Array;
  /** Ends when one client has come, sent and got everything, or after a minute. */
  readonly result: Promise<PeerResult>;
}

const aead = (): ReturnType<typeof createSodiumAead> => createNonceChecker().watch(createSodiumAead());

export async function startServerPeer({
  count,
  loss,
  seed,
  quietMs,
  clientsMax = 4,
}: PeerOptions): Promise<ServerPeer> {
  const line = await openLine(loss, createRandom(seed));
  const server = createServer({
    aead: aead(),
    key: PEER_KEY,
    protocolId: PEER_PROTOCOL,
    addresses: [line.address],
    clientsMax,
    handshakesMax: 16,
    tokensMax: 64,
    tokenLifetimeSMax: 3600,
    expiresAfterS: 0,
    outbox: line.outbox,
    keyExchange: createNodeKeyExchange(),
  });
  const tally = createTally(count);
  listen(line, (address, bytes) => {
    const slot = receiveFromClient(server, now(), address, 0, bytes, 0, bytes.length);
    if (slot >= 0) take(tally, server.payload.slice(0, server.payloadBytes));
  });
  let slot = -1;
  const round = (): boolean => {
    updateServer(server, now());
    if (server.happened.count > 0) {
      slot = server.happened.kinds[0] === CLIENT_CONNECTED ? server.happened.slots[0]! : -2;
      server.happened.count = 0;
    }
    if (slot < 0) return slot === -2;
    while (tally.sent < Math.min(count, tally.newest + AHEAD)) {
      const bytes = peerPayload(OURS, tally.sent++);
      sendToClient(server, now(), slot, bytes, 0, bytes.length);
    }
    if (!isDone(tally, quietMs)) return false;
    disconnectClient(server, now(), slot);
    return true;
  };
  const mint = (clientId: bigint): Uint8Array => mintFor(formatAddress(line.address), clientId);
  const result = run(line, round).then(() => resultOf(tally, line, { state: 0, counts: server.counts }));
  return { address: formatAddress(line.address), server, mint, result };
}

/** A token for the server at `1.2.3.4:5`, which says that new keys and moves are possible. */
export function mintFor(address: string, clientId: bigint): Uint8Array {
  const createdS = Math.floor(now() / 1000);
  const userData = Uint8Array.of(77);
  const terms = { protocolId: PEER_PROTOCOL, clientId, createdS, expiresS: createdS + 60, timeoutS: 5, userData };
  const addresses = [parseAddress(address)!];
  return mintToken(createSodiumAead(), PEER_KEY, { ...terms, addresses, features: FEATURE_REKEY });
}

/** Our client: connects with the token, sends and gets everything, leaves. */
export async function runClientPeer(token: Uint8Array, options: PeerOptions): Promise<PeerResult> {
  const { count, loss, seed, quietMs, onConnected } = options;
  const line = await openLine(loss, createRandom(seed));
  let isTold = false;
  const client: Client = createClient(aead(), token, line.outbox, now(), createNodeKeyExchange());
  const tally = createTally(count);
  listen(line, (address, bytes) => {
    const length = receiveFromServer(client, now(), address, 0, bytes, 0, bytes.length);
    if (length >= 0) take(tally, client.payload.slice(0, length));
  });
  await run(line, () => {
    updateClient(client, now());
    if (client.state <= DISCONNECTED) return true;
    if (client.state !== CONNECTED) return false;
    if (!isTold) onConnected?.();
    isTold = true;
    while (tally.sent < Math.min(count, tally.newest + AHEAD)) {
      const bytes = peerPayload(OURS, tally.sent++);
      sendToServer(client, now(), bytes, 0, bytes.length);
    }
    if (isDone(tally, quietMs)) leaveServer(client, now());
    return false;
  });
  return resultOf(tally, line, client);
}
