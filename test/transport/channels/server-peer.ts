// The server's end of the channels as test/conformance talks to it: what it says is drawn from a seed, what it hears is
// checked. Message number i begins with i as four bytes; the rest repeats its lowest byte.

import { createRandom, type Random } from '../../../src/base/random.ts';
import { isPacketDue, writeMessage } from '../../../src/transport/channels/channels.ts';
import { DUPLICATE, RELIABLE, SEQUENCED, STALE } from '../../../src/transport/channels/packet.ts';
import { createEnds, packetOf, queue, take } from './harness.ts';

const MESSAGES = 300;

export interface ServerPeer {
  readonly random: Random;
  /** One tick: the packets that leave. */
  tick(nowMs: number): Uint8Array[];
  take(packet: Uint8Array, nowMs: number): void;
  /** Whether all was said and acknowledged, and all was heard. */
  isDone(): boolean;
  report(): { queued: number; reliable: number; sequenced: number; dropped: number; rttMs: number };
}

function numbered(index: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(index & 0xff);
  new DataView(bytes.buffer).setUint32(0, index, true);
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  const index = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (Buffer.compare(bytes, numbered(index, bytes.length)) !== 0) throw new Error(`message ${index} has other bytes`);
  return index;
}

export function createServerPeer(seed: number): ServerPeer {
  const random = createRandom(seed);
  const { server } = createEnds();
  let queued = 0;
  let snapshots = 0;
  let reliable = 0;
  let sequenced = 0;
  let newestSequenced = -1;
  return {
    random,
    tick(nowMs) {
      if (queued < MESSAGES) {
        const length = queued === 99 ? 262_144 : [4, 50, 127, 128, 3000, 20_000][random.below(6)]!;
        if (queue(server, numbered(queued, length))) queued++;
      }
      const packets: Uint8Array[] = [];
      for (let first = true; (first || isPacketDue(server, nowMs)) && packets.length < 4; first = false) {
        const packet = packetOf(server, nowMs, () => {
          if (!first || random.below(3) > 0) return;
          const snapshot = numbered(snapshots++, 4 + random.below(800));
          writeMessage(server, SEQUENCED, snapshot, 0, snapshot.length);
        });
        if (packet !== undefined) packets.push(packet);
      }
      return packets;
    },
    take(packet, nowMs) {
      for (const { kind, bytes } of take(server, packet, nowMs).messages) {
        const index = numberOf(bytes);
        const isNext = kind === RELIABLE ? index === reliable : index > newestSequenced;
        if (!isNext) throw new Error(`SEED=${seed} kind ${kind}: message ${index}`);
        if (kind === RELIABLE) reliable++;
        else {
          newestSequenced = index;
          sequenced++;
        }
      }
    },
    isDone: () => queued === MESSAGES && server.sender.head === server.sender.tail && reliable === 400,
    report() {
      const { dropped, rttMs } = server.stats;
      const late = dropped[-DUPLICATE]! + dropped[-STALE]!;
      return { queued, reliable, sequenced, dropped: dropped.reduce((sum, count) => sum + count) - late, rttMs };
    },
  };
}
