// The memory that a zone and the journal share: the ring of tick records, the keyframe that is on its way to a file, and
// a few words of who has done what. The zone thread writes ring and keyframe, the store thread keeps them; neither waits
// for the other. Ring and words outlive both threads.

import { createRingBuffer } from '../base/ring.ts';

export interface ZoneJournalBuffers {
  readonly ring: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
  /** Of a whole keyframe at most; what was never used costs nothing. */
  readonly keyframe: SharedArrayBuffer;
}

// The store thread says, the zone reads:
/** Newest tick of which, and of all before, the records are on disk. The zone sleeps on this word. */
export const COMMITTED_TICK = 0;
/** Newest tick of which a keyframe is on disk: what comes after it can be replayed. */
export const KEPT_TICK = 1;
/** 1: commits are refused: the store can't take more at the moment, or the disk fails. */
export const IS_PAUSED = 2;

// The zone sets, the store thread takes back:
/** 1: clients wait to be told what is on the ring. Without it records may wait for others to be kept with. */
export const IS_AWAITED = 3;
/** Tick of the keyframe that lies in `keyframe`, until it is on disk; 0: none, the zone may write one. */
export const KEYFRAME_TICK = 4;

// The zone says before it sets that, the store thread reads:
export const KEYFRAME_BYTES = 5;
/** Of the zone that wrote it. */
export const KEYFRAME_EPOCH = 6;

// The zone says, the thread after it reads:
/** Tick of the record that was pushed last, whether or not the ring's reader may see it. */
export const PUSHED_TICK = 7;

const WORDS = 16;
/** A tick record is a quarter of it at most: 4,096 players and all they can send in a tick fit. */
export const JOURNAL_RING_BYTES = 1 << 22;

export function createZoneJournalBuffers(keyframeBytes: number): ZoneJournalBuffers {
  return {
    ring: createRingBuffer(JOURNAL_RING_BYTES),
    words: new SharedArrayBuffer(4 * WORDS),
    keyframe: new SharedArrayBuffer(keyframeBytes),
  };
}
