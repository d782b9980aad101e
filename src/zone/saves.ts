// Characters on their way from the zone to the store thread. Zone thread; nothing in here decides how the zone goes on.
// A save that finds the ring full is dropped (counted): the player is saved again a second later. The last save of one
// who leaves waits instead, and is pushed before anything newer, so that it neither gets lost nor overwrites.

import { Writer } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import { createRingWriter, type RingWriter } from '../base/ring.ts';
import { playerIdOf, type World, worldTick } from '../sim/world.ts';
import { SAVE_HEAD_BYTES, writeSaveRecord } from '../store/save-record.ts';

export interface Saves {
  readonly ring: RingWriter;
  /** Columns of a character, in the order the store thread expects. */
  readonly columns: readonly Int32Array[];
  readonly values: Int32Array;
  readonly writer: Writer;
  /** Slots of those who got in since the last tick: the store thread hears of them at its end, however slow time is. */
  readonly arrived: number[];
  /** Last saves that wait for room, oldest first; at most one a player. */
  readonly waiting: Uint8Array[];
  readonly counters: Counters<'zone'>;
}

export function createSaves(
  world: World,
  savedColumns: readonly string[],
  buffer: SharedArrayBuffer,
  counters: Counters<'zone'>,
): Saves {
  return {
    ring: createRingWriter(buffer),
    columns: savedColumns.map((name) => world.columns[name]!),
    values: new Int32Array(savedColumns.length),
    writer: new Writer(new Uint8Array(SAVE_HEAD_BYTES + 4 * savedColumns.length)),
    arrived: [],
    waiting: [],
    counters,
  };
}

export function saveCharacter(saves: Saves, world: World, slot: number, isFinal: boolean): void {
  const { columns, values, writer, waiting } = saves;
  for (let index = 0; index < values.length; index++) values[index] = columns[index]![slot]!;
  writer.reset();
  writeSaveRecord(writer, playerIdOf(world, slot), world.columns.epoch[slot]!, worldTick(world), isFinal, values);
  if (flushFinalSaves(saves) === 0 && saves.ring.push(writer.bytes, 0, writer.offset)) return;
  if (isFinal) waiting.push(writer.copy());
  else saves.counters.words[saves.counters.index.saveDropped]!++;
}

/** Pushes last saves that wait; returns how many still do. */
export function flushFinalSaves(saves: Saves): number {
  const { waiting } = saves;
  while (waiting.length > 0 && saves.ring.push(waiting[0]!, 0, waiting[0]!.length)) waiting.shift();
  return waiting.length;
}
