// What strangers leave in the memory of a UDP edge, beside junk (edge.bench.ts): requests with forged tokens, handshakes
// that nobody goes on with, and replays, each in turn, into the secure transport. Collections while 100,000 packets come
// in, and what one leaves on the heap until the next: a few numbers of those whose token is good. Places that are taken
// are those that were made at the start. CPU time is that of all kinds alike, receiving left out; good tokens, a third of
// them, are opened and answered, so it has no goal: what is thrown away has one in edge.bench.ts.

import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { type Address, parseAddress } from '../../src/transport/address.ts';
import { createClient } from '../../src/transport/client.ts';
import { createOutbox, type Outbox } from '../../src/transport/outbox.ts';
import { receiveFromClient } from '../../src/transport/server.ts';
import { createServer, type Server } from '../../src/transport/server-state.ts';
import { mintToken } from '../../src/transport/token.ts';
import { type Bench, threadCpuMicros } from '../bench.ts';

const PACKETS = 100_000;
const TOKENS = 2_048;
/** Far fewer than come: the oldest make room all the time. */
const PLACES = 256;
const START_MS = 1_700_000_000_000;
const SERVER_ADDRESS = parseAddress('10.0.0.1:7777')!;
const aead = createSodiumAead();

interface Stranger {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

function requestOf(key: Uint8Array, clientId: number): Uint8Array {
  const createdS = START_MS / 1000;
  const terms = { protocolId: 1n, clientId: BigInt(clientId), createdS, expiresS: createdS + 60, timeoutS: 5 };
  const outbox = createOutbox(1, () => {});
  createClient(aead, mintToken(aead, key, { ...terms, addresses: [SERVER_ADDRESS] }), outbox, START_MS);
  return outbox.bytes.slice(0, outbox.lengths[0]);
}

function addressOf(index: number): Address {
  return Uint32Array.of(0, 0, 0xffff, 0x0a01_0000 + index, 1024);
}

/** A good request from its own address, the same from another one, and a forged one. */
function createStrangers(key: Uint8Array): Stranger[] {
  const forged = requestOf(new Uint8Array(32).fill(9), 1);
  return Array.from({ length: TOKENS }, (_, index) => requestOf(key, index + 1)).flatMap((bytes, index) => [
    { address: addressOf(index), bytes },
    { address: addressOf(TOKENS + index), bytes },
    { address: addressOf(2 * TOKENS + index), bytes: forged },
  ]);
}

function receive(server: Server, strangers: readonly Stranger[], packets: number): void {
  for (let packet = 0; packet < packets; packet++) {
    const { address, bytes } = strangers[packet % strangers.length]!;
    receiveFromClient(server, START_MS, address, 0, bytes, 0, bytes.length);
  }
}

export const bench: Bench = {
  figures: ['udp.floods.gc', 'udp.floods.heapBytesEach', 'udp.floods.cpuMicros'],
  async run(seed, isSmall) {
    const packets = isSmall ? 1_000 : PACKETS;
    const key = new Uint8Array(32).fill(seed);
    const outbox: Outbox = createOutbox(64, (box) => {
      box.count = 0;
    });
    const server = createServer({
      aead,
      key,
      protocolId: 1n,
      addresses: [SERVER_ADDRESS],
      clientsMax: PLACES,
      handshakesMax: PLACES,
      tokensMax: PLACES,
      tokenLifetimeSMax: 60,
      expiresAfterS: 0,
      outbox,
    });
    const strangers = createStrangers(key);
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    receive(server, strangers, packets);
    observer.observe({ entryTypes: ['gc'] });
    // What the warm-up left is collected before it counts.
    await sleep(100);
    collections = 0;
    const heapBytes = process.memoryUsage().heapUsed;
    const startMicros = threadCpuMicros();
    receive(server, strangers, packets);
    const micros = (threadCpuMicros() - startMicros) / packets;
    const grownBytes = process.memoryUsage().heapUsed - heapBytes;
    await sleep(50);
    observer.disconnect();
    const checksum = `${server.handshakes.byAddress.count} handshakes, ${server.usedTokens.byTag.count} tokens`;
    const row = { seed, checksum };
    return [
      { figure: 'udp.floods.gc', value: collections, unit: '', ...row },
      { figure: 'udp.floods.heapBytesEach', value: Math.max(0, grownBytes) / packets, unit: 'bytes', ...row },
      { figure: 'udp.floods.cpuMicros', value: micros, unit: 'µs', ...row },
    ];
  },
};
