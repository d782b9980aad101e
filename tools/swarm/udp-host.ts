// The UDP of a process's bots. On loopback they share one socket, each connection with an address of its own in
// 127.0.0.0/8, where the system can send from any of them (IP_PKTINFO): the server sees as many hosts, and what comes
// back says by the address it came to whose it is. Towards other machines there is one address, so each connection gets a
// socket of its own. Bots process; the socket's adapter is handed in.
//
// Packets pass a bot's line (link.ts) one by one, out and in; `turn` sends what has come out of all lines as one batch, and
// reads what has come for all: woken by each packet, a process of hundreds spends a tenth of its core on waking up.
// Where a line is perfect a connection writes straight into that batch: of a bot's time most goes into its packets.

import type { Clock } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import {
  createDatagramSocket,
  type DatagramSocket,
  receiveDatagram,
  updateDatagramSocket,
} from '../../src/client/datagram-socket.ts';
import type { Session, SocketEvents } from '../../src/client/ports.ts';
import type { UdpOptions } from '../../src/io/udp.ts';
import { ADDRESS_WORDS } from '../../src/transport/address.ts';
import type { Aead } from '../../src/transport/aead.ts';
import type { KeyExchange } from '../../src/transport/key-exchange.ts';
import { createOutbox, nextPlace, OUTBOX_STRIDE, type Outbox, putPacket } from '../../src/transport/outbox.ts';
import { readPublicToken } from '../../src/transport/token.ts';
import type { UdpSocket } from '../../src/transport/udp-port.ts';
import {
  createLine,
  isPerfect,
  type Line,
  type Link,
  type LinkConditions,
  LinkSocket,
  sendOnLine,
  updateLine,
} from './link.ts';
import { touchSocket } from './touch.ts';

/** Batches of packets that leave later, one a millisecond. */
const LATER_MS = 128;
/** Of the IPv4 word of an address. */
const LOOPBACK = 127;
const LOCALS_FIRST = 0x7f01_0000;
const LOCALS_MAX = 0xfd_0000;
const BATCH_PACKETS = 256;
/** Read at once: beyond that the bots get their turns in between. */
const BATCHES_A_TURN = 8;
/**
 * A fifth of a second, by what the kernel counts for a snapshot; it grants twice what is asked for. What waits longer is
 * too old to play by: acknowledged so late it makes the server send whole states, which take longer to read, and a swarm
 * that fell behind would never recover.
 */
const SHARED_BUFFER_BYTES_PER_BOT = (4 * 2304) / 2;
const SHARED_BUFFER_BYTES_MIN = 2 << 20;
/** A socket of a single bot: a snapshot and what else comes while the process is busy. */
const OWN_SOCKET = { batchPackets: 16, bufferBytes: 1 << 18 };
/** A connection is looked after so often beside its bot's frames: for acknowledgements and what is sent again. */
const UPDATE_MS = 10;
/** Packets whose bots are touched together: all that these use fits the second cache, and is asked for at once. */
const TOUCHED_PACKETS = 16;
/** Packets that one call can make, mostly; more are passed on in between. */
const OUTBOX_PACKETS = 4;
const NO_TOKEN = new Uint8Array(0);

export interface UdpHostOptions {
  readonly openUdp: (options: UdpOptions) => Promise<UdpSocket>;
  readonly aead: Aead;
  readonly keyExchange?: KeyExchange;
  readonly clock: Clock;
  /** How many there will be, about. */
  readonly bots?: number;
}

export interface UdpHost {
  /** One bot's way to the server. */
  createLink(conditions: LinkConditions, random: Random): Link;
  /**
   * What bots write from now on by a perfect line of the shared socket leaves at that time, some fifty milliseconds ahead
   * at most, and is written as of then. False: that is not later than `nowMs`, so it leaves with the next `turn`.
   */
  leaveAt(leavesMs: number, nowMs: number): boolean;
  /** Hears of each `leaveAt` whose time has come how much later it was when the packets left. */
  left: (lateMs: number) => void;
  /** Reads what has come by the shared socket and sends what the bots have written, as far as it is time. */
  turn(nowMs: number): void;
  close(): void;
  /** Packets that came to nobody: for connections that are over, or a stranger's. */
  strayPackets: number;
}

/** A socket and whose packets come in by it. */
interface Carrier {
  readonly udp: UdpSocket;
  /**
   * What connections write to: the batch that leaves next (`soon`) or one of those that leave `later`, which has its
   * memory here meanwhile. Packets before `labelled` have the address that they come from, the others are `speaker`'s.
   */
  readonly outgoing: { -readonly [Key in keyof Outbox]: Outbox[Key] };
  batch: Outbox;
  readonly soon: Outbox;
  /** By millisecond, modulo its length; empty for who has nothing to send later. */
  readonly later: Later[];
  laterSentMs: number;
  labelled: number;
  speaker: number;
  /** By their own address (`placeOf`). */
  readonly peers: (Peer | undefined)[];
}

/** Packets that leave in a certain millisecond, and for when each of those who wrote them wanted it. */
interface Later {
  readonly batch: Outbox;
  readonly wantedMs: number[];
}

/** One connection. */
interface Peer {
  readonly carrier: Carrier;
  readonly local: number;
  readonly link: Link;
  readonly socket: DatagramSocket;
  /** The carrier's, or its own when what it writes has to pass a line first. */
  readonly outbox: Outbox;
  readonly up: Line;
  readonly down: Line;
  updatedMs: number;
}

interface Host extends UdpHost {
  readonly options: UdpHostOptions;
  readonly shared: Carrier;
  readonly carriers: Set<Carrier>;
  /** Of this host's connections: as of the turn or the batch of packets at hand. */
  readonly turnClock: Clock;
  nowMs: number;
  localsUsed: number;
  isClosed: boolean;
}

export async function createUdpHost(options: UdpHostOptions): Promise<UdpHost> {
  const bufferBytes = Math.max(SHARED_BUFFER_BYTES_MIN, (options.bots ?? 1) * SHARED_BUFFER_BYTES_PER_BOT);
  const udp = await options.openUdp({ host: '0.0.0.0', port: 0, hasLocals: true, isUncut: true, bufferBytes });
  const carriers = new Set<Carrier>();
  const host: Host = {
    options,
    carriers,
    shared: createCarrier(udp, BATCH_PACKETS),
    turnClock: { now: () => host.nowMs },
    nowMs: options.clock.now(),
    localsUsed: 0,
    isClosed: false,
    strayPackets: 0,
    createLink: (conditions, random) => createLink(host, conditions, random),
    leaveAt(leavesMs, nowMs) {
      const isLater = leavesMs > nowMs;
      host.nowMs = isLater ? leavesMs : nowMs;
      writeTo(host.shared, isLater ? laterBatch(host.shared, leavesMs) : host.shared.soon);
      return isLater;
    },
    left: () => {},
    turn(nowMs) {
      const { shared } = host;
      for (let batch = 0; batch < BATCHES_A_TURN; batch++) {
        if (receivePackets(host, shared) < shared.udp.incoming.capacity) break;
      }
      flushLater(host, nowMs);
      for (const carrier of carriers) flushCarrier(carrier);
    },
    close() {
      host.isClosed = true;
      for (const carrier of carriers) closeCarrier(host, carrier);
    },
  };
  carriers.add(host.shared);
  return host;
}

function createCarrier(udp: UdpSocket, packets: number): Carrier {
  const soon = createOutbox(packets, () => makeRoom(carrier), udp.hasLocals);
  const carrier: Carrier = {
    udp,
    outgoing: { ...soon },
    batch: soon,
    soon,
    later: [],
    laterSentMs: Number.NEGATIVE_INFINITY,
    labelled: 0,
    speaker: 0,
    peers: [],
  };
  return carrier;
}

function flushCarrier(carrier: Carrier): void {
  const { batch, soon } = carrier;
  writeTo(carrier, soon);
  labelPackets(carrier);
  carrier.soon.count = carrier.outgoing.count;
  if (soon.count > 0) carrier.udp.send(soon);
  carrier.outgoing.count = 0;
  carrier.labelled = 0;
  writeTo(carrier, batch);
}

/** Beyond its bound what should have left later leaves at once. */
function makeRoom(carrier: Carrier): void {
  writeTo(carrier, carrier.soon);
  flushCarrier(carrier);
}

/** What is written from now on goes into that batch. */
function writeTo(carrier: Carrier, batch: Outbox): void {
  if (carrier.batch === batch) return;
  const { outgoing } = carrier;
  labelPackets(carrier);
  carrier.batch.count = outgoing.count;
  carrier.batch = batch;
  outgoing.bytes = batch.bytes;
  outgoing.lengths = batch.lengths;
  outgoing.addresses = batch.addresses;
  if (batch.locals !== undefined) outgoing.locals = batch.locals;
  outgoing.count = batch.count;
  carrier.labelled = batch.count;
}

/** With room for what a bot writes at once; where there is none in half of all, what leaves soon has to do. */
function laterBatch(carrier: Carrier, leavesMs: number): Outbox {
  const { later, udp } = carrier;
  const { capacity, flush } = carrier.soon;
  if (later.length === 0) {
    for (let ms = 0; ms < LATER_MS; ms++) {
      later.push({ batch: createOutbox(capacity, flush, udp.hasLocals), wantedMs: [] });
    }
  }
  const firstMs = Math.ceil(leavesMs);
  for (let ms = firstMs; ms < firstMs + LATER_MS / 2; ms++) {
    const { batch, wantedMs } = later[ms % LATER_MS]!;
    const count = batch === carrier.batch ? carrier.outgoing.count : batch.count;
    if (count + OUTBOX_PACKETS > capacity) continue;
    wantedMs.push(leavesMs);
    return batch;
  }
  return carrier.soon;
}

/** Not before its time; and all that was due before. */
function flushLater(host: Host, nowMs: number): void {
  const carrier = host.shared;
  const { later, udp } = carrier;
  const untilMs = Math.floor(nowMs);
  writeTo(carrier, carrier.soon);
  if (later.length > 0) {
    for (let ms = Math.max(carrier.laterSentMs + 1, untilMs - LATER_MS + 1); ms <= untilMs; ms++) {
      const { batch, wantedMs } = later[ms % LATER_MS]!;
      if (batch.count > 0) udp.send(batch);
      for (const wanted of wantedMs) host.left(nowMs - wanted);
      wantedMs.length = 0;
    }
  }
  carrier.laterSentMs = untilMs;
}

/** What is written to the batch from now on comes from this address. */
function speakAs(carrier: Carrier, local: number): void {
  if (carrier.speaker === local) return;
  labelPackets(carrier);
  carrier.speaker = local;
}

function labelPackets(carrier: Carrier): void {
  const { outgoing, speaker } = carrier;
  const { locals } = outgoing;
  if (locals !== undefined) {
    for (let index = carrier.labelled; index < outgoing.count; index++)
      writeLocal(locals, index * ADDRESS_WORDS, speaker);
  }
  carrier.labelled = outgoing.count;
}

function closeCarrier(host: Host, carrier: Carrier): void {
  flushCarrier(carrier);
  carrier.udp.close();
  host.carriers.delete(carrier);
}

/** One connection at a time. */
function createLink(host: Host, conditions: LinkConditions, random: Random): Link {
  let peer: Peer | undefined;
  const attach = (carrier: Carrier, local: number, session: Session, events: SocketEvents): void => {
    peer = createPeer(host, carrier, local, link, session, events, [
      createLine(conditions, random, 'datagrams'),
      createLine(conditions, random, 'datagrams'),
    ]);
  };
  const link: Link = {
    open(session, events) {
      let isClosed = false;
      host.nowMs = host.options.clock.now();
      if (sharesSocket(host, session)) attach(host.shared, nextLocal(host), session, events);
      else {
        const opened = (carrier: Carrier): void => {
          if (isClosed || host.isClosed) closeCarrier(host, carrier);
          else attach(carrier, 0, session, events);
        };
        // Why there is no socket is nothing that a bot could act on.
        void openCarrier(host).then(opened, () => !isClosed && events.closed());
      }
      return new LinkSocket({
        inner: () => peer?.socket,
        send(bytes, isReliable) {
          if (peer === undefined) return;
          speakAs(peer.carrier, peer.local);
          peer.socket.send(bytes, isReliable);
          passOn(peer, host.nowMs);
        },
        close() {
          isClosed = true;
          if (peer !== undefined) removePeer(host, peer);
          peer = undefined;
        },
      });
    },
    canSendAhead: () => peer?.outbox === host.shared.outgoing && host.shared.udp.hasLocals,
    update(nowMs) {
      host.nowMs = nowMs;
      if (peer !== undefined) updatePeer(peer, nowMs);
    },
  };
  return link;
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
  while (host.shared.peers[placeOf(local)] !== undefined);
  return local;
}

/** They are given one after the other, so that an array has room for all; 0 is for those whose packets don't tell it. */
function placeOf(local: number): number {
  return local === 0 ? 0 : local - LOCALS_FIRST + 1;
}

async function openCarrier(host: Host): Promise<Carrier> {
  const udp = await host.options.openUdp({ host: '0.0.0.0', port: 0, ...OWN_SOCKET });
  const carrier = createCarrier(udp, OUTBOX_PACKETS);
  host.carriers.add(carrier);
  carrier.udp.onReadable(() => {
    receivePackets(host, carrier);
    flushCarrier(carrier);
  });
  return carrier;
}

function createPeer(
  host: Host,
  carrier: Carrier,
  local: number,
  link: Link,
  { connectToken, invitation }: Session,
  events: SocketEvents,
  [up, down]: readonly [Line, Line],
): Peer {
  const { aead, keyExchange } = host.options;
  const outbox = isPerfect(up.conditions)
    ? carrier.outgoing
    : createOutbox(OUTBOX_PACKETS, () => passOn(peer, host.nowMs));
  speakAs(carrier, local);
  const socket = createDatagramSocket({
    aead,
    ...(keyExchange && { keyExchange }),
    token: connectToken ?? NO_TOKEN,
    invitation,
    outbox,
    clock: host.turnClock,
    events,
  });
  const peer: Peer = { carrier, local, link, socket, outbox, up, down, updatedMs: host.nowMs };
  carrier.peers[placeOf(local)] = peer;
  passOn(peer, host.nowMs);
  return peer;
}

/** Tells the server, past the line: whoever leaves waits for nothing. */
function removePeer(host: Host, peer: Peer): void {
  const { carrier, local, socket, up } = peer;
  up.waiting.length = 0;
  host.nowMs = host.options.clock.now();
  speakAs(carrier, local);
  socket.close();
  passOn(peer, host.nowMs);
  updateLine(up, Number.POSITIVE_INFINITY);
  carrier.peers[placeOf(local)] = undefined;
  if (carrier !== host.shared) closeCarrier(host, carrier);
}

function updatePeer(peer: Peer, nowMs: number): void {
  updateLine(peer.up, nowMs);
  updateLine(peer.down, nowMs);
  if (nowMs - peer.updatedMs < UPDATE_MS) return;
  peer.updatedMs = nowMs;
  speakAs(peer.carrier, peer.local);
  updateDatagramSocket(peer.socket);
  passOn(peer, nowMs);
}

// --- out

/** What a connection has written goes into its line; unless it is in the batch already. */
function passOn(peer: Peer, nowMs: number): void {
  const { outbox, up, carrier } = peer;
  if (outbox === carrier.outgoing) return;
  for (let index = 0; index < outbox.count; index++) {
    const from = index * OUTBOX_STRIDE;
    const bytes = outbox.bytes.slice(from, from + outbox.lengths[index]!);
    const address = outbox.addresses.slice(index * ADDRESS_WORDS, (index + 1) * ADDRESS_WORDS);
    sendOnLine(up, nowMs, () => leaveLine(peer, bytes, address));
  }
  outbox.count = 0;
}

/** Out of the line and into the batch. */
function leaveLine({ carrier, local }: Peer, bytes: Uint8Array, address: Uint32Array): void {
  const { outgoing } = carrier;
  speakAs(carrier, local);
  outgoing.bytes.set(bytes, nextPlace(outgoing));
  putPacket(outgoing, bytes.length, address, 0);
}

/** IPv4 in its mapped form, or zeros for "any". */
function writeLocal(locals: Uint32Array, at: number, local: number): void {
  for (let word = 0; word < ADDRESS_WORDS; word++) locals[at + word] = 0;
  if (local !== 0) locals[at + 2] = 0xffff;
  locals[at + 3] = local;
}

// --- in

/** Returns how many there were. */
function receivePackets(host: Host, carrier: Carrier): number {
  const { udp } = carrier;
  const { incoming } = udp;
  const stride = incoming.bytes.length / incoming.capacity;
  const nowMs = host.options.clock.now();
  host.nowMs = nowMs;
  const count = udp.receive();
  for (let index = 0; index < count; index++) {
    if (index % TOUCHED_PACKETS === 0) touchPeers(carrier, index, Math.min(index + TOUCHED_PACKETS, count));
    const peer = peerAt(carrier, index);
    const from = index * stride;
    const end = from + incoming.lengths[index]!;
    if (peer === undefined || end < from) host.strayPackets++;
    else takePacket(peer, nowMs, incoming.addresses, index * ADDRESS_WORDS, incoming.bytes, from, end);
  }
  return count;
}

/** Whose packet that is of those that came. From the wire: any address. */
function peerAt({ udp: { incoming }, peers }: Carrier, index: number): Peer | undefined {
  const place = placeOf(incoming.locals?.[index * ADDRESS_WORDS + 3] ?? 0);
  return place >= 0 && place < peers.length ? peers[place] : undefined;
}

function touchPeers(carrier: Carrier, from: number, end: number): void {
  for (let index = from; index < end; index++) {
    const peer = peerAt(carrier, index);
    if (peer?.link.touch !== undefined) touchSocket(peer.socket);
    peer?.link.touch?.();
  }
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
    speakAs(peer.carrier, peer.local);
    receiveDatagram(peer.socket, addresses, at, source, from, end);
    passOn(peer, nowMs);
    return;
  }
  const bytes = source.slice(from, end);
  const address = addresses.slice(at, at + ADDRESS_WORDS);
  sendOnLine(peer.down, nowMs, () => {
    speakAs(peer.carrier, peer.local);
    receiveDatagram(peer.socket, address, 0, bytes, 0, bytes.length);
    passOn(peer, peer.socket.clock.now());
  });
}
