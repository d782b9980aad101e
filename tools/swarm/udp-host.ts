// The UDP of a process's bots. On loopback they share one socket, each connection with an address of its own in
// 127.0.0.0/8, where the system can send from any of them (IP_PKTINFO): the server sees as many hosts, and what comes
// back says by the address it came to whose it is. Towards other machines there is one address, so each connection gets a
// socket of its own. Bots process; the socket's adapter is handed in.
//
// Packets pass a bot's line (link.ts) one by one, out and in; `flush` sends what has come out of all lines as one batch.

import type { Clock } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import {
  createDatagramSocket,
  type DatagramSocket,
  receiveDatagram,
  updateDatagramSocket,
} from '../../src/client/datagram-socket.ts';
import type { Session, Socket, SocketEvents } from '../../src/client/ports.ts';
import type { UdpOptions } from '../../src/io/udp.ts';
import { ADDRESS_WORDS, copyAddress } from '../../src/transport/address.ts';
import type { Aead } from '../../src/transport/aead.ts';
import type { KeyExchange } from '../../src/transport/key-exchange.ts';
import { createOutbox, OUTBOX_STRIDE, type Outbox } from '../../src/transport/outbox.ts';
import { readPublicToken } from '../../src/transport/token.ts';
import { createPacketBatch, type PacketBatch, type UdpSocket } from '../../src/transport/udp-port.ts';
import { createLine, isPerfect, type Line, type Link, type LinkConditions, sendOnLine, updateLine } from './link.ts';

/** Of the IPv4 word of an address. */
const LOOPBACK = 127;
const LOCALS_FIRST = 0x7f01_0000;
const LOCALS_MAX = 0xfd_0000;
const BATCH_PACKETS = 256;
/**
 * A fifth of a second for hundreds of bots. What waits longer is too old to play by: acknowledged so late it makes the
 * server send whole states, which take longer to read, and a swarm that fell behind would never recover.
 */
const SHARED_BUFFER_BYTES = 2 << 20;
/** A socket of a single bot: a snapshot and what else comes while the process is busy. */
const OWN_SOCKET = { batchPackets: 16, bufferBytes: 1 << 18 };
/** A connection is looked after so often beside its bot's frames: for acknowledgements and what is sent again. */
const UPDATE_MS = 10;
/** Packets that one call can make, mostly; more are passed on in between. */
const OUTBOX_PACKETS = 4;
const NO_TOKEN = new Uint8Array(0);

export interface UdpHostOptions {
  readonly openUdp: (options: UdpOptions) => Promise<UdpSocket>;
  readonly aead: Aead;
  readonly keyExchange?: KeyExchange;
  readonly clock: Clock;
}

export interface UdpHost {
  /** One bot's way to the server. */
  createLink(conditions: LinkConditions, random: Random): Link;
  /** Sends what the bots have written; what it is told by the socket's packets it sends by itself. */
  flush(): void;
  close(): void;
  /** Packets that came to nobody: for connections that are over, or a stranger's. */
  strayPackets: number;
}

/** A socket and whose packets come in by it. */
interface Carrier {
  readonly udp: UdpSocket;
  readonly outgoing: PacketBatch;
  /** By the IPv4 word of their own address; by 0 where packets don't tell it. */
  readonly peers: Map<number, Peer>;
}

/** One connection. */
interface Peer {
  readonly carrier: Carrier;
  readonly local: number;
  readonly socket: DatagramSocket;
  readonly outbox: Outbox;
  readonly up: Line;
  readonly down: Line;
  updatedMs: number;
}

interface Host extends UdpHost {
  readonly options: UdpHostOptions;
  readonly shared: Carrier;
  readonly carriers: Set<Carrier>;
  localsUsed: number;
  isClosed: boolean;
}

export async function createUdpHost(options: UdpHostOptions): Promise<UdpHost> {
  const udp = await options.openUdp({ host: '0.0.0.0', port: 0, hasLocals: true, bufferBytes: SHARED_BUFFER_BYTES });
  const carriers = new Set<Carrier>();
  const host: Host = {
    options,
    carriers,
    shared: createCarrier(udp, BATCH_PACKETS),
    localsUsed: 0,
    isClosed: false,
    strayPackets: 0,
    createLink: (conditions, random) => createLink(host, conditions, random),
    flush() {
      for (const carrier of carriers) flushCarrier(carrier);
    },
    close() {
      host.isClosed = true;
      for (const carrier of carriers) closeCarrier(host, carrier);
    },
  };
  addCarrier(host, host.shared);
  return host;
}

function createCarrier(udp: UdpSocket, packets: number): Carrier {
  return { udp, outgoing: createPacketBatch(packets, OUTBOX_STRIDE, udp.hasLocals), peers: new Map() };
}

function addCarrier(host: Host, carrier: Carrier): void {
  host.carriers.add(carrier);
  carrier.udp.onReadable(() => receivePackets(host, carrier));
}

function flushCarrier({ udp, outgoing }: Carrier): void {
  if (outgoing.count > 0) udp.send(outgoing);
}

function closeCarrier(host: Host, carrier: Carrier): void {
  flushCarrier(carrier);
  carrier.udp.close();
  host.carriers.delete(carrier);
}

/** One connection at a time. */
function createLink(host: Host, conditions: LinkConditions, random: Random): Link {
  let peer: Peer | undefined;
  const { clock } = host.options;
  const attach = (carrier: Carrier, local: number, session: Session, events: SocketEvents): void => {
    peer = createPeer(host, carrier, local, session, events, [
      createLine(conditions, random, 'datagrams'),
      createLine(conditions, random, 'datagrams'),
    ]);
  };
  return {
    open(session, events) {
      let isClosed = false;
      if (sharesSocket(host, session)) attach(host.shared, nextLocal(host), session, events);
      else {
        const opened = (carrier: Carrier): void => {
          if (isClosed || host.isClosed) closeCarrier(host, carrier);
          else attach(carrier, 0, session, events);
        };
        // Why there is no socket is nothing that a bot could act on.
        void openCarrier(host).then(opened, () => !isClosed && events.closed());
      }
      const socket: Socket = {
        send(bytes, isReliable) {
          if (peer === undefined) return;
          peer.socket.send(bytes, isReliable);
          passOn(peer, clock.now());
        },
        spareBytes: () => peer?.socket.spareBytes?.() ?? 0,
        get line() {
          return peer?.socket.line;
        },
        close() {
          isClosed = true;
          if (peer !== undefined) removePeer(host, peer);
          peer = undefined;
        },
      };
      return socket;
    },
    update(nowMs) {
      if (peer !== undefined) updatePeer(peer, nowMs);
    },
  };
}

/** Whether all servers that a token names are on this machine, and the socket can tell by whose address packets came. */
function sharesSocket({ shared }: Host, { connectToken }: Session): boolean {
  const addresses = connectToken === undefined ? [] : (readPublicToken(connectToken)?.addresses ?? []);
  return shared.udp.hasLocals && addresses.every((words) => words[0] === 0 && words[3]! >>> 24 === LOOPBACK);
}

/** A new one for each connection: the server may still be waiting for the one before to time out. */
function nextLocal(host: Host): number {
  let local: number;
  do local = LOCALS_FIRST + (host.localsUsed++ % LOCALS_MAX);
  while (host.shared.peers.has(local));
  return local;
}

async function openCarrier(host: Host): Promise<Carrier> {
  const udp = await host.options.openUdp({ host: '0.0.0.0', port: 0, ...OWN_SOCKET });
  const carrier = createCarrier(udp, OUTBOX_PACKETS);
  addCarrier(host, carrier);
  return carrier;
}

function createPeer(
  { options }: Host,
  carrier: Carrier,
  local: number,
  { connectToken, invitation }: Session,
  events: SocketEvents,
  [up, down]: readonly [Line, Line],
): Peer {
  const { clock } = options;
  const outbox = createOutbox(OUTBOX_PACKETS, () => passOn(peer, clock.now()));
  const socket = createDatagramSocket({ ...options, token: connectToken ?? NO_TOKEN, invitation, outbox, events });
  const peer: Peer = { carrier, local, socket, outbox, up, down, updatedMs: clock.now() };
  carrier.peers.set(local, peer);
  passOn(peer, clock.now());
  return peer;
}

/** Tells the server, past the line: whoever leaves waits for nothing. */
function removePeer(host: Host, peer: Peer): void {
  const { carrier, local, socket, up } = peer;
  up.waiting.length = 0;
  socket.close();
  passOn(peer, host.options.clock.now());
  updateLine(up, Number.POSITIVE_INFINITY);
  carrier.peers.delete(local);
  if (carrier !== host.shared) closeCarrier(host, carrier);
}

function updatePeer(peer: Peer, nowMs: number): void {
  updateLine(peer.up, nowMs);
  updateLine(peer.down, nowMs);
  if (nowMs - peer.updatedMs < UPDATE_MS) return;
  peer.updatedMs = nowMs;
  updateDatagramSocket(peer.socket);
  passOn(peer, nowMs);
}

// --- out

/** What a connection has written goes into its line. */
function passOn(peer: Peer, nowMs: number): void {
  const { outbox, up } = peer;
  for (let index = 0; index < outbox.count; index++) {
    const from = index * OUTBOX_STRIDE;
    const end = from + outbox.lengths[index]!;
    if (isPerfect(up.conditions)) {
      putPacket(peer, outbox.bytes, from, end, outbox.addresses, index * ADDRESS_WORDS);
      continue;
    }
    const bytes = outbox.bytes.slice(from, end);
    const address = outbox.addresses.slice(index * ADDRESS_WORDS, (index + 1) * ADDRESS_WORDS);
    sendOnLine(up, nowMs, () => putPacket(peer, bytes, 0, bytes.length, address, 0));
  }
  outbox.count = 0;
}

/** Out of the line and into the batch. */
function putPacket(
  { carrier, local }: Peer,
  bytes: Uint8Array,
  from: number,
  end: number,
  address: Uint32Array,
  at: number,
): void {
  const { outgoing } = carrier;
  if (outgoing.count === outgoing.capacity) carrier.udp.send(outgoing);
  const index = outgoing.count++;
  let target = index * OUTBOX_STRIDE;
  for (let offset = from; offset < end; offset++) outgoing.bytes[target++] = bytes[offset]!;
  outgoing.lengths[index] = end - from;
  copyAddress(address, at, outgoing.addresses, index * ADDRESS_WORDS);
  if (outgoing.locals !== undefined) writeLocal(outgoing.locals, index * ADDRESS_WORDS, local);
}

/** IPv4 in its mapped form, or zeros for "any". */
function writeLocal(locals: Uint32Array, at: number, local: number): void {
  locals.fill(0, at, at + ADDRESS_WORDS);
  if (local === 0) return;
  locals[at + 2] = 0xffff;
  locals[at + 3] = local;
}

// --- in

function receivePackets(host: Host, carrier: Carrier): void {
  const { udp, peers } = carrier;
  const { incoming } = udp;
  const stride = incoming.bytes.length / incoming.capacity;
  const nowMs = host.options.clock.now();
  const count = udp.receive();
  for (let index = 0; index < count; index++) {
    const local = incoming.locals === undefined ? 0 : incoming.locals[index * ADDRESS_WORDS + 3]!;
    const peer = peers.get(local);
    const from = index * stride;
    const end = from + incoming.lengths[index]!;
    if (peer === undefined || end < from) host.strayPackets++;
    else takePacket(peer, nowMs, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
  }
  host.flush();
}

function takePacket(
  peer: Peer,
  nowMs: number,
  addresses: Uint32Array,
  at: number,
  source: Uint8Array,
  from: number,
  end: number,
): void {
  if (isPerfect(peer.down.conditions)) {
    receiveDatagram(peer.socket, addresses, at, source, from, end);
    passOn(peer, nowMs);
    return;
  }
  const bytes = source.slice(from, end);
  const address = addresses.slice(at, at + ADDRESS_WORDS);
  sendOnLine(peer.down, nowMs, () => {
    receiveDatagram(peer.socket, address, 0, bytes, 0, bytes.length);
    passOn(peer, peer.socket.clock.now());
  });
}
