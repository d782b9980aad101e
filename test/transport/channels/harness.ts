// Two ends of a connection and the seeded network between them, for the tests of the channels.

import { createRandom, type Random } from '../../../src/base/random.ts';
import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  isPacketDue,
  nextMessage,
  receivePacket,
  sendReliable,
} from '../../../src/transport/channels/channels.ts';
import { type Direction, DOWN, UP } from '../../../src/transport/channels/directions.ts';
import { HEADER_BYTES, RELIABLE, TAKEN } from '../../../src/transport/channels/packet.ts';
import { createLine, type Line, type LineOptions } from '../../simulated-network.ts';

export const TICK_MS = 1000 / 60;

/** As the directions are, without a limit of rate. */
export const FAST_DOWN: Direction = { ...DOWN, bytesPerSecond: 1e9, bytesBurst: 1e9 };
export const FAST_UP: Direction = { ...UP, bytesPerSecond: 1e9, bytesBurst: 1e9 };

export interface Ends {
  readonly server: Channels;
  readonly client: Channels;
}

export function createEnds(down: Direction = FAST_DOWN, up: Direction = FAST_UP): Ends {
  return { server: createChannels(down, up, undefined, 0), client: createChannels(up, down, undefined, 0) };
}

/** A packet as it would leave now, with what `write` puts into it; undefined when there is nothing to say. */
export function packetOf(channels: Channels, nowMs: number, write: () => void = () => {}): Uint8Array | undefined {
  const buffer = new Uint8Array(1200);
  beginPacket(channels, buffer, 0, nowMs);
  write();
  const end = endPacket(channels, nowMs);
  return end === 0 ? undefined : buffer.slice(0, end);
}

export interface Received {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

export interface Taken {
  readonly code: number;
  readonly messages: readonly Received[];
}

/** Hands a packet in and takes all its messages out. */
export function take(channels: Channels, packet: Uint8Array, nowMs: number): Taken {
  const code = receivePacket(channels, packet, 0, packet.length, nowMs);
  const messages: Received[] = [];
  while (nextMessage(channels)) {
    messages.push({ kind: channels.kind, bytes: channels.bytes.slice(channels.from, channels.end) });
  }
  return { code, messages };
}

export function bytesOf(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Bytes that no two messages share at the same place. */
export function messageOf(index: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = index >>> (8 * (at & 3));
  return bytes;
}

/** A packet written by hand: header, then messages as they are. */
export function forge(sequence: number, ...messages: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from([sequence & 0xff, sequence >>> 8, 0, 0, 0, 0, 0, 0, 0, 0, ...messages.flat()]);
}

export function segment(id: number, content: readonly number[], length = content.length): number[] {
  const head = (length << 2) | RELIABLE;
  return [head & 0xff, head >>> 8, id & 0xff, (id >>> 8) & 0xff, ...content];
}

export function withAcks(packet: Uint8Array, newest: number, bits: number, delayTenths = 0): Uint8Array {
  const view = new DataView(packet.buffer, packet.byteOffset, HEADER_BYTES);
  view.setUint16(2, newest, true);
  view.setUint32(4, bits >>> 0, true);
  view.setUint16(8, delayTenths, true);
  return packet;
}

export interface Traffic {
  readonly seed: number;
  readonly line: Omit<LineOptions, 'kind'>;
  /** Share of packets that come twice. */
  readonly duplication: number;
}

export interface Pair extends Ends {
  readonly random: Random;
  nowMs: number;
  /** One tick: what is due leaves, what has arrived is handed to `got`. */
  tick(got: (end: 'server' | 'client', message: Received) => void): void;
}

/** Both ends over a bad line, a packet a tick each way as in a game. */
export function createPair(ends: Ends, { seed, line, duplication }: Traffic): Pair {
  const random = createRandom(seed);
  const options: LineOptions = { kind: 'datagrams', ...line };
  const lines = { down: createLine(random, options), up: createLine(random, options) };
  const leave = (channels: Channels, out: Line, nowMs: number): void => {
    for (let packets = 0; packets < 3 && (packets === 0 || isPacketDue(channels, nowMs)); packets++) {
      const packet = packetOf(channels, nowMs);
      if (packet === undefined) return;
      out.send(nowMs, packet);
      if (random.fraction() < duplication) out.send(nowMs, packet);
    }
  };
  return {
    ...ends,
    random,
    nowMs: 0,
    tick(got) {
      this.nowMs += TICK_MS;
      leave(ends.server, lines.down, this.nowMs);
      leave(ends.client, lines.up, this.nowMs);
      for (const end of ['server', 'client'] as const) {
        lines[end === 'server' ? 'up' : 'down'].deliver(this.nowMs, (packet) => {
          const { code, messages } = take(ends[end], packet, this.nowMs);
          if (code > TAKEN) throw new Error(`code ${code}`);
          for (const message of messages) got(end, message);
        });
      }
    },
  };
}

export function queue(channels: Channels, bytes: Uint8Array): boolean {
  return sendReliable(channels, bytes, 0, bytes.length);
}
