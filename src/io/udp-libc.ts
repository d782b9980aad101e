// The calls of the C library that a socket in batches needs, through koffi, and their numbers on Linux. Any thread.
// Memory for the kernel is laid out by hand (udp-headers.ts), which holds for 64-bit little-endian machines: x64 and
// arm64 have the same layout and numbers, with glibc and with musl.

import { getSystemErrorMap } from 'node:util';

/** Functions of libc: -1 means an error, and `errno` which one, until the next call. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, name: Uint32Array, bytes: number): number;
  getsockname(fd: number, name: Uint32Array, bytes: Uint32Array): number;
  setsockopt(fd: number, level: number, name: number, value: Int32Array, bytes: number): number;
  getsockopt(fd: number, level: number, name: number, value: Int32Array | Uint32Array, bytes: Uint32Array): number;
  recvmmsg(fd: number, headers: Uint32Array, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, headers: Uint32Array, count: number, flags: number): number;
  dup3(oldFd: number, newFd: number, flags: number): number;
  close(fd: number): number;
  errno(): number;
  /** Where the memory of an array lies. It stays there; whoever hands it to the kernel keeps the array. */
  addressOf(memory: Uint8Array | Uint32Array): bigint;
  /** Calls `listener` in each turn of the event loop in which `fd` can be read, until `close`. */
  poll(fd: number, listener: () => void): { close(): void };
}

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;
export const O_CLOEXEC = 0x80000;

export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
/** As above, beyond the administrator's limit; only root may. */
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
/** Nine u32 about the socket's memory; the last one is how many packets it lost. */
export const SO_MEMINFO = 55;
export const MEMINFO_WORDS = 9;
export const MEMINFO_DROPS = 8;
export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_PROBE = 3;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;

export const EINTR = 4;
export const EAGAIN = 11;
export const ENOBUFS = 105;

/**
 * Undefined where there is no such library, or none of the machines described above.
 * Call it on the main thread before workers that `poll`: the last thread of a process that ends with koffi unloads it,
 * and a worker that is ended with a socket open runs koffi's handler of the closed watch only after that, which crashes
 * the whole process (koffi 3.3, Node 26).
 */
export async function loadLibc(): Promise<Libc | undefined> {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return undefined;
  try {
    const { default: koffi } = await import('koffi');
    // What the process itself has loaded: its libc, whatever the file is called.
    const lib = koffi.load(null);
    const functions = {
      socket: lib.func('int socket(int, int, int)'),
      bind: lib.func('int bind(int, void *, uint32_t)'),
      getsockname: lib.func('int getsockname(int, void *, void *)'),
      setsockopt: lib.func('int setsockopt(int, int, int, void *, uint32_t)'),
      getsockopt: lib.func('int getsockopt(int, int, int, void *, void *)'),
      recvmmsg: lib.func('int recvmmsg(int, void *, uint32_t, int, void *)'),
      sendmmsg: lib.func('int sendmmsg(int, void *, uint32_t, int)'),
      dup3: lib.func('int dup3(int, int, int)'),
      close: lib.func('int close(int)'),
      errno: () => koffi.errno(),
      addressOf: (memory: Uint8Array | Uint32Array) => koffi.address(memory),
      poll: (fd: number, listener: () => void) => koffi.node.poll(fd, listener),
    };
    return functions as Libc;
  } catch {
    // Not installed, or not for this machine: the portable socket does as well, only slower.
    return undefined;
  }
}

/** `EADDRINUSE` for its number. */
export function nameErrno(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `error ${errno}`;
}
