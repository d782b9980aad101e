import { endianness } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
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
} from '../../src/io/udp-headers.ts';
import { MSG_TRUNC } from '../../src/io/udp-libc.ts';
import { ADDRESS_WORDS, parseAddress } from '../../src/transport/address.ts';
import { createPacketBatch, type PacketBatch } from '../../src/transport/udp-port.ts';

const HEADER_WORDS = 16;

/** Each array lies at a made-up place far from the others. */
function fakeMemory(): { addressOf: (memory: Uint8Array | Uint32Array) => bigint; places: Map<object, bigint> } {
  const places = new Map<object, bigint>();
  return {
    places,
    addressOf(memory) {
      places.set(memory, 0x7f00_0000_0000n + BigInt(places.size) * 0x1000_0000n);
      return places.get(memory)!;
    },
  };
}

function createFakeHeaders(batch: PacketBatch, isIpv6: boolean): Headers {
  return createHeaders(batch, isIpv6, fakeMemory().addressOf);
}

const bytesAt = (words: Uint32Array, at: number, count: number): number[] => [
  ...new Uint8Array(words.buffer, at * 4, count),
];

test.runIf(endianness() === 'LE').each([false, true])('each header points at what is its own; IPv6: %s', (isIpv6) => {
  const { addressOf, places } = fakeMemory();
  const batch = createPacketBatch(3, 100);
  const { headers, vectors, names, controls } = createHeaders(batch, isIpv6, addressOf);
  const pointers = new BigUint64Array(headers.buffer);
  for (let index = 0; index < 3; index++) {
    expect(pointers[index * 8]).toBe(places.get(names)! + BigInt(index * 32));
    expect(headers[index * HEADER_WORDS + 2]).toBe(isIpv6 ? 28 : 16);
    expect(pointers[index * 8 + 2]).toBe(places.get(vectors)! + BigInt(index * 16));
    expect(pointers[index * 8 + 3]).toBe(1n);
    expect(pointers[index * 8 + 4]).toBe(places.get(controls)! + BigInt(index * 64));
    expect(new BigUint64Array(vectors.buffer)[index * 2]).toBe(places.get(batch.bytes)! + BigInt(index * 100));
  }
  expect(headersFrom({ headers } as Headers, 2)[0]).toBe(headers[2 * HEADER_WORDS]);
});

test('a batch whose packets have unequal room is our mistake', () => {
  const batch = { ...createPacketBatch(3, 100), bytes: new Uint8Array(301) };
  expect(() => createFakeHeaders(batch, false)).toThrow('as much room');
});

test('names lie in network order; IPv4 on a socket of IPv6 is mapped, IPv6 on one of IPv4 says what it is', () => {
  const nameOf = (isIpv6: boolean, address: string): Uint32Array => {
    const names = new Uint32Array(NAME_BYTES_MAX / 4);
    writeName(names, 0, isIpv6, parseAddress(address)!, 0);
    return names;
  };
  const ipv4 = nameOf(false, '1.2.3.4:258');
  expect(bytesAt(ipv4, 0, nameBytes(false))).toEqual([2, 0, 1, 2, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(readNamePort(ipv4)).toBe(258);
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4];
  const ipv6 = bytesAt(nameOf(true, '1.2.3.4:258'), 0, nameBytes(true));
  expect(ipv6).toEqual([10, 0, 1, 2, 0, 0, 0, 0, ...mapped, 0, 0, 0, 0]);
  const refused = bytesAt(nameOf(false, '[102:304::]:65535'), 0, 12);
  expect(refused).toEqual([10, 0, 255, 255, 0, 0, 0, 0, 1, 2, 3, 4]);
});

test.each([false, true])('what is written for sending is read as received; IPv6: %s', (isIpv6) => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  const mapped = fc.tuple(
    fc.constant(0),
    fc.constant(0),
    fc.constant(0xffff),
    fc.integer({ min: 1, max: 0xffff_ffff }),
  );
  const wide = fc.tuple(fc.integer({ min: 1, max: 0xffff_ffff }), word, word, word);
  const ip = isIpv6 ? fc.oneof(mapped, wide) : mapped;
  const packet = fc.record({ to: ip, from: ip, port: fc.nat(0xffff), length: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1, maxLength: 5 }), (packets) => {
      const sent = createPacketBatch(5, 100, true);
      for (const { to, from, port, length } of packets) {
        sent.addresses.set([...to, port], sent.count * ADDRESS_WORDS);
        sent.locals!.set([...from, 0], sent.count * ADDRESS_WORDS);
        sent.lengths[sent.count++] = length;
      }
      const outgoing = createFakeHeaders(sent, isIpv6);
      writeSent(outgoing);
      const received = createPacketBatch(5, 100, true);
      const incoming = createFakeHeaders(received, isIpv6);
      // What the kernel does in between: names and own addresses change sides, lengths go from vector to header.
      incoming.names.set(outgoing.names);
      incoming.controls.set(outgoing.controls);
      for (let index = 0; index < packets.length; index++) {
        incoming.headers[index * HEADER_WORDS + 10] = outgoing.headers[index * HEADER_WORDS + 10]!;
        incoming.headers[index * HEADER_WORDS + 14] = outgoing.vectors[index * 4 + 2]!;
      }
      expect(readReceived(incoming, packets.length)).toBe(0);
      expect(received.addresses).toEqual(sent.addresses);
      expect(received.locals).toEqual(sent.locals);
      expect(received.lengths).toEqual(sent.lengths);
    }),
  );
});

test('a packet too long, one without its own address, and room again for the next', () => {
  const batch = createPacketBatch(2, 100, true);
  batch.locals!.fill(9);
  const headers = createFakeHeaders(batch, false);
  resetReceived(headers, 2);
  expect([headers.headers[10], headers.headers[HEADER_WORDS + 10]]).toEqual([32, 32]);
  headers.headers[12] = MSG_TRUNC;
  headers.headers[14] = 100;
  headers.headers[HEADER_WORDS + 10] = 0;
  headers.headers[HEADER_WORDS + 14] = 7;
  expect(readReceived(headers, 2)).toBe(1);
  expect([...batch.lengths]).toEqual([-1, 7]);
  expect([...batch.locals!.subarray(ADDRESS_WORDS)]).toEqual([0, 0, 0, 0, 0]);
  resetReceived(headers, 2);
  expect(headers.headers[HEADER_WORDS + 10]).toBe(32);
});

test('without own addresses there is no room for them, and without a choice none is sent', () => {
  const plain = createFakeHeaders(createPacketBatch(1, 100), false);
  resetReceived(plain, 1);
  expect(plain.headers[10]).toBe(0);
  const batch = createPacketBatch(2, 100, true);
  batch.count = 2;
  batch.locals!.set(parseAddress('127.0.0.9:0')!, ADDRESS_WORDS);
  const headers = createFakeHeaders(batch, false);
  headers.headers[10] = 32;
  writeSent(headers);
  expect([headers.headers[10], headers.headers[HEADER_WORDS + 10]]).toEqual([0, 32]);
});
