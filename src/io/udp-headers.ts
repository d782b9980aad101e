// The kernel's view of a batch of packets, laid out by hand in memory that is made once and refilled in place: what
// recvmmsg and sendmmsg take. Any thread; each batch has its own. 64-bit little-endian Linux, in u32 words:
//
//   mmsghdr, 16 words: [0] → name  [2] bytes of it  [4] → iovec  [6] 1  [8] → control  [10] bytes of it  [12] flags
//                      [14] bytes of the packet
//   iovec, 4 words:    [0] → packet  [2] its bytes
//   name, 8 words:     [0] family, port << 16  then IPv4: [1] address;  IPv6: [1] flow  [2…5] address  [6] scope
//   control, 16 words: [0] bytes  [2] level  [3] type  then IPv4: [4] interface  [5] own address  [6] the header's;
//                      IPv6: [4…7] own address  [8] interface
//
// Addresses and ports lie in network order there, in words of address.ts they are numbers. Link-local IPv6 addresses,
// which mean nothing without an interface, are not carried.

import { assert } from '../base/assert.ts';
import { ADDRESS_WORDS } from '../transport/address.ts';
import type { PacketBatch } from '../transport/udp-port.ts';
import { AF_INET, AF_INET6, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO, MSG_TRUNC } from './udp-libc.ts';

const HEADER_WORDS = 16;
const VECTOR_WORDS = 4;
const NAME_WORDS = 8;
const CONTROL_WORDS = 16;

export const NAME_BYTES_MAX = NAME_WORDS * 4;
const IPV4_NAME_BYTES = 16;
const IPV6_NAME_BYTES = 28;
/** Of the one control message: its header and what it says; then with the padding up to the next one. */
const IPV4_CONTROL_BYTES = 28;
const IPV6_CONTROL_BYTES = 36;
const IPV4_CONTROL_SPACE = 32;
const IPV6_CONTROL_SPACE = 40;

/** Third word of an IPv4 address in its mapped form. */
const MAPPED = 0xffff;

export interface Headers {
  readonly batch: PacketBatch;
  readonly isIpv6: boolean;
  readonly headers: Uint32Array;
  readonly vectors: Uint32Array;
  readonly names: Uint32Array;
  readonly controls: Uint32Array;
}

/** @param isIpv6 the family of the socket; one of IPv6 carries IPv4 in its mapped form. */
export function createHeaders(
  batch: PacketBatch,
  isIpv6: boolean,
  addressOf: (memory: Uint8Array | Uint32Array) => bigint,
): Headers {
  const { capacity, bytes } = batch;
  const stride = bytes.length / capacity;
  assert(Number.isInteger(stride), 'each packet of a batch has as much room as the others');
  const headers = new Uint32Array(capacity * HEADER_WORDS);
  const vectors = new Uint32Array(capacity * VECTOR_WORDS);
  const names = new Uint32Array(capacity * NAME_WORDS);
  const controls = new Uint32Array(capacity * CONTROL_WORDS);
  const pointers = new BigUint64Array(headers.buffer);
  const vectorPointers = new BigUint64Array(vectors.buffer);
  const at = { vectors: addressOf(vectors), names: addressOf(names), controls: addressOf(controls) };
  const bytesAt = addressOf(bytes);
  for (let index = 0; index < capacity; index++) {
    const header = index * HEADER_WORDS;
    pointers[header / 2] = at.names + BigInt(index * NAME_WORDS * 4);
    headers[header + 2] = nameBytes(isIpv6);
    pointers[header / 2 + 2] = at.vectors + BigInt(index * VECTOR_WORDS * 4);
    headers[header + 6] = 1;
    pointers[header / 2 + 4] = at.controls + BigInt(index * CONTROL_WORDS * 4);
    vectorPointers[(index * VECTOR_WORDS) / 2] = bytesAt + BigInt(index * stride);
    vectors[index * VECTOR_WORDS + 2] = stride;
    const control = index * CONTROL_WORDS;
    controls[control] = isIpv6 ? IPV6_CONTROL_BYTES : IPV4_CONTROL_BYTES;
    controls[control + 2] = isIpv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    controls[control + 3] = isIpv6 ? IPV6_PKTINFO : IP_PKTINFO;
  }
  return { batch, isIpv6, headers, vectors, names, controls };
}

/** The headers from packet `first` on. Allocates: for what is left of a batch that went out in part. */
export function headersFrom({ headers }: Headers, first: number): Uint32Array {
  return headers.subarray(first * HEADER_WORDS);
}

/** Makes room again in the first `count` headers, which the kernel shrank to what it had found. */
export function resetReceived(target: Headers, count: number): void {
  const { headers, isIpv6, batch } = target;
  const controlBytes = batch.locals === undefined ? 0 : isIpv6 ? IPV6_CONTROL_SPACE : IPV4_CONTROL_SPACE;
  for (let index = 0; index < count; index++) headers[index * HEADER_WORDS + 10] = controlBytes;
}

/** Takes lengths and addresses of `count` packets over into the batch; returns how many of them were too long. */
export function readReceived(source: Headers, count: number): number {
  const { batch, isIpv6, headers, names, controls } = source;
  const { lengths, addresses, locals } = batch;
  let tooLong = 0;
  for (let index = 0; index < count; index++) {
    const header = index * HEADER_WORDS;
    const name = index * NAME_WORDS;
    const control = index * CONTROL_WORDS;
    const address = index * ADDRESS_WORDS;
    const isTooLong = (headers[header + 12]! & MSG_TRUNC) !== 0;
    if (isTooLong) tooLong++;
    lengths[index] = isTooLong ? -1 : headers[header + 14]!;
    if (isIpv6) readIpv6(names, name + 2, addresses, address);
    else readIpv4(names, name + 1, addresses, address);
    addresses[address + 4] = swap16(names[name]! >>> 16);
    if (locals === undefined) continue;
    if (headers[header + 10] === 0) locals.fill(0, address, address + ADDRESS_WORDS);
    else if (isIpv6) readIpv6(controls, control + 4, locals, address);
    else readIpv4(controls, control + 5, locals, address);
  }
  return tooLong;
}

/** Writes lengths and addresses of all the batch's packets where the kernel looks for them. */
export function writeSent(target: Headers): void {
  const { batch, isIpv6, headers, vectors, names, controls } = target;
  const { lengths, addresses, locals, count } = batch;
  const controlSpace = isIpv6 ? IPV6_CONTROL_SPACE : IPV4_CONTROL_SPACE;
  for (let index = 0; index < count; index++) {
    const address = index * ADDRESS_WORDS;
    vectors[index * VECTOR_WORDS + 2] = lengths[index]!;
    writeName(names, index * NAME_WORDS, isIpv6, addresses, address);
    const isChosen = locals !== undefined && (locals[address + 3] !== 0 || locals[address] !== 0);
    headers[index * HEADER_WORDS + 10] = isChosen ? controlSpace : 0;
    if (!isChosen) continue;
    const control = index * CONTROL_WORDS;
    if (isIpv6) writeIpv6(controls, control + 4, locals, address);
    else controls[control + 5] = swap32(locals[address + 3]!);
  }
}

/** A sockaddr from the words of an address. One of IPv6 on a socket of IPv4 is written as such, and refused later. */
export function writeName(names: Uint32Array, at: number, isIpv6: boolean, words: Uint32Array, from: number): void {
  const isMapped = words[from] === 0 && words[from + 1] === 0 && words[from + 2] === MAPPED;
  const port = swap16(words[from + 4]!) << 16;
  if (isIpv6 || !isMapped) {
    names[at] = AF_INET6 | port;
    writeIpv6(names, at + 2, words, from);
  } else {
    names[at] = AF_INET | port;
    names[at + 1] = swap32(words[from + 3]!);
  }
}

/** Of a sockaddr of that family. */
export function nameBytes(isIpv6: boolean): number {
  return isIpv6 ? IPV6_NAME_BYTES : IPV4_NAME_BYTES;
}

export function readNamePort(names: Uint32Array): number {
  return swap16(names[0]! >>> 16);
}

function readIpv4(source: Uint32Array, from: number, words: Uint32Array, at: number): void {
  words[at] = 0;
  words[at + 1] = 0;
  words[at + 2] = MAPPED;
  words[at + 3] = swap32(source[from]!);
}

function readIpv6(source: Uint32Array, from: number, words: Uint32Array, at: number): void {
  for (let word = 0; word < 4; word++) words[at + word] = swap32(source[from + word]!);
}

function writeIpv6(target: Uint32Array, at: number, words: Uint32Array, from: number): void {
  for (let word = 0; word < 4; word++) target[at + word] = swap32(words[from + word]!);
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

function swap32(value: number): number {
  return (swap16(value) << 16) | swap16(value >>> 16);
}
