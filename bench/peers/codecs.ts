// The two codecs by hand for plain `ws`: JSON, and bytes. Both send the whole state of whoever is visible, without
// deltas: nearly everybody's aim changes with each input. Shared by server and client.

import type { Input, Walker } from './workload.ts';

export interface Codec {
  writeInput(sequence: number, input: Input): Buffer | string;
  /** Fills `input`; returns its number. */
  readInput(data: Buffer, input: Input): number;
  /** What snapshots of several clients may share. */
  writePlayers(players: readonly (Walker & { readonly id: number })[]): Buffer | string;
  writeSnapshot(tick: number, sequence: number, players: Buffer | string): Buffer | string;
}

const json: Codec = {
  writeInput: (sequence, { moveX, moveZ, aim, buttons }) => JSON.stringify({ sequence, moveX, moveZ, aim, buttons }),
  readInput(data, input) {
    const { sequence, moveX, moveZ, aim, buttons } = JSON.parse(data.toString()) as Input & { sequence: number };
    Object.assign(input, { moveX, moveZ, aim, buttons });
    return sequence;
  },
  writePlayers: (players) =>
    JSON.stringify(players.map(({ id, x, z, aim, state }) => ({ id, x: Math.round(x), z: Math.round(z), aim, state }))),
  // The players are JSON already.
  writeSnapshot: (tick, sequence, players) => `{"tick":${tick},"sequence":${sequence},"players":${players}}`,
};

const INPUT_BYTES = 9;
const HEAD_BYTES = 8;
const PLAYER_BYTES = 9;

const binary: Codec = {
  writeInput(sequence, { moveX, moveZ, aim, buttons }) {
    const bytes = Buffer.allocUnsafe(INPUT_BYTES);
    bytes.writeUInt32LE(sequence, 0);
    bytes.writeInt8(moveX, 4);
    bytes.writeInt8(moveZ, 5);
    bytes.writeUInt16LE(aim & 0xffff, 6);
    bytes.writeUInt8(buttons, 8);
    return bytes;
  },
  readInput(data, input) {
    input.moveX = data.readInt8(4);
    input.moveZ = data.readInt8(5);
    input.aim = data.readUInt16LE(6);
    input.buttons = data.readUInt8(8);
    return data.readUInt32LE(0);
  },
  /** With room for the head in front, so that who shares it with nobody need not copy it. */
  writePlayers(players) {
    const bytes = Buffer.allocUnsafe(HEAD_BYTES + players.length * PLAYER_BYTES);
    let at = HEAD_BYTES;
    for (const { id, x, z, aim, state } of players) {
      at = bytes.writeUInt16LE(id, at);
      at = bytes.writeInt16LE(Math.round(x), at);
      at = bytes.writeInt16LE(Math.round(z), at);
      at = bytes.writeUInt16LE(aim, at);
      at = bytes.writeUInt8(state, at);
    }
    return bytes;
  },
  writeSnapshot(tick, sequence, players) {
    // Copied, as several clients may share it and sending keeps it for a while.
    const bytes = Buffer.from(players as Buffer);
    bytes.writeUInt32LE(tick, 0);
    bytes.writeUInt32LE(sequence, 4);
    return bytes;
  },
};

export const CODECS = { json, binary } as const;
