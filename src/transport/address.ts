// The address of a peer as five words, so that it can be compared, hashed and copied without a string: four of an IPv6
// address, most significant first, and the port. IPv4 is its mapped form, ::ffff:a.b.c.d, as a socket that takes both
// shows it. In tokens: u8 type, 4 × u8 (IPv4) or 8 × u16 (IPv6), u16 port; all little-endian. Edge threads, clients, tools.

import type { Reader, Writer } from '../base/bytes.ts';

export const ADDRESS_WORDS = 5;
/** ADDRESS_WORDS of them; lists of addresses are one array, with an index. */
export type Address = Uint32Array;

const PORT = 4;
const MAPPED = 0xffff;
const TYPE_IPV4 = 1;
const TYPE_IPV6 = 2;

export function isSameAddress(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): boolean {
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    if (a[aAt + word] !== b[bAt + word]) return false;
  }
  return true;
}

/** Whether both count as one host: the same IPv4 address, or the same /64 of IPv6, of which a line has one at least. */
export function isSameHost(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): boolean {
  const word = hostWord(a, aAt);
  return word === hostWord(b, bAt) && a[aAt + word] === b[bAt + word] && a[aAt + word + 1] === b[bAt + word + 1];
}

/** The same for all addresses of one host, as a key of a map. */
export function hostKey(words: Uint32Array, at: number): string {
  const word = hostWord(words, at);
  return `${words[at + word]} ${words[at + word + 1]}`;
}

/** The first of the two words that say the host. */
function hostWord(words: Uint32Array, at: number): number {
  return words[at] === 0 && words[at + 1] === 0 ? 2 : 0;
}

export function copyAddress(source: Uint32Array, from: number, target: Uint32Array, at: number): void {
  for (let word = 0; word < ADDRESS_WORDS; word++) target[at + word] = source[from + word]!;
}

function isIpv4(words: Uint32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MAPPED;
}

/** Of this machine itself: 127.0.0.0/8, ::1. */
export function isLoopback(words: Uint32Array, at: number): boolean {
  if (isIpv4(words, at)) return words[at + 3]! >>> 24 === 127;
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] === 1;
}

export function writeAddress(writer: Writer, words: Uint32Array, at: number): void {
  if (isIpv4(words, at)) {
    writer.u8(TYPE_IPV4);
    const ip = words[at + 3]!;
    for (let shift = 24; shift >= 0; shift -= 8) writer.u8(ip >>> shift);
  } else {
    writer.u8(TYPE_IPV6);
    for (let word = 0; word < PORT; word++) {
      writer.u16(words[at + word]! >>> 16);
      writer.u16(words[at + word]!);
    }
  }
  writer.u16(words[at + PORT]!);
}

/** From the wire: false when the type is neither; a reader past its end says so itself. */
export function readAddress(reader: Reader, words: Uint32Array, at: number): boolean {
  const type = reader.u8();
  if (type === TYPE_IPV4) {
    words[at] = 0;
    words[at + 1] = 0;
    words[at + 2] = MAPPED;
    words[at + 3] = (reader.u8() << 24) | (reader.u8() << 16) | (reader.u8() << 8) | reader.u8();
  } else if (type === TYPE_IPV6) {
    for (let word = 0; word < PORT; word++) words[at + word] = (reader.u16() << 16) | reader.u16();
  } else {
    return false;
  }
  words[at + PORT] = reader.u16();
  return true;
}

/** `1.2.3.4:5` or `[2001:db8::1]:5`; undefined when it is neither. For configuration, tools and tests: allocates. */
export function parseAddress(text: string): Address | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found === null || port > 0xffff) return undefined;
  const groups = found[2] === undefined ? parseIpv6(found[1]!) : parseIpv4(found[2]);
  if (groups === undefined) return undefined;
  const words = [0, 2, 4, 6].map((index) => groups[index]! * 0x1_0000 + groups[index + 1]!);
  return Uint32Array.from([...words, port]);
}

function parseIpv4(text: string): number[] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return [0, 0, 0, 0, 0, MAPPED, bytes[0]! * 256 + bytes[1]!, bytes[2]! * 256 + bytes[3]!];
}

/** Deliberate: the URL parser checks it and brings it into its canonical form; only `::` is left to fill. */
function parseIpv6(text: string): number[] | undefined {
  if (!URL.canParse(`http://[${text}]`)) return undefined;
  const [head, tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const groupsOf = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const zeros = new Array<number>(8 - groupsOf(head).length - groupsOf(tail).length).fill(0);
  return [...groupsOf(head), ...zeros, ...groupsOf(tail)];
}

/** The opposite of `parseAddress`; IPv6 without shortening. Allocates. */
export function formatAddress(words: Uint32Array, at = 0): string {
  const ip = words[at + 3]!;
  if (isIpv4(words, at)) return `${[24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join('.')}:${words[at + PORT]}`;
  const groups = [0, 1, 2, 3].flatMap((word) => [words[at + word]! >>> 16, words[at + word]! & 0xffff]);
  return `[${groups.map((group) => group.toString(16)).join(':')}]:${words[at + PORT]}`;
}
