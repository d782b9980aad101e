// The two directions of a connection and what both ends have to agree on for each: a client may make a server hold little.

import {
  CHANNEL_BYTES_BURST_DOWN,
  CHANNEL_BYTES_BURST_UP,
  CHANNEL_BYTES_PER_SECOND_DOWN,
  CHANNEL_BYTES_PER_SECOND_UP,
  QUEUE_BYTES_DOWN_MAX,
  QUEUE_BYTES_UP_MAX,
  RELIABLE_BYTES_DOWN_MAX,
  RELIABLE_BYTES_UP_MAX,
  SEGMENTS_DOWN,
  SEGMENTS_UP,
} from '../../base/limits.ts';

export interface Direction {
  /** Segments on the way at once. Both ends must have the same. */
  readonly segments: number;
  /** The longest reliable message. Both ends must have the same. */
  readonly messageBytesMax: number;
  /** Reliable bytes that may wait at the sender. */
  readonly queueBytesMax: number;
  /** Message bytes that the sender may send. */
  readonly bytesPerSecond: number;
  readonly bytesBurst: number;
}

/** Server to client. */
export const DOWN: Direction = {
  segments: SEGMENTS_DOWN,
  messageBytesMax: RELIABLE_BYTES_DOWN_MAX,
  queueBytesMax: QUEUE_BYTES_DOWN_MAX,
  bytesPerSecond: CHANNEL_BYTES_PER_SECOND_DOWN,
  bytesBurst: CHANNEL_BYTES_BURST_DOWN,
};

/** Client to server. */
export const UP: Direction = {
  segments: SEGMENTS_UP,
  messageBytesMax: RELIABLE_BYTES_UP_MAX,
  queueBytesMax: QUEUE_BYTES_UP_MAX,
  bytesPerSecond: CHANNEL_BYTES_PER_SECOND_UP,
  bytesBurst: CHANNEL_BYTES_BURST_UP,
};
