// What comes in floods at a UDP edge, one kind of attacker each, at ten times the rate of the honest players. Loopback
// only: strangers get addresses of their own in 127.0.0.0/8, where the system lets a socket send from any of them.

import { createRandom } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import { createSodiumAead } from '../../src/io/aead-sodium.ts';
import { PROTOCOL_ID } from '../../src/io/connect-tokens.ts';
import { openUdp } from '../../src/io/udp.ts';
import { ADDRESS_WORDS, copyAddress, parseAddress } from '../../src/transport/address.ts';
import { createClient, sendToServer } from '../../src/transport/client.ts';
import { createOutbox, OUTBOX_STRIDE } from '../../src/transport/outbox.ts';
import { mintToken } from '../../src/transport/token.ts';
import { createPacketBatch } from '../../src/transport/udp-port.ts';
import { leaveUdp, openUdpSession, startUdpClient, type UdpClient } from '../../tools/hostile/udp-client.ts';
import { until } from './server.ts';

export const KEY = new Uint8Array(32).fill(0x3c);
/** IPv4 word of 127.9.0.0. */
const LOCALS_FIRST = 0x7f09_0000;
/** Of several addresses' sessions; each is shown four times a second. */
const HALF_OPEN_TOKENS = 3000;
const NEVER_SENT = [0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0, 0];
const aead = createSodiumAead();

export interface Attacker {
  send(count: number): void;
  /** What came back to it. */
  readonly answers: { packets: number; bytes: number };
  readonly sent: { packets: number; bytes: number };
  close(): void;
}

export interface Target {
  readonly url: string;
  readonly port: number;
  readonly seed: number;
  /** Of this process: attackers with good tokens make them themselves. */
  readonly connectKey: Uint8Array;
}

/** Each packet again and again from an address that is always its own. */
async function createStrangers({ port }: Target, packets: readonly Uint8Array[]): Promise<Attacker> {
  const udp = await openUdp({ host: '0.0.0.0', port: 0, hasLocals: true });
  const batch = createPacketBatch(64, OUTBOX_STRIDE, udp.hasLocals);
  const address = parseAddress(`127.0.0.1:${port}`)!;
  const answers = { packets: 0, bytes: 0 };
  const sent = { packets: 0, bytes: 0 };
  udp.onReadable(() => {
    const count = udp.receive();
    answers.packets += count;
    for (let index = 0; index < count; index++) answers.bytes += udp.incoming.lengths[index]!;
  });
  const put = (which: number): void => {
    if (batch.count === batch.capacity) udp.send(batch);
    const at = batch.count++;
    const bytes = packets[which]!.subarray(0, OUTBOX_STRIDE);
    batch.bytes.set(bytes, at * OUTBOX_STRIDE);
    batch.lengths[at] = bytes.length;
    copyAddress(address, 0, batch.addresses, at * ADDRESS_WORDS);
    batch.locals?.set([0, 0, 0xffff, LOCALS_FIRST + which, 0], at * ADDRESS_WORDS);
    sent.packets++;
    sent.bytes += bytes.length;
  };
  return {
    answers,
    sent,
    send(count) {
      for (let index = 0; index < count; index++) put(sent.packets % packets.length);
      udp.send(batch);
    },
    close: () => udp.close(),
  };
}

function requestOf({ port, connectKey }: Target, clientId: number, key = connectKey): Uint8Array {
  const nowS = Math.floor(Date.now() / 1000);
  const terms = {
    protocolId: PROTOCOL_ID,
    clientId: BigInt(clientId),
    createdS: nowS,
    expiresS: nowS + 60,
    timeoutS: 5,
  };
  const token = mintToken(aead, key, { ...terms, addresses: [parseAddress(`127.0.0.1:${port}`)!] });
  const outbox = createOutbox(1, () => {});
  createClient(aead, token, outbox, 0);
  return outbox.bytes.slice(0, outbox.lengths[0]);
}

/** Noise behind every first byte that there is, of any length, and of the lengths that each type has. */
function createJunk({ seed }: Target): Uint8Array[] {
  const random = createRandom(seed);
  const noise = (prefix: number, length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, at) => (at === 0 ? prefix : random.below(256)));
  return Array.from({ length: 256 }, (_, prefix) => prefix).flatMap((prefix) => {
    const exact = (prefix & 15) === 0 ? 1078 : 1 + (prefix >> 4) + 16;
    const data = [0, 308, 308, 308, 8, 100, 0][prefix & 15] ?? 60;
    return [noise(prefix, 1 + random.below(OUTBOX_STRIDE)), noise(prefix, Math.min(exact + data, OUTBOX_STRIDE))];
  });
}

async function enter({ url }: Target): Promise<UdpClient> {
  const { connectToken, token } = await openUdpSession(url);
  const client = await startUdpClient(game, connectToken, token);
  await until('a snapshot', () => client.snapshots > 0);
  return client;
}

/** A client that was let in and whose packets are made by `write`: the channel's, whatever they claim. */
async function createInsider(target: Target, write: (sequence: number) => readonly number[]): Promise<Attacker> {
  const client = await enter(target);
  const { transport } = client.socket;
  const sent = { packets: 0, bytes: 0 };
  return {
    sent,
    answers: { packets: 0, bytes: 0 },
    send(count) {
      // It may have been thrown out, which is as good.
      for (let index = 0; index < count && !client.isClosed; index++) {
        const packet = Uint8Array.from(write(sent.packets++));
        sendToServer(transport, performance.now(), packet, 0, packet.length);
        sent.bytes += packet.length;
      }
    },
    close: () => leaveUdp(client),
  };
}

const u16 = (value: number): number[] => [value & 255, (value >> 8) & 255];
/** Beyond whatever was sent before by the client's own channels. */
const sequenceOf = (index: number): number[] => u16(1_000 + index);
const segment = (id: number, ...data: number[]): number[] => [...u16((data.length << 2) | 2), ...u16(id), ...data];
const filler = new Array<number>(1_000).fill(0x7f);

/** A packet of a real player, again from its own address and from another. */
async function createReplays(target: Target): Promise<Attacker> {
  const client = await enter(target);
  const recorded = client.sent.slice();
  const strangers = await createStrangers(target, recorded);
  return {
    ...strangers,
    send(count) {
      strangers.send(count >> 1);
      for (let index = 0; index < count >> 1; index++) {
        const bytes = recorded[index % recorded.length]!;
        client.udp.send(bytes, target.port, '127.0.0.1');
      }
      strangers.sent.packets += count >> 1;
    },
    close() {
      strangers.close();
      leaveUdp(client);
    },
  };
}

export interface Flood {
  readonly name: string;
  /** The most that may come back, of what was sent; undefined where the attacker was let in and is played with. */
  readonly answerShare: number | undefined;
  start(target: Target): Promise<Attacker>;
}

export const FLOODS: readonly Flood[] = [
  {
    name: 'junk of every type',
    answerShare: 0,
    start: (target) => createStrangers(target, createJunk(target)),
  },
  {
    name: 'requests with forged tokens, each from its own address',
    answerShare: 0,
    start: (target) =>
      createStrangers(
        target,
        Array.from({ length: 500 }, (_, index) => requestOf(target, index, new Uint8Array(32).fill(1))),
      ),
  },
  {
    name: 'half-open handshakes: good tokens whose challenge nobody answers',
    answerShare: 0.31,
    start: (target) =>
      createStrangers(
        target,
        Array.from({ length: HALF_OPEN_TOKENS }, (_, index) => requestOf(target, 1_000_000 + index)),
      ),
  },
  { name: 'replays of a player’s packets', answerShare: 0, start: createReplays },
  {
    name: 'fragment bombs: segments beyond the window, early ones, and a message that never ends',
    answerShare: undefined,
    start: (target) =>
      createInsider(target, (index) => [
        ...sequenceOf(index),
        ...new Array<number>(8).fill(0),
        ...segment(index % 3 === 0 ? 20_000 + index : 2 + (index % 16), ...filler),
      ]),
  },
  {
    name: 'acknowledgements of packets that were never sent',
    answerShare: undefined,
    start: (target) => createInsider(target, (index) => [...sequenceOf(index), ...NEVER_SENT]),
  },
];
