// A recorded zone: the records it took, each with its tick, as bytes. Made by the real zone from seeded players, and
// run again wherever this file is loaded: test, worker thread, browser. No I/O.
//
//   u32 tick | u32 length | bytes …      ticks rise; a replay runs each tick after the records of it

import { Writer } from '../../../src/base/bytes.ts';
import { createRandom, type Random } from '../../../src/base/random.ts';
import { createRingWriter } from '../../../src/base/ring.ts';
import type { AnyGame } from '../../../src/sim/game.ts';
import { worldTick } from '../../../src/sim/world.ts';
import { createInputLayout, INPUT_TICK_WORD, INPUT_VALUES_WORD } from '../../../src/wire/client-frame.ts';
import {
  RECORD_BYTES_MAX,
  RECORD_LEAVE,
  writeBareRecord,
  writeInputRecord,
  writeJoinRecord,
} from '../../../src/wire/zone-records.ts';
import { createZoneBuffers } from '../../../src/zone/buffers.ts';
import { hashZone } from '../../../src/zone/recovery.ts';
import { applyRecord, createZone, stepZone, tickZone } from '../../../src/zone/zone.ts';

const CAPACITY = 64;
const CLIENTS = 12;
const HASH_INTERVAL_TICKS = 100;

export interface Replay {
  /** Of every 100th tick and the last one. */
  readonly hashes: readonly string[];
}

export interface Recording extends Replay {
  readonly stream: Uint8Array<ArrayBuffer>;
}

/** Plays `ticks` ticks with players who come, go, lose inputs and never stand still for long. */
export function recordZone(game: AnyGame, seed: number, ticks: number): Recording {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  const buffers = createZoneBuffers(game, 1, CAPACITY);
  const onRecord = (tick: number, bytes: Uint8Array, offset: number, end: number): void => {
    const chunk = new Uint8Array(8 + end - offset);
    const view = new DataView(chunk.buffer);
    view.setUint32(0, tick, true);
    view.setUint32(4, end - offset, true);
    chunk.set(bytes.subarray(offset, end), 8);
    chunks.push(chunk);
    byteCount += chunk.length;
  };
  const zone = createZone({ game, seed, epoch: 1, buffers, resume: false, onRecord });
  const ring = createRingWriter(buffers.inputRings[0]!);
  const players = createPlayers(game, createRandom(seed ^ 0x5eed));
  const hashes: string[] = [];
  for (let tick = 1; tick <= ticks; tick++) {
    players.act(tick, (bytes, length) => ring.push(bytes, 0, length));
    tickZone(zone);
    if (tick % HASH_INTERVAL_TICKS === 0 || tick === ticks) hashes.push(hashZone(zone));
  }
  const stream = new Uint8Array(byteCount);
  let at = 0;
  for (const chunk of chunks) {
    stream.set(chunk, at);
    at += chunk.length;
  }
  return { stream, hashes };
}

/** The same zone from its stream alone. */
export function replayZone(game: AnyGame, seed: number, ticks: number, stream: Uint8Array): Replay {
  const zone = createZone({ game, seed, epoch: 1, buffers: createZoneBuffers(game, 1, CAPACITY), resume: false });
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const hashes: string[] = [];
  let at = 0;
  for (let tick = 1; tick <= ticks; tick++) {
    while (at < stream.length && view.getUint32(at, true) === tick) {
      const end = at + 8 + view.getUint32(at + 4, true);
      applyRecord(zone, stream, at + 8, end);
      at = end;
    }
    stepZone(zone);
    if (worldTick(zone.world) !== tick) throw new Error(`the replay is at tick ${worldTick(zone.world)}, not ${tick}`);
    if (tick % HASH_INTERVAL_TICKS === 0 || tick === ticks) hashes.push(hashZone(zone));
  }
  if (at !== stream.length) throw new Error('the stream goes on after the last tick');
  return { hashes };
}

interface Players {
  act(tick: number, send: (bytes: Uint8Array, length: number) => void): void;
}

/** One in a hundred inputs is lost, some come late or early, a few claim or ask for what isn't allowed. */
function createPlayers(game: AnyGame, random: Random): Players {
  const layout = createInputLayout(game);
  const writer = new Writer(new Uint8Array(RECORD_BYTES_MAX));
  const words = Array.from({ length: CLIENTS }, () => new Int32Array(layout.words));
  const isIn: boolean[] = new Array(CLIENTS).fill(false);
  const turn = (input: Int32Array): void => {
    const angle = random.fraction() * 2 * Math.PI;
    input[INPUT_VALUES_WORD] = Math.trunc(Math.cos(angle) * 127);
    input[INPUT_VALUES_WORD + 1] = Math.trunc(Math.sin(angle) * 127);
    input[INPUT_VALUES_WORD + 2] = random.below(0x1_0000);
    input[INPUT_VALUES_WORD + 3] = random.below(4);
  };
  return {
    act(tick, send) {
      for (let client = 0; client < CLIENTS; client++) {
        const input = words[client]!;
        writer.reset();
        if (!isIn[client]) {
          if (random.below(200) !== 0) continue;
          isIn[client] = true;
          // A few players share the connections, so some come back and some take a lingering character over.
          const playerId = 1 + random.below(CLIENTS * 2);
          writeJoinRecord(writer, client, { epoch: 1, playerId, name: `player-${playerId}`, saved: undefined });
        } else if (random.below(1500) === 0) {
          isIn[client] = false;
          writeBareRecord(writer, RECORD_LEAVE, client);
        } else {
          if (random.below(100) === 0) continue;
          if (random.below(25) === 0) turn(input);
          input[INPUT_TICK_WORD] = tick + 2 + (random.below(20) === 0 ? random.below(50) - 10 : 0);
          input[layout.claimWord] = Number(random.below(50) === 0);
          input[layout.claimWord + 1] = random.below(400_000) - 200_000;
          writeInputRecord(writer, client, input, 0, layout.words);
        }
        send(writer.bytes, writer.offset);
      }
    },
  };
}
