// Room for names: in a crowd they would lie on each other until none can be read, so each takes its place on the screen
// and one that finds it taken isn't written. First come, first served: whoever asks in the same order in each frame gets
// the same names. Pure; browser main thread. Allocates only when the screen grows.

/** Of a cell. A name is a line high and some cells wide. */
const CELL_PX = 8;

export interface LabelRoom {
  cells: Uint8Array;
  columns: number;
  rows: number;
}

export function createLabelRoom(): LabelRoom {
  return { cells: new Uint8Array(0), columns: 0, rows: 0 };
}

/** Everything is free again, on a screen of this size. */
export function clearLabels(room: LabelRoom, widthPx: number, heightPx: number): void {
  room.columns = Math.ceil(widthPx / CELL_PX);
  room.rows = Math.ceil(heightPx / CELL_PX);
  const count = room.columns * room.rows;
  if (room.cells.length < count) room.cells = new Uint8Array(count);
  else room.cells.fill(0);
}

/** Takes the room of a label with its middle there; false when another has some of it. */
export function takeLabel(room: LabelRoom, x: number, y: number, widthPx: number, heightPx: number): boolean {
  const left = Math.max(0, Math.floor((x - widthPx / 2) / CELL_PX));
  const right = Math.min(room.columns - 1, Math.floor((x + widthPx / 2) / CELL_PX));
  const top = Math.max(0, Math.floor((y - heightPx / 2) / CELL_PX));
  const bottom = Math.min(room.rows - 1, Math.floor((y + heightPx / 2) / CELL_PX));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      if (room.cells[row * room.columns + column] !== 0) return false;
    }
  }
  for (let row = top; row <= bottom; row++) {
    room.cells.fill(1, row * room.columns + left, row * room.columns + right + 1);
  }
  return true;
}
