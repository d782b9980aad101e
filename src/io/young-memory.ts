// What threads that tick put on their heaps before the engine collects it, and claiming that when they begin: the system
// hands memory out page by page as it is first written to, and a process that grows while people play looks like a leak,
// until the last thread has been through all of its own. Zone and edge threads.

/** A zone of 1,000 players makes 55 to 105 KB a second: no collection in ten minutes. */
export const ZONE_YOUNG_MIB = 64;
export const EDGE_YOUNG_MIB = 16;

const PIECE_BYTES = 8192;

/** Writes garbage through both halves of the young generation, which collects it twice. */
export function claimYoungMemory(mib: number): void {
  let piece: number[] = [];
  for (let bytes = 0; bytes < 2 * mib * 2 ** 20; bytes += PIECE_BYTES) {
    piece = new Array<number>(PIECE_BYTES / 8 - 2).fill(piece.length);
  }
}
