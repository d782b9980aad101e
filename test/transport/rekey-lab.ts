// What tests of re-keying and moves share: a server and clients that do both, and what may be read of a recorded stream
// by who holds some keys.

import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import type { Address } from '../../src/transport/address.ts';
import { createBoundCodec, isBoundPrefix, openBoundPacket, readBoundPrefix } from '../../src/transport/bound-packet.ts';
import { sendToServer, updateClient } from '../../src/transport/client.ts';
import { ACCEPTED } from '../../src/transport/counts.ts';
import { createPacketCodec, FROM_CLIENT, FROM_SERVER, openPacket, readPrefix } from '../../src/transport/packet.ts';
import { updateServer } from '../../src/transport/server.ts';
import type { ServerOptions } from '../../src/transport/server-state.ts';
import { FEATURE_REKEY } from '../../src/transport/token.ts';
import {
  type ClientOptions,
  connect,
  exchange,
  type Lab,
  type LabClient,
  type LabServer,
  type Packet,
  PROTOCOL_ID,
  START_MS,
} from './lab.ts';

export const keyExchange = createNodeKeyExchange();
const PROTOCOL = new Uint8Array(BigUint64Array.of(PROTOCOL_ID).buffer);

export function startRekeyServer(lab: Lab, options: Partial<ServerOptions> = {}): LabServer {
  return lab.startServer({ keyExchange, ...options });
}

/** Connected, and nothing exchanged yet. */
export function connectRekeyClient(lab: Lab, server: LabServer, options: ClientOptions = {}): LabClient {
  const client = connect(lab, server, { token: lab.mint({ features: FEATURE_REKEY }), keyExchange, ...options });
  server.happened();
  return client;
}

/** Both sides' time, and all packets that it makes them send. */
export function pass(server: LabServer, client: LabClient, nowMs: number): void {
  updateServer(server.server, nowMs);
  updateClient(client.client, nowMs);
  exchange(server, client, nowMs);
}

/** Time from START_MS + `fromMs` on, in steps of 100 ms. */
export function passTime(server: LabServer, client: LabClient, fromMs: number, ms: number): void {
  for (let passed = 0; passed <= ms; passed += 100) pass(server, client, START_MS + fromMs + passed);
}

/** One packet with a payload, as it leaves the client. */
export function payloadPacket(client: LabClient, nowMs: number, ...data: number[]): Uint8Array {
  sendToServer(client.client, nowMs, Uint8Array.from(data), 0, data.length);
  return client.take().at(-1)!.bytes;
}

/** Packets go to where their address says: the client's answers come from `address`. */
export function exchangeAt(server: LabServer, client: LabClient, address: Address, nowMs: number): Packet[] {
  const all: Packet[] = [];
  for (let round = 0; round < 8; round++) {
    const up = client.take();
    for (const { bytes } of up) server.receive(nowMs, address, bytes);
    const down = server.take();
    all.push(...down);
    for (const packet of down) {
      if (packet.address.every((word, index) => word === address[index])) client.receive(nowMs, packet.bytes);
    }
    if (up.length + down.length === 0) break;
  }
  return all;
}

/** What a packet holds for who has one of these keys, whichever form it has; undefined when none opens it. */
export function openWith(lab: Lab, keys: readonly Uint8Array[], packet: Uint8Array): Uint8Array | undefined {
  const target = new Uint8Array(2000);
  const bound = createBoundCodec(lab.aead, PROTOCOL);
  const plain = createPacketCodec(lab.aead, PROTOCOL);
  for (const key of keys) {
    if (isBoundPrefix(packet[0]!)) {
      if (readBoundPrefix(bound, packet, 0, packet.length) !== ACCEPTED) continue;
      const length = openBoundPacket(bound, key, packet, 0, packet.length, target);
      if (length >= 0) return target.slice(0, length);
      continue;
    }
    for (const sender of [FROM_CLIENT, FROM_SERVER]) {
      if (readPrefix(plain, packet, 0, packet.length, sender) !== ACCEPTED) continue;
      const length = openPacket(plain, key, packet, 0, packet.length, target);
      if (length >= 0) return target.slice(0, length);
    }
  }
  return undefined;
}
