// Fuzz targets of the channels, which lie behind decryption: what a peer with a good token may send. Each keeps one
// connection for many inputs, since what one packet leaves behind is what the next one trips over.

import { createRandom } from '../../src/base/random.ts';
import {
  type Channels,
  createChannels,
  heldBytes,
  isBroken,
  nextMessage,
  nextOutcome,
  receivePacket,
  writeMessage,
} from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import { BROKEN, HEADER_BYTES, MESSAGE_BYTES_MAX, SEQUENCED, TAKEN } from '../../src/transport/channels/packet.ts';
import { createEnds, messageOf, packetOf, queue, take } from '../transport/channels/harness.ts';
import { type FuzzTarget, hold } from './target.ts';

const HELD_BYTES_MAX = UP.segments * 1024 + UP.messageBytesMax;
const RUNS_EACH = 60;

/** Packets of a client that sends some of everything to a server that answers. */
function channelSeeds(): Uint8Array[] {
  const random = createRandom(1);
  const { server, client } = createEnds();
  const seeds: Uint8Array[] = [];
  for (let nowMs = 0; nowMs < 1000; nowMs += 50) {
    if (random.below(2) === 0) queue(client, messageOf(nowMs, 4 + random.below(2000)));
    const packet = packetOf(client, nowMs, () => {
      const input = messageOf(nowMs, 4 + random.below(20));
      writeMessage(client, SEQUENCED, input, 0, input.length);
    })!;
    seeds.push(packet);
    if (random.below(3) > 0) take(server, packet, nowMs);
    const answer = packetOf(server, nowMs, () => writeMessage(server, SEQUENCED, packet, 0, 9));
    if (answer !== undefined) take(client, answer, nowMs);
  }
  return seeds;
}

function checkAfter(channels: Channels, code: number): void {
  hold(code <= TAKEN && code >= BROKEN, `code ${code}`);
  let messages = 0;
  while (nextMessage(channels)) {
    messages++;
    const length = channels.end - channels.from;
    hold(length > 0 && length <= Math.max(UP.messageBytesMax, MESSAGE_BYTES_MAX), `a message of ${length} bytes`);
    hold(channels.from >= 0 && channels.end <= channels.bytes.length, `a message at ${channels.from}`);
  }
  hold(code === TAKEN || messages === 0, 'messages of a packet that was dropped');
  hold(messages <= 600 + UP.segments * 512, `${messages} messages of one packet`);
  hold(heldBytes(channels) - channels.sender.queue.length <= HELD_BYTES_MAX, `${heldBytes(channels)} bytes held`);
  for (let outcome = nextOutcome(channels); outcome !== -1; outcome = nextOutcome(channels)) {
    hold(outcome >= 0 && outcome <= 0x1_ffff, `outcome ${outcome}`);
  }
  const { sent, stats } = channels;
  hold(sent.decided <= sent.count && sent.newestAcked < sent.count, 'acknowledged more than was sent');
  hold(stats.lossInShare >= 0 && stats.lossInShare <= 1 && stats.lossOutShare <= 1, `loss ${stats.lossInShare}`);
  hold(Number.isFinite(stats.rttMs) && Number.isFinite(stats.jitterMs), `round trip ${stats.rttMs}`);
}

/** @param isHonestHeader the header is one that is taken, so that what follows it is reached by every input. */
function packetTarget(name: string, isHonestHeader: boolean): FuzzTarget {
  let server = createChannels(DOWN, UP, undefined, 0);
  let runs = 0;
  return {
    name,
    seeds: channelSeeds(),
    run(bytes) {
      if (runs++ % RUNS_EACH === 0 || isBroken(server)) server = createChannels(DOWN, UP, undefined, 0);
      const nowMs = runs * 10;
      if (runs % 3 === 0) queue(server, messageOf(runs, 100));
      packetOf(server, nowMs, () => writeMessage(server, SEQUENCED, messageOf(runs, 4), 0, 4));
      const packet = bytes.slice();
      if (isHonestHeader && packet.length >= HEADER_BYTES) {
        const next = (server.received.newest + 1) & 0xffff;
        packet.set([next & 255, next >> 8, 0, 0, 0, 0, 0, 0, 0, 0]);
      }
      checkAfter(server, receivePacket(server, packet, 0, packet.length, nowMs));
    },
  };
}

export function channelTargets(): FuzzTarget[] {
  return [packetTarget('receivePacket', false), packetTarget('receivePacket, what follows a good header', true)];
}
