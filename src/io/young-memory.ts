// What threads that tick put on their heaps before the engine collects it, and claiming that soon after they began: the
// system hands memory out page by page as it is first written to, and a process that grows while people play looks like a
// leak, until the last thread has been through all of its own. Not before they tick, since that would take a zone a tenth
// of a second for which everybody waits after a crash, nor while they all come back. Zone and edge threads.

/** A zone of 1,000 players makes 55 to 105 KB a second: no collection in ten minutes. */
export const ZONE_YOUNG_MIB = 64;
export const EDGE_YOUNG_MIB = 16;

const PIECE_BYTES = 8192;

/** So long after the first call it begins. */
const CLAIM_AFTER_MS = 5_000;

/**
 * To be called after each turn: a MiB of garbage, which takes a millisecond, until both halves of the young generation
 * have been written through and so collected.
 */
export function createYoungClaim(mib: number): (nowMs: number) => void {
  let piecesLeft = (2 * mib * 2 ** 20) / PIECE_BYTES;
  let fromMs = Number.NaN;
  return (nowMs) => {
    if (piecesLeft === 0) return;
    if (Number.isNaN(fromMs)) fromMs = nowMs + CLAIM_AFTER_MS;
    if (nowMs < fromMs) return;
    let piece: number[] = [];
    for (let count = 0; count < 2 ** 20 / PIECE_BYTES; count++) {
      piece = new Array<number>(PIECE_BYTES / 8 - 2).fill(piece.length);
    }
    piecesLeft -= 2 ** 20 / PIECE_BYTES;
  };
}
