// A UDP socket that sends and receives a batch of packets a system call: recvmmsg and sendmmsg through koffi, on a
// descriptor of our own that Node's event loop watches. Edge threads, bots. Linux; udp-portable.ts is for the others.
// The descriptor is the process's, not the thread's, and the thread may be terminated in the middle: it is put in the
// place of one that node:fs opened, because those are closed with their thread (test/io/udp-linux.test.ts holds this).

import { closeSync, openSync } from 'node:fs';
import type { ServerError } from '../base/errors.ts';
import { parseAddress } from '../transport/address.ts';
import {
  createPacketBatch,
  createUdpCounts,
  type PacketBatch,
  type UdpCounts,
  type UdpSocket,
} from '../transport/udp-port.ts';
import { bindFailure, type UdpBinding } from './udp-bind.ts';
import {
  createHeaders,
  type Headers,
  headersFrom,
  NAME_BYTES_MAX,
  nameBytes,
  readNamePort,
  readReceived,
  resetReceived,
  writeName,
  writeSent,
} from './udp-headers.ts';
import * as c from './udp-libc.ts';

/** Errors of the network that `receive` takes in a row; each of them hides what waits behind it. */
const ERRORS_IN_A_ROW_MAX = 16;

/** Throws a ServerError that says what to do. */
export function openLinuxUdp(libc: c.Libc, binding: UdpBinding): UdpSocket {
  const isIpv6 = binding.address.includes(':');
  const fd = openDescriptor(libc, isIpv6, binding);
  try {
    if (binding.address === '::') setOption(libc, fd, c.IPPROTO_IPV6, c.IPV6_V6ONLY, 0);
    if (binding.hasLocals && isIpv6) setOption(libc, fd, c.IPPROTO_IPV6, c.IPV6_RECVPKTINFO, 1);
    if (binding.hasLocals && !isIpv6) setOption(libc, fd, c.IPPROTO_IP, c.IP_PKTINFO, 1);
    if (binding.isUncut && !isIpv6) setOption(libc, fd, c.IPPROTO_IP, c.IP_MTU_DISCOVER, c.IP_PMTUDISC_PROBE);
    const receiveBufferBytes = sizeBuffer(libc, fd, c.SO_RCVBUFFORCE, c.SO_RCVBUF, binding.bufferBytes);
    const sendBufferBytes = sizeBuffer(libc, fd, c.SO_SNDBUFFORCE, c.SO_SNDBUF, binding.bufferBytes);
    const port = bind(libc, fd, isIpv6, binding);
    const incoming = createPacketBatch(binding.batchPackets, binding.packetBytesMax, binding.hasLocals);
    return { ...createCalls(libc, fd, isIpv6, incoming), port, receiveBufferBytes, sendBufferBytes };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openDescriptor(libc: c.Libc, isIpv6: boolean, binding: UdpBinding): number {
  const type = c.SOCK_DGRAM | c.SOCK_NONBLOCK | c.SOCK_CLOEXEC;
  const socket = libc.socket(isIpv6 ? c.AF_INET6 : c.AF_INET, type, 0);
  if (socket < 0) throw systemFailure(libc, binding);
  const fd = openSync('/dev/null', 'r');
  const isMoved = libc.dup3(socket, fd, c.O_CLOEXEC) === fd;
  const failure = isMoved ? undefined : systemFailure(libc, binding);
  libc.close(socket);
  if (failure === undefined) return fd;
  closeSync(fd);
  throw failure;
}

/** Returns the port that was bound. */
function bind(libc: c.Libc, fd: number, isIpv6: boolean, binding: UdpBinding): number {
  const { address, port } = binding;
  const words = parseAddress(isIpv6 ? `[${address}]:${port}` : `${address}:${port}`);
  if (words === undefined) throw bindFailure(binding, 'it is no IP address');
  const name = new Uint32Array(NAME_BYTES_MAX / 4);
  writeName(name, 0, isIpv6, words, 0);
  if (libc.bind(fd, name, nameBytes(isIpv6)) !== 0) throw systemFailure(libc, binding);
  if (libc.getsockname(fd, name, Uint32Array.of(NAME_BYTES_MAX)) !== 0) throw systemFailure(libc, binding);
  return readNamePort(name);
}

/** Of the call that has just failed. */
function systemFailure(libc: c.Libc, binding: UdpBinding): ServerError {
  return bindFailure(binding, c.nameErrno(libc.errno()));
}

/** Options that every kernel has: that it refuses one is a mistake of ours, and shows in what the socket then lacks. */
function setOption(libc: c.Libc, fd: number, level: number, name: number, value: number): boolean {
  return libc.setsockopt(fd, level, name, Int32Array.of(value), 4) === 0;
}

/** Asks as root first, whom the system's limit doesn't bind; returns what was granted. */
function sizeBuffer(libc: c.Libc, fd: number, forced: number, plain: number, bytes: number): number {
  if (!setOption(libc, fd, c.SOL_SOCKET, forced, bytes)) setOption(libc, fd, c.SOL_SOCKET, plain, bytes);
  const granted = Int32Array.of(0);
  libc.getsockopt(fd, c.SOL_SOCKET, plain, granted, Uint32Array.of(4));
  return granted[0]!;
}

type UdpCalls = Omit<UdpSocket, 'port' | 'receiveBufferBytes' | 'sendBufferBytes'>;

function createCalls(libc: c.Libc, fd: number, isIpv6: boolean, incoming: PacketBatch): UdpCalls {
  const counts = createUdpCounts();
  const headers = createHeaders(incoming, isIpv6, libc.addressOf);
  const outgoing = new WeakMap<PacketBatch, Headers>();
  let watch: { close(): void } | undefined;
  let isOpen = true;
  resetReceived(headers, incoming.capacity);
  return {
    hasLocals: incoming.locals !== undefined,
    receivesAtOnce: true,
    incoming,
    receive() {
      incoming.count = isOpen ? receiveBatch(libc, fd, headers, counts) : 0;
      return incoming.count;
    },
    send(batch) {
      let target = outgoing.get(batch);
      if (target === undefined) {
        target = createHeaders(batch, isIpv6, libc.addressOf);
        outgoing.set(batch, target);
      }
      if (isOpen && batch.count > 0) sendBatch(libc, fd, target, counts);
      batch.count = 0;
    },
    onReadable(listener) {
      if (!isOpen) return;
      watch?.close();
      watch = watchReadable(libc, fd, () => isOpen && listener());
    },
    counts() {
      if (isOpen) counts.receiveDropped = readDrops(libc, fd);
      return counts;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      watch?.close();
      closeSync(fd);
    },
  };
}

function receiveBatch(libc: c.Libc, fd: number, headers: Headers, counts: UdpCounts): number {
  const { capacity } = headers.batch;
  for (let attempt = 0; attempt < ERRORS_IN_A_ROW_MAX; attempt++) {
    const count = libc.recvmmsg(fd, headers.headers, capacity, c.MSG_DONTWAIT, null);
    if (count >= 0) {
      counts.received += count;
      counts.receiveTooLong += readReceived(headers, count);
      resetReceived(headers, count);
      return count;
    }
    const errno = libc.errno();
    if (errno === c.EAGAIN) return 0;
    if (errno !== c.EINTR) counts.receiveFailed++;
  }
  return 0;
}

/** A call ends at the first packet that can't be sent, and only the next one says why. */
function sendBatch(libc: c.Libc, fd: number, headers: Headers, counts: UdpCounts): void {
  const { count } = headers.batch;
  writeSent(headers);
  let first = 0;
  while (first < count) {
    const rest = first === 0 ? headers.headers : headersFrom(headers, first);
    const sent = libc.sendmmsg(fd, rest, count - first, c.MSG_DONTWAIT);
    if (sent > 0) {
      counts.sent += sent;
      first += sent;
      continue;
    }
    const errno = libc.errno();
    if (errno === c.EINTR) continue;
    if (errno === c.EAGAIN || errno === c.ENOBUFS) {
      counts.sendDropped += count - first;
      return;
    }
    counts.sendFailed++;
    first++;
  }
}

/** Of this thread: bots have hundreds. */
const watches = new Set<{ close(): void }>();

/**
 * Deliberate: the listener is called in a turn of its own. koffi calls back outside of what Node does around a
 * callback: promises that are settled there would wait for the next timer. And nothing is watched in a thread that ends,
 * by itself or by an error: koffi would call into it, where nothing can be called any more, and end the whole process.
 */
function watchReadable(libc: c.Libc, fd: number, listener: () => void): { close(): void } {
  const watch = libc.poll(fd, () => setImmediate(listener));
  if (watches.size === 0) process.once('exit', closeWatches);
  watches.add(watch);
  return {
    close() {
      watches.delete(watch);
      if (watches.size === 0) process.off('exit', closeWatches);
      watch.close();
    },
  };
}

function closeWatches(): void {
  for (const watch of watches) watch.close();
}

function readDrops(libc: c.Libc, fd: number): number {
  const words = new Uint32Array(c.MEMINFO_WORDS);
  libc.getsockopt(fd, c.SOL_SOCKET, c.SO_MEMINFO, words, Uint32Array.of(c.MEMINFO_WORDS * 4));
  return words[c.MEMINFO_DROPS]!;
}
