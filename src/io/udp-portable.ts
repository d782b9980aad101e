// A UDP socket over node:dgram, a packet a call: for systems that udp-linux.ts doesn't know, and for `--udp portable`.
// Packets come as events and wait in `incoming`; it can't choose or tell its own address, and the kernel's losses are
// not known. Edge threads, bots.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { errorCode } from '../base/errors.ts';
import { ADDRESS_WORDS, copyAddress, formatAddress, parseAddress } from '../transport/address.ts';
import {
  createPacketBatch,
  createUdpCounts,
  type PacketBatch,
  type UdpCounts,
  type UdpSocket,
} from '../transport/udp-port.ts';
import { bindFailure, type UdpBinding } from './udp-bind.ts';

/** What libuv takes from a socket in one turn of the loop is this many at most: they must not fall over the edge. */
const TURN_PACKETS = 32;

/** Resolves when it is bound; rejects with a ServerError that says what to do. */
export async function openPortableUdp(binding: UdpBinding): Promise<UdpSocket> {
  const isIpv6 = binding.address.includes(':');
  const socket = createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    recvBufferSize: binding.bufferBytes,
    sendBufferSize: binding.bufferBytes,
    // Addresses are numbers already; node:dgram would ask for a turn of the loop for each packet.
    lookup: (address, _options, found) => found(null, address, isIpv6 ? 6 : 4),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(bindFailure(binding, errorCode(error) ?? error.message, error));
    });
    socket.bind(binding.port, binding.address, resolve);
  });
  socket.removeAllListeners('error');
  return createCalls(socket, isIpv6, binding);
}

function createCalls(socket: Socket, isIpv6: boolean, binding: UdpBinding): UdpSocket {
  const counts = createUdpCounts();
  const capacity = Math.max(binding.batchPackets, TURN_PACKETS);
  const inbox = createInbox(createPacketBatch(capacity, binding.packetBytesMax));
  const { batch: incoming } = inbox;
  let isOpen = true;
  socket.on('error', () => counts.receiveFailed++);
  socket.on('message', (packet, peer) => keepPacket(inbox, packet, peer, counts));
  const onSent = (error: Error | null): void => {
    if (error === null) counts.sent++;
    else if (isOpen) counts.sendFailed++;
  };
  return {
    port: socket.address().port,
    receiveBufferBytes: socket.getRecvBufferSize(),
    sendBufferBytes: socket.getSendBufferSize(),
    hasLocals: false,
    receivesAtOnce: false,
    incoming,
    receive() {
      incoming.count = inbox.waiting;
      inbox.waiting = 0;
      return incoming.count;
    },
    send(batch) {
      if (isOpen) sendBatch(socket, isIpv6, batch, binding.bufferBytes, counts, onSent);
      batch.count = 0;
    },
    onReadable(listener) {
      inbox.listener = listener;
      announce(inbox);
    },
    counts: () => counts,
    close() {
      if (!isOpen) return;
      isOpen = false;
      inbox.waiting = 0;
      socket.close();
    },
  };
}

/** What came and nobody has asked for yet. */
interface Inbox {
  readonly batch: PacketBatch;
  waiting: number;
  listener: (() => void) | undefined;
  isAnnounced: boolean;
  readonly call: () => void;
}

function createInbox(batch: PacketBatch): Inbox {
  const inbox: Inbox = {
    batch,
    waiting: 0,
    listener: undefined,
    isAnnounced: false,
    call() {
      inbox.isAnnounced = false;
      if (inbox.waiting > 0) inbox.listener?.();
      announce(inbox);
    },
  };
  return inbox;
}

/** Once for all packets of this turn of the loop. */
function announce(inbox: Inbox): void {
  if (inbox.isAnnounced || inbox.waiting === 0 || inbox.listener === undefined) return;
  inbox.isAnnounced = true;
  setImmediate(inbox.call);
}

function keepPacket(inbox: Inbox, packet: Uint8Array, peer: RemoteInfo, counts: UdpCounts): void {
  const { batch, waiting } = inbox;
  const host = peer.family === 'IPv6' ? `[${peer.address}]` : peer.address;
  const address = parseAddress(`${host}:${peer.port}`);
  if (waiting === batch.capacity || address === undefined) {
    counts.receiveDropped++;
    return;
  }
  const stride = batch.bytes.length / batch.capacity;
  const isTooLong = packet.length > stride;
  counts.received++;
  if (isTooLong) counts.receiveTooLong++;
  else batch.bytes.set(packet, waiting * stride);
  batch.lengths[waiting] = isTooLong ? -1 : packet.length;
  copyAddress(address, 0, batch.addresses, waiting * ADDRESS_WORDS);
  inbox.waiting++;
  announce(inbox);
}

function sendBatch(
  socket: Socket,
  isIpv6: boolean,
  { bytes, lengths, addresses, capacity, count }: PacketBatch,
  queueBytesMax: number,
  counts: UdpCounts,
  onSent: (error: Error | null) => void,
): void {
  if (socket.getSendQueueSize() > queueBytesMax) {
    counts.sendDropped += count;
    return;
  }
  const stride = bytes.length / capacity;
  for (let index = 0; index < count; index++) {
    const host = formatHost(addresses, index * ADDRESS_WORDS, isIpv6);
    const port = addresses[index * ADDRESS_WORDS + 4]!;
    if (host === undefined || port === 0) {
      counts.sendFailed++;
      continue;
    }
    // A copy: what the socket has no room for is sent later, when the batch holds others.
    const packet = Buffer.from(bytes.subarray(index * stride, index * stride + lengths[index]!));
    socket.send(packet, port, host, onSent);
  }
}

/** As a socket of that family wants it; undefined for IPv6 on a socket of IPv4. */
function formatHost(addresses: Uint32Array, at: number, isIpv6: boolean): string | undefined {
  const text = formatAddress(addresses, at);
  if (text.startsWith('[')) return isIpv6 ? text.slice(1, text.lastIndexOf(']')) : undefined;
  const ipv4 = text.slice(0, text.lastIndexOf(':'));
  return isIpv6 ? `::ffff:${ipv4}` : ipv4;
}
