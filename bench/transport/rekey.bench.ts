// What new keys cost: the server's part, an offer opened, X25519, ML-KEM-768 and HKDF computed, the answer sealed; and the
// client's. Both sides without a socket, an exchange each with 64 clients in turn. The library does most of it, outside
// of JavaScript.

import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { createNodeKeyExchange } from '../../src/io/key-exchange-node.ts';
import { ADDRESS_WORDS, parseAddress } from '../../src/transport/address.ts';
import { createClient, receiveFromServer, updateClient } from '../../src/transport/client.ts';
import type { Client } from '../../src/transport/client-state.ts';
import { COUNT } from '../../src/transport/counts.ts';
import { createOutbox, OUTBOX_STRIDE, type Outbox } from '../../src/transport/outbox.ts';
import { receiveFromClient, updateServer } from '../../src/transport/server.ts';
import { createServer, type Server } from '../../src/transport/server-state.ts';
import { CONTENT } from '../../src/transport/states.ts';
import { FEATURE_REKEY, mintToken } from '../../src/transport/token.ts';
import { type Bench, threadCpuMicros } from '../bench.ts';

const CLIENTS = 64;
const ROUNDS = 40;
const WARM_UP_ROUNDS = 5;
/** Between two rounds: the old keys are wiped by then, and the next offer is not too early. */
const ROUND_MS = 12_000;
const STEP_MS = 1_000;
const START_MS = 1_700_000_000_000;

interface Stage {
  readonly server: Server;
  readonly outbox: Outbox;
  readonly clients: readonly { readonly client: Client; readonly outbox: Outbox; readonly address: Uint32Array }[];
  readonly serverAddress: Uint32Array;
  /** CPU time of either side. */
  readonly micros: { server: number; client: number };
}

function createStage(seed: number): Stage {
  const aead = createSodiumAead();
  const keyExchange = createNodeKeyExchange();
  const key = new Uint8Array(32).fill(seed);
  const serverAddress = parseAddress('10.0.0.1:7777')!;
  const outbox = createOutbox(256, () => {});
  const server = createServer({
    aead,
    key,
    protocolId: 1n,
    addresses: [serverAddress],
    clientsMax: CLIENTS,
    handshakesMax: CLIENTS,
    tokensMax: CLIENTS,
    tokenLifetimeSMax: 60,
    expiresAfterS: 0,
    outbox,
    keyExchange,
  });
  const createdS = START_MS / 1000;
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const terms = { protocolId: 1n, clientId: BigInt(index + 1), createdS, expiresS: createdS + 60, timeoutS: 60 };
    const token = mintToken(aead, key, { ...terms, addresses: [serverAddress], features: FEATURE_REKEY });
    const own = createOutbox(32, () => {});
    const client = createClient(aead, token, own, START_MS, keyExchange);
    return { client, outbox: own, address: parseAddress(`10.0.1.${index}:1000`)! };
  });
  return { server, outbox, clients, serverAddress, micros: { server: 0, client: 0 } };
}

/** One client's packets and what they are answered with, until there are no more. */
function exchange({ server, outbox, clients, serverAddress, micros }: Stage, index: number, nowMs: number): void {
  const { client, outbox: own, address } = clients[index]!;
  for (let before = threadCpuMicros(); own.count + outbox.count > 0; ) {
    for (let packet = 0; packet < own.count; packet++) {
      const from = packet * OUTBOX_STRIDE;
      receiveFromClient(server, nowMs, address, 0, own.bytes, from, from + own.lengths[packet]!);
    }
    own.count = 0;
    server.happened.count = 0;
    const middle = threadCpuMicros();
    for (let packet = 0; packet < outbox.count; packet++) {
      const from = packet * OUTBOX_STRIDE;
      receiveFromServer(client, nowMs, serverAddress, 0, outbox.bytes, from, from + outbox.lengths[packet]!);
    }
    outbox.count = 0;
    const after = threadCpuMicros();
    micros.server += middle - before;
    micros.client += after - middle;
    before = after;
  }
}

/** An exchange of keys with each client, and then time until the next. */
function runRound(stage: Stage, startMs: number): void {
  const { server, outbox, clients, micros, serverAddress } = stage;
  for (let index = 0; index < CLIENTS; index++) {
    const { client } = clients[index]!;
    if (client.rekey!.state === CONTENT) client.rekey!.settledMs = Number.NEGATIVE_INFINITY;
    // One after the other: so many at once would be refused.
    const nowMs = startMs + index * 10;
    const before = threadCpuMicros();
    updateClient(client, nowMs);
    micros.client += threadCpuMicros() - before;
    exchange(stage, index, nowMs);
  }
  const { server: serverMicros, client: clientMicros } = micros;
  for (let passed = STEP_MS; passed < ROUND_MS; passed += STEP_MS) {
    updateServer(server, startMs + passed);
    for (let packet = 0; packet < outbox.count; packet++) {
      const from = packet * OUTBOX_STRIDE;
      const to = outbox.addresses[packet * ADDRESS_WORDS + 3]! & 255;
      receiveFromServer(
        clients[to]!.client,
        startMs + passed,
        serverAddress,
        0,
        outbox.bytes,
        from,
        from + outbox.lengths[packet]!,
      );
    }
    outbox.count = 0;
    for (let index = 0; index < CLIENTS; index++) {
      updateClient(clients[index]!.client, startMs + passed);
      exchange(stage, index, startMs + passed);
    }
  }
  Object.assign(micros, { server: serverMicros, client: clientMicros });
}

export const bench: Bench = {
  figures: ['udp.rekey.cpuMicros', 'udp.rekey.clientCpuMicros'],
  run(seed, isSmall) {
    const stage = createStage(seed);
    const { micros, server } = stage;
    for (let index = 0; index < CLIENTS; index++) exchange(stage, index, START_MS);
    const rounds = isSmall ? 2 : WARM_UP_ROUNDS + ROUNDS;
    const counted = isSmall ? 1 : ROUNDS;
    for (let round = 0; round < rounds; round++) {
      if (round === rounds - counted) Object.assign(micros, { server: 0, client: 0 });
      runRound(stage, START_MS + 1000 + round * ROUND_MS);
    }
    const rekeys = server.counts[COUNT.rekeys]!;
    if (rekeys !== rounds * CLIENTS) throw new Error(`${rekeys} exchanges instead of ${rounds * CLIENTS}`);
    const each = counted * CLIENTS;
    const checksum = `${rekeys} exchanges`;
    return [
      { figure: 'udp.rekey.cpuMicros', value: micros.server / each, unit: 'µs', seed, checksum },
      { figure: 'udp.rekey.clientCpuMicros', value: micros.client / each, unit: 'µs', seed, checksum },
    ];
  },
};
