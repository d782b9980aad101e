// What broke others, as cases against us by name. Each says what it was there and what the same attack would be here.
// Most are reached by the million random cases too; these stay when a mutator is changed. The headers of WebSockets are
// in websocket-headers.test.ts.

import { expect, test } from 'vitest';
import { Reader } from '../../src/base/bytes.ts';
import { SEGMENT_BYTES_MAX, SEGMENTS_UP } from '../../src/base/limits.ts';
import { createChannels, heldBytes, isBroken } from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import {
  BAD_LAYOUT,
  BAD_SEGMENT,
  RELIABLE,
  SEQUENCED,
  TAKEN,
  UNRELIABLE,
} from '../../src/transport/channels/packet.ts';
import { PACKET_BYTES_MAX, PAYLOAD, PAYLOAD_BYTES_MAX } from '../../src/transport/layout.ts';
import { createPacketCodec, writePacket } from '../../src/transport/packet.ts';
import { CONNECTED } from '../../src/transport/states.ts';
import { DECODED, decodeMessage, encodeToBytes, MALFORMED, OUT_OF_RANGE } from '../../src/wire/codec.ts';
import { createMessages, type Message } from '../../src/wire/schema.ts';
import { take } from '../transport/channels/harness.ts';
import { connect, createLab, exchange, type Lab, type LabClient, PROTOCOL_ID, START_MS } from '../transport/lab.ts';
import { PROBE_SCHEMA } from '../wire/probe-schema.ts';
import { sessionTarget } from './session-targets.ts';
import { readCorpus } from './targets.ts';

const messages = createMessages(PROBE_SCHEMA);
const PROTOCOL_BYTES = new Uint8Array(BigUint64Array.of(PROTOCOL_ID).buffer);
const TWO_64 = 2n ** 64n;

/** A packet of the channels with one message, whatever its head claims. */
function packetWith(sequence: number, kind: number, length: number, ...rest: number[]): Uint8Array {
  const head = (length << 2) | kind;
  const header = [sequence & 255, sequence >> 8, 0, 0, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...header, head & 255, head >> 8, ...rest]);
}

const segment = (sequence: number, id: number, ...data: number[]): Uint8Array =>
  packetWith(sequence, RELIABLE, data.length, id & 255, id >> 8, ...data);

/** A payload of a connected client under any sequence number, as whoever has its keys can seal it. */
function payloadNumbered(lab: Lab, { client }: LabClient, sequence: bigint, data: Uint8Array): Uint8Array {
  const low = Number(sequence & 0xffff_ffffn);
  const high = Number(sequence >> 32n);
  const target = new Uint8Array(data.length + 64);
  const codec = createPacketCodec(lab.aead, PROTOCOL_BYTES);
  const key = client.token!.clientKey;
  return target.slice(0, writePacket(codec, PAYLOAD, key, low, high, data, 0, data.length, target, 0));
}

test('CVE-2020-6016, GameNetworkingSockets: a segment before the beginning of what is assembled wrote before its buffer', () => {
  // Here: segments whose ids lie behind the next one, up to half the circle, while a message is half there.
  const server = createChannels(DOWN, UP, undefined, 0);
  expect(take(server, segment(0, 0, 6, 1, 2), 0).code).toBe(TAKEN);
  expect(take(server, segment(1, 2, 5, 6), 0).code).toBe(TAKEN);
  const held = heldBytes(server);
  for (let behind = 1; behind <= 0x8000; behind++) {
    const { code, messages: got } = take(server, segment(1 + behind, (1 - behind) & 0xffff, 99, 99, 99, 99), 0);
    expect([code, got]).toEqual([TAKEN, []]);
  }
  expect(heldBytes(server)).toBe(held);
  const { messages: got } = take(server, segment(0x8002, 1, 3, 4), 0);
  expect(got).toEqual([{ kind: RELIABLE, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) }]);
});

test('CVE-2020-6017, GameNetworkingSockets: a segment longer than any wrote behind its buffer', () => {
  // Here: segments above 1,024 bytes, messages that reach beyond their packet, and ids beyond the window.
  const server = createChannels(DOWN, UP, undefined, 0);
  const before = heldBytes(server);
  for (let length = SEGMENT_BYTES_MAX + 1; length <= 1186; length++) {
    expect(take(server, segment(0, 1, ...new Array<number>(length).fill(7)), 0).code).toBe(BAD_LAYOUT);
  }
  for (let length = 101; length < 1 << 14; length++) {
    for (const kind of [UNRELIABLE, SEQUENCED, RELIABLE]) {
      const data = new Array<number>(100).fill(0);
      expect(take(server, packetWith(0, kind, length, ...data), 0).code).toBe(BAD_LAYOUT);
    }
  }
  for (let ahead = SEGMENTS_UP; ahead < 0x8000; ahead++) {
    expect(take(server, segment(0, ahead, 7), 0).code).toBe(BAD_SEGMENT);
  }
  expect(heldBytes(server)).toBe(before);
});

test('and a length in the stream beyond any message, or below zero in 32 bits, takes no memory', () => {
  for (const length of [[0x81, 0x20], [0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80], [0]]) {
    const server = createChannels(DOWN, UP, undefined, 0);
    const before = heldBytes(server);
    take(server, segment(0, 0, ...length, 1, 2, 3), 0);
    expect([isBroken(server), heldBytes(server)]).toEqual([true, before]);
  }
  // 256 KiB, the longest there is, from a server: it takes no more than what came of it.
  const client = createChannels(UP, DOWN, undefined, 0);
  const before = heldBytes(client);
  take(client, segment(0, 0, 0x80, 0x80, 0x10, 1, 2, 3), 0);
  expect(isBroken(client)).toBe(false);
  expect(heldBytes(client) - before).toBeLessThanOrEqual(4096);
});

test('CVE-2020-6018, GameNetworkingSockets: an authentic packet longer than any was opened into a buffer on the stack', () => {
  const lab = createLab(1);
  const server = lab.startServer();
  const insider = connect(lab, server);
  server.moved();
  const before = server.server.payload.slice();
  const tooLong = 400;
  for (let more = 1; more <= tooLong; more++) {
    const data = new Uint8Array(PAYLOAD_BYTES_MAX + more).fill(1);
    const packet = payloadNumbered(lab, insider, 1000n + BigInt(more), data);
    expect(server.receive(START_MS, insider.address, packet)).toBeUndefined();
  }
  const { dropSize = 0, dropLength = 0 } = server.moved();
  expect(dropSize + dropLength).toBe(tooLong);
  expect(server.server.payload).toEqual(before);
  // The longest that there is goes through, under the longest number, and fills a packet to its end.
  const longest = payloadNumbered(lab, insider, 2n ** 62n, new Uint8Array(PAYLOAD_BYTES_MAX).fill(2));
  expect(longest.length).toBe(PACKET_BYTES_MAX);
  expect(server.receive(START_MS, insider.address, longest)).toHaveLength(PAYLOAD_BYTES_MAX);
});

test('CVE-2020-6019, GameNetworkingSockets: a malformed protobuf inside an authentic packet threw out of the receiver', () => {
  // Here: all that parsers stumbled over, whole and cut, said by a client that plays.
  const target = sessionTarget();
  for (const bytes of readCorpus()) {
    for (let length = 1; length <= bytes.length; length++) target.run(bytes.slice(0, length));
  }
});

test('sequence numbers near 2⁶⁴, authentic: none is taken twice, none wraps, and it is the client’s own affair', () => {
  const lab = createLab(2);
  const server = lab.startServer();
  const insider = connect(lab, server);
  const other = connect(lab, server);
  server.moved();
  const seal = (sequence: bigint): Uint8Array => payloadNumbered(lab, insider, sequence, Uint8Array.of(9));
  const receive = (packet: Uint8Array): number | undefined => server.receive(START_MS, insider.address, packet)?.[0];
  const fresh = [TWO_64 - 1025n, TWO_64 - 3n, TWO_64 - 1n, TWO_64 - 2n, TWO_64 - 1024n].map(seal);
  expect(fresh.map(receive)).toEqual([9, 9, 9, 9, 9]);
  const old = [TWO_64 - 1026n, 2n ** 63n, 2n ** 32n - 1n, 1025n, 8n, 7n].map(seal);
  expect([...fresh, ...old].map(receive)).toEqual(new Array(11).fill(undefined));
  expect(server.moved()).toEqual({ dropReplayed: 11 });
  const fromOther = payloadNumbered(lab, other, 5n, Uint8Array.of(8));
  expect(server.receive(START_MS, other.address, fromOther)).toEqual(Uint8Array.of(8));
});

test('nonce reuse after a restart: what one server sealed under a token’s key, the next one seals under other nonces', () => {
  // The checker of the lab throws when a (key, nonce) comes again, whichever start it was.
  const lab = createLab(3);
  const client = lab.startClient();
  const request = client.take()[0]!.bytes;
  const sealed = lab.nonces.count();
  const starts = 200;
  for (let start = 0; start < starts; start++) {
    const server = lab.startServer();
    server.receive(START_MS, client.address, request);
    server.receive(START_MS + 100, client.address, request);
    expect(server.take()).toHaveLength(2);
  }
  // A challenge is sealed twice: its token, and the packet.
  expect(lab.nonces.count() - sealed).toBe(starts * 4);
  const again = connect(lab, lab.startServer());
  exchange(lab.startServer(), again, START_MS);
  expect(again.client.state).toBe(CONNECTED);
});

function decodeAll(bytes: Uint8Array): void {
  for (const message of Object.values(messages) as Message[]) {
    for (const unknown of ['reject', 'skip'] as const) {
      const { code, value } = decodeMessage(new Reader(bytes), message, unknown);
      expect([DECODED, MALFORMED, OUT_OF_RANGE]).toContain(code);
      if (code !== DECODED) continue;
      const names = new Set(message.fields.map(({ name }) => name));
      expect(Object.keys(value).filter((name) => !names.has(name))).toEqual([]);
    }
  }
}

test('CVE-2023-36665, protobufjs, and CVE-2021-21368, msgpack5: names from outside became properties of the prototype', () => {
  // Here: no name comes from outside, fields have the schema's; texts of these names are texts.
  const names = ['__proto__', 'constructor', 'prototype', '__proto__.polluted', 'toString', '__defineGetter__'];
  const before = Object.getOwnPropertyNames(Object.prototype);
  for (const text of names) {
    const join = { protocolVersion: 1, game: text, gameVersion: 1, token: text };
    const bytes = encodeToBytes(messages.clientMessage, { join });
    decodeAll(bytes);
    const { code, value } = decodeMessage(new Reader(bytes), messages.clientMessage, 'reject');
    expect([code, value.join]).toEqual([DECODED, join]);
    // As the key of a map's entry, for decoders that have maps: field 1 the key, 2 the value, in any field.
    const entry = [0x0a, text.length, ...new TextEncoder().encode(text), 0x12, 1, 0x31];
    for (let field = 1; field < 32; field++) decodeAll(Uint8Array.of((field << 3) | 2, entry.length, ...entry));
  }
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

/** `unit` again and again, as long as a message may be. */
const repeat = (...unit: number[]): Uint8Array => Uint8Array.from({ length: 4096 }, (_, at) => unit[at % unit.length]!);

/** Lengths that each promise what follows, so that each part holds the next one: `[field, length]` to the end. */
function nest(tag: number): Uint8Array {
  let bytes: number[] = [];
  while (bytes.length < 4000) bytes = [tag, (bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
  return Uint8Array.from(bytes);
}

test('hangs and deep recursion of protobufjs and msgpackr (CVE-2023-52079): groups, nesting, lengths that lie', () => {
  for (const field of [1, 2, 3, 4, 5, 15]) {
    for (const wireType of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const tag = (field << 3) | wireType;
      const bombs = [
        repeat(tag),
        repeat(tag, 0),
        repeat(tag, 0x80),
        repeat(tag, 0xff, 0xff, 0xff, 0xff, 0x0f),
        nest(tag),
      ];
      for (const bomb of bombs) decodeAll(bomb);
    }
  }
});
