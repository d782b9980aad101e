// A server and clients of netcode without a network: packets are handed from one to the other, or kept and changed on
// the way. Everything random is drawn from a seed, and every nonce that is sealed with is watched.

import { createRandom, type Random } from '../../src/base/random.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { ADDRESS_WORDS, type Address, parseAddress } from '../../src/transport/address.ts';
import type { Aead } from '../../src/transport/aead.ts';
import { createClient, receiveFromServer } from '../../src/transport/client.ts';
import type { Client } from '../../src/transport/client-state.ts';
import { COUNT, type CountName, type Counts, DROP_REASONS } from '../../src/transport/counts.ts';
import type { KeyExchange } from '../../src/transport/key-exchange.ts';
import { createOutbox, OUTBOX_STRIDE, type Outbox } from '../../src/transport/outbox.ts';
import { receiveFromClient } from '../../src/transport/server.ts';
import { createServer, type Server, type ServerOptions } from '../../src/transport/server-state.ts';
import { mintToken, type TokenTerms } from '../../src/transport/token.ts';
import { createNonceChecker, type NonceChecker } from './nonce-checker.ts';

export const PROTOCOL_ID = 0x1122_3344_5566_7788n;
export const SERVER_ADDRESS = parseAddress('10.0.0.1:7777')!;
export const START_MS = 1_700_000_000_000;
export const KEY = Uint8Array.from({ length: 32 }, (_, index) => index * 7);

const sodium = createSodiumAead();

export interface Packet {
  readonly bytes: Uint8Array;
  /** Where it goes to. */
  readonly address: Address;
  /** Where it comes from, of a server on all addresses; zeros: the system chooses. */
  readonly local: Address;
}

/** An outbox whose packets come out of `take`, in order. Small, so that it is full now and then. */
export function createMailbox(): { outbox: Outbox; take(): Packet[] } {
  let packets: Packet[] = [];
  const flush = (box: Outbox): void => {
    for (let index = 0; index < box.count; index++) {
      const from = index * OUTBOX_STRIDE;
      const at = index * ADDRESS_WORDS;
      packets.push({
        bytes: box.bytes.slice(from, from + box.lengths[index]!),
        address: box.addresses.slice(at, at + ADDRESS_WORDS),
        local: box.locals!.slice(at, at + ADDRESS_WORDS),
      });
    }
    box.count = 0;
  };
  const outbox = createOutbox(3, flush, true);
  const take = (): Packet[] => {
    flush(outbox);
    const taken = packets;
    packets = [];
    return taken;
  };
  return { outbox, take };
}

export interface LabServer {
  readonly server: Server;
  take(): Packet[];
  /** Hands it a packet; answers the payload, if it was one. */
  receive(nowMs: number, from: Address, bytes: Uint8Array): Uint8Array | undefined;
  /** What has become of clients since the last time: [kind, slot]. */
  happened(): [number, number][];
  /** How often each count moved since the last time, those that did. */
  moved(): Partial<Record<CountName, number>>;
}

export interface LabClient {
  readonly client: Client;
  readonly address: Address;
  take(): Packet[];
  receive(nowMs: number, bytes: Uint8Array, from?: Address): Uint8Array | undefined;
  moved(): Partial<Record<CountName, number>>;
}

export interface ClientOptions {
  readonly token?: Uint8Array;
  readonly address?: Address;
  readonly nowMs?: number;
  /** Left out: as a client that knows nothing beyond the standard. */
  readonly keyExchange?: KeyExchange;
  /** Not watched: a client that uses a token again, as others do. */
  readonly isCareless?: boolean;
}

export interface Lab {
  readonly random: Random;
  readonly nonces: NonceChecker;
  readonly aead: Aead;
  /** A start of the server. */
  startServer(options?: Partial<ServerOptions>): LabServer;
  mint(terms?: Partial<TokenTerms>): Uint8Array;
  startClient(options?: ClientOptions): LabClient;
}

export function createLab(seed: number): Lab {
  const random = createRandom(seed);
  const nonces = createNonceChecker();
  const randomize = (target: Uint8Array): void => {
    for (let index = 0; index < target.length; index++) target[index] = random.u32() & 255;
  };
  const aead = nonces.watch({ ...sodium, randomize });
  let clients = 0;
  const mint = (terms: Partial<TokenTerms> = {}): Uint8Array => {
    clients++;
    return mintToken(aead, KEY, {
      protocolId: PROTOCOL_ID,
      clientId: BigInt(clients),
      createdS: START_MS / 1000,
      expiresS: START_MS / 1000 + 60,
      timeoutS: 5,
      addresses: [SERVER_ADDRESS],
      userData: Uint8Array.of(clients),
      ...terms,
    });
  };
  return {
    random,
    nonces,
    aead,
    mint,
    startServer: (options = {}) => startServer(aead, options),
    startClient(options = {}) {
      // The token first: its number is in the address.
      const token = options.token ?? mint();
      const { address = clientAddress(clients), nowMs = START_MS } = options;
      const { outbox, take } = createMailbox();
      const sealer = options.isCareless === true ? sodium : aead;
      const client = createClient(sealer, token, outbox, nowMs, options.keyExchange);
      return {
        client,
        address,
        take,
        receive(atMs, bytes, from = SERVER_ADDRESS) {
          const length = receiveFromServer(client, atMs, from, 0, bytes, 0, bytes.length);
          return length < 0 ? undefined : client.payload.slice(0, length);
        },
        moved: createMoved(client.counts),
      };
    },
  };
}

export function clientAddress(index: number): Address {
  return parseAddress(`10.1.${index >> 8}.${index & 255}:${1024 + index}`)!;
}

function startServer(aead: Aead, options: Partial<ServerOptions>): LabServer {
  const { outbox, take } = createMailbox();
  const server = createServer({
    aead,
    key: KEY,
    protocolId: PROTOCOL_ID,
    addresses: [SERVER_ADDRESS],
    clientsMax: 4,
    handshakesMax: 4,
    tokensMax: 64,
    tokenLifetimeSMax: 3600,
    expiresAfterS: 0,
    outbox,
    ...options,
  });
  return {
    server,
    take,
    receive(nowMs, from, bytes) {
      // At an odd place in a longer buffer, as in a batch.
      const batch = new Uint8Array(bytes.length + 20).fill(0xa5);
      batch.set(bytes, 7);
      const slot = receiveFromClient(server, nowMs, from, 0, batch, 7, 7 + bytes.length);
      return slot < 0 ? undefined : server.payload.slice(0, server.payloadBytes);
    },
    happened() {
      const { kinds, slots, count } = server.happened;
      server.happened.count = 0;
      return Array.from({ length: count }, (_, index) => [kinds[index]!, slots[index]!]);
    },
    moved: createMoved(server.counts),
  };
}

const TRAFFIC: readonly CountName[] = ['packetsIn', 'packetsOut', 'bytesIn', 'bytesOut'];

function createMoved(counts: Counts): () => Partial<Record<CountName, number>> {
  let before = counts.slice();
  return () => {
    const names = (Object.keys(COUNT) as CountName[]).filter((name) => !TRAFFIC.includes(name));
    const moved = names.map((name) => [name, counts[COUNT[name]]! - before[COUNT[name]]!] as const);
    before = counts.slice();
    return Object.fromEntries(moved.filter(([, count]) => count !== 0));
  };
}

/** The drops among them, added up. */
export function dropsOf(moved: Partial<Record<CountName, number>>): number {
  return DROP_REASONS.reduce((sum, name) => sum + (moved[name] ?? 0), 0);
}

/** Hands packets to and fro until both are silent. */
export function exchange(server: LabServer, client: LabClient, nowMs: number): void {
  for (let round = 0; round < 8; round++) {
    const up = client.take();
    for (const { bytes } of up) server.receive(nowMs, client.address, bytes);
    const down = server.take();
    for (const { bytes } of down) client.receive(nowMs, bytes);
    if (up.length + down.length === 0) return;
  }
}

/** A client that the server has let in and confirmed. */
export function connect(lab: Lab, server: LabServer, options: ClientOptions = {}): LabClient {
  const client = lab.startClient(options);
  exchange(server, client, options.nowMs ?? START_MS);
  return client;
}
