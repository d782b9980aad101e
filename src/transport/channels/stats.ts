// What is known of one connection, as plain numbers: for /metrics, for the client's display, for the length of a wait.
// Any thread, pure.

/** Outcomes after which half of what was seen is forgotten: the share is that of the last few seconds. */
const LOSS_MEMORY = 256;
/** Below this many a share would be chance. */
const LOSS_SEEN_MIN = 16;

export interface ConnectionStats {
  /** Smoothed, without the time that acknowledgements were held back; −1 before the first. */
  rttMs: number;
  /** Smoothed distance of round trips from `rttMs`. */
  jitterMs: number;
  /** 0 … 1 of the last packets: of ours, and of the peer's. */
  lossOutShare: number;
  lossInShare: number;
  packetsOut: number;
  packetsIn: number;
  /** Bytes of packets, headers included. */
  bytesOut: number;
  bytesIn: number;
  packetsLost: number;
  segmentsOut: number;
  segmentsResent: number;
  /** Segments that came again, and sequenced messages that came too late. */
  segmentsRepeated: number;
  sequencedLate: number;
  /** Messages not sent: no budget or no room in the packet; the reliable queue was full. */
  messagesRefused: number;
  reliableRefused: number;
  /** Packets dropped on arrival: the words of packet.ts, `dropped[-code]`. */
  readonly dropped: Uint32Array;
}

export function createStats(): ConnectionStats {
  return {
    rttMs: -1,
    jitterMs: 0,
    lossOutShare: 0,
    lossInShare: 0,
    packetsOut: 0,
    packetsIn: 0,
    bytesOut: 0,
    bytesIn: 0,
    packetsLost: 0,
    segmentsOut: 0,
    segmentsResent: 0,
    segmentsRepeated: 0,
    sequencedLate: 0,
    messagesRefused: 0,
    reliableRefused: 0,
    dropped: new Uint32Array(8),
  };
}

/** One round trip, by the usual gains of an eighth (RFC 6298 has a quarter for the deviation). */
export function noteRoundTrip(stats: ConnectionStats, sampleMs: number): void {
  if (stats.rttMs < 0) {
    stats.rttMs = sampleMs;
    stats.jitterMs = sampleMs / 4;
    return;
  }
  stats.jitterMs += (Math.abs(sampleMs - stats.rttMs) - stats.jitterMs) / 8;
  stats.rttMs += (sampleMs - stats.rttMs) / 8;
}

/** Counts packets that came or were lost, and forgets the older ones. */
export interface LossMeter {
  seen: number;
  lost: number;
}

export function createLossMeter(): LossMeter {
  return { seen: 0, lost: 0 };
}

/** Returns the share that was lost lately. A jump of thousands counts as a few hundred: it costs no more than one. */
export function noteLoss(meter: LossMeter, arrived: number, lost: number): number {
  const lostCapped = Math.min(lost, LOSS_MEMORY);
  meter.seen += arrived + lostCapped;
  meter.lost += lostCapped;
  if (meter.seen >= LOSS_MEMORY) {
    meter.seen /= 2;
    meter.lost /= 2;
  }
  return meter.seen < LOSS_SEEN_MIN ? 0 : meter.lost / meter.seen;
}
