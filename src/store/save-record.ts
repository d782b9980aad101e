// The record by which a zone hands a character's state to the store thread, through the save ring. Pure, any thread.
//
//   u53 playerId | u32 epoch of the taking | u32 tick | u8 final (1 = the player left) | i32 a saved column, in the order of
//   the game's savedColumns

import type { Reader, Writer } from '../base/bytes.ts';
import type { CharacterSave } from './write-behind.ts';

export const SAVE_HEAD_BYTES = 17;

export function writeSaveRecord(
  writer: Writer,
  playerId: number,
  epoch: number,
  tick: number,
  final: boolean,
  values: ArrayLike<number>,
): void {
  writer.u53(playerId);
  writer.u32(epoch);
  writer.u32(tick);
  writer.u8(final ? 1 : 0);
  for (let index = 0; index < values.length; index++) writer.u32(values[index]! >>> 0);
}

/** Undefined when the record has another length than its columns ask for. Allocates. */
export function readSaveRecord(reader: Reader, savedColumns: readonly string[]): CharacterSave | undefined {
  const playerId = reader.u53();
  const epoch = reader.u32();
  const tick = reader.u32();
  const final = reader.u8() === 1;
  const columns: Record<string, number> = {};
  for (const name of savedColumns) columns[name] = reader.i32();
  if (reader.failed || reader.remaining > 0 || playerId === 0) return undefined;
  // Two saves may be of one tick: who leaves in it was perhaps saved in it before.
  return { playerId, epoch, version: 2 * tick + (final ? 1 : 0), columns, final };
}
