// Where an entity was some ticks ago, from the zone's own history. Zone thread. Reads frames that the same thread
// published, so none can be torn; a frame that is gone, or in which somebody else had the slot, is a plain "no".

import { REWIND_TICKS_MAX } from '../base/limits.ts';
import { POSITION_SHIFT } from '../sim/columns.ts';
import { frameOffset, frameSlotCount, GENERATION, type History, isFrameHeld, KIND, ROWS } from '../sim/history.ts';
import { type World, worldTick } from '../sim/world.ts';

export interface Past {
  readonly history: History;
  readonly world: World;
  readonly rowX: number;
  readonly rowY: number;
  readonly rowZ: number;
}

export function createPast(history: History, world: World): Past {
  const rowOf = (name: string): number => ROWS + history.rows.findIndex((row) => row.name === name);
  return { history, world, rowX: rowOf('position_x'), rowY: rowOf('position_y'), rowZ: rowOf('position_z') };
}

/**
 * Fills `out` with x, y, z in 1/128 mm (rounded down to mm) of the entity in `slot` at the end of the tick that lies
 * `ticksBack` before the one being run; 0 is now. False when it wasn't there, or longer ago than is kept.
 */
export function positionAt(past: Past, slot: number, ticksBack: number, out: Int32Array): boolean {
  const { history, world } = past;
  const { kind, generation, positionX, positionY, positionZ } = world.columns;
  if (kind[slot] === 0) return false;
  if (ticksBack <= 0) {
    out[0] = positionX[slot]!;
    out[1] = positionY[slot]!;
    out[2] = positionZ[slot]!;
    return true;
  }
  const tick = worldTick(world) - ticksBack;
  if (ticksBack > REWIND_TICKS_MAX || !isFrameHeld(history, tick) || slot >= frameSlotCount(history, tick))
    return false;
  const { records, stride } = history;
  const record = frameOffset(history, tick) + slot * stride;
  if (records[record + KIND] !== kind[slot] || records[record + GENERATION] !== generation[slot]) return false;
  out[0] = records[record + past.rowX]! << POSITION_SHIFT;
  out[1] = records[record + past.rowY]! << POSITION_SHIFT;
  out[2] = records[record + past.rowZ]! << POSITION_SHIFT;
  return true;
}
