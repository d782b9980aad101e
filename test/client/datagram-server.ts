// The server's end of connections over UDP, without a socket: netcode and channels, one of these for each client that
// netcode lets in. What came of whom is in `inbox`; what the server sends is drawn by the test.

import {
  beginPacket,
  type Channels,
  createChannels,
  endPacket,
  isPacketDue,
  nextMessage,
  receivePacket,
  sendReliable,
  writeMessage,
} from '../../src/transport/channels/channels.ts';
import { DOWN, UP } from '../../src/transport/channels/directions.ts';
import { SEQUENCED } from '../../src/transport/channels/packet.ts';
import { disconnectClient, receiveFromClient, sendToClient, updateServer } from '../../src/transport/server.ts';
import { CLIENT_CONNECTED, type Server, type ServerOptions } from '../../src/transport/server-state.ts';
import type { Lab, Packet } from '../transport/lab.ts';

export interface Received {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

export interface Guest {
  readonly slot: number;
  readonly channels: Channels;
  readonly inbox: Received[];
  isGone: boolean;
}

export interface DatagramServer {
  readonly netcode: Server;
  /** All that ever came, in order. */
  readonly guests: Guest[];
  receive(nowMs: number, from: Uint32Array, bytes: Uint8Array): void;
  sendReliable(guest: Guest, bytes: Uint8Array): boolean;
  sendSequenced(guest: Guest, nowMs: number, bytes: Uint8Array): void;
  /** One payload as it is, whatever the channels would have made of it. */
  sendRaw(guest: Guest, nowMs: number, bytes: Uint8Array): void;
  disconnect(guest: Guest, nowMs: number): void;
  update(nowMs: number): void;
  take(): Packet[];
}

export function createDatagramServer(lab: Lab, options: Partial<ServerOptions> = {}): DatagramServer {
  const room = { clientsMax: 64, handshakesMax: 64, tokensMax: 256 };
  const { server, happened, take } = lab.startServer({ ...room, ...options });
  const guests: Guest[] = [];
  const bySlot = new Map<number, Guest>();
  const buffer = new Uint8Array(1200);
  const lookAfter = (nowMs: number): void => {
    for (const [kind, slot] of happened()) {
      const before = bySlot.get(slot);
      if (before !== undefined) before.isGone = true;
      bySlot.delete(slot);
      if (kind !== CLIENT_CONNECTED) continue;
      const guest: Guest = { slot, channels: createChannels(DOWN, UP, undefined, nowMs), inbox: [], isGone: false };
      guests.push(guest);
      bySlot.set(slot, guest);
    }
  };
  const sendPacket = ({ slot, channels }: Guest, nowMs: number): void => {
    const end = endPacket(channels, nowMs);
    if (end > 0) sendToClient(server, nowMs, slot, buffer, 0, end);
  };
  return {
    netcode: server,
    guests,
    receive(nowMs, from, bytes) {
      const slot = receiveFromClient(server, nowMs, from, 0, bytes, 0, bytes.length);
      lookAfter(nowMs);
      if (slot < 0) return;
      const { channels, inbox } = bySlot.get(slot)!;
      receivePacket(channels, server.payload, 0, server.payloadBytes, nowMs);
      while (nextMessage(channels)) {
        inbox.push({ kind: channels.kind, bytes: channels.bytes.slice(channels.from, channels.end) });
      }
    },
    sendReliable: ({ channels }, bytes) => sendReliable(channels, bytes, 0, bytes.length),
    sendSequenced(guest, nowMs, bytes) {
      beginPacket(guest.channels, buffer, 0, nowMs);
      writeMessage(guest.channels, SEQUENCED, bytes, 0, bytes.length);
      sendPacket(guest, nowMs);
    },
    sendRaw: ({ slot }, nowMs, bytes) => sendToClient(server, nowMs, slot, bytes, 0, bytes.length),
    disconnect(guest, nowMs) {
      disconnectClient(server, nowMs, guest.slot);
      guest.isGone = true;
      bySlot.delete(guest.slot);
    },
    update(nowMs) {
      updateServer(server, nowMs);
      lookAfter(nowMs);
      for (const guest of bySlot.values()) {
        for (let count = 0; count < 4 && isPacketDue(guest.channels, nowMs); count++) {
          beginPacket(guest.channels, buffer, 0, nowMs);
          sendPacket(guest, nowMs);
        }
      }
    },
    take,
  };
}
