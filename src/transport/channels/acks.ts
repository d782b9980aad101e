// Which packets arrived, both ways: what we sent and what became of it, what we received and have to acknowledge. Any
// thread; pure, time is handed in; allocates nothing after creation.
//
// Each packet acknowledges 32 of the other side's, so an acknowledgement is lost only when 32 packets are. Sequences
// are never sent again: what was lost leaves in a new packet. After Glenn Fiedler, "Reliability and Congestion
// Avoidance over UDP" and "Reliable Ordered Messages" (gafferongames.com).
//
// Packets are counted from 0 in plain numbers; only on the wire they are cut to 16 bits.

import { lowestBit } from '../../base/bits.ts';
import { ACK_PACKETS, SENT_PACKETS_MAX } from '../../base/limits.ts';
import { BAD_ACK, DELAY_TENTHS_MAX, DUPLICATE, type PacketHeader, STALE, TAKEN } from './packet.ts';
import { ackSegments, type ReliableSender } from './reliable-sender.ts';
import { sequenceAhead } from './sequence.ts';
import { type ConnectionStats, createLossMeter, type LossMeter, noteLoss, noteRoundTrip } from './stats.ts';

const MASK = SENT_PACKETS_MAX - 1;

/** How long an acknowledgement may wait for a packet that leaves anyhow, and for one that carried segments. */
const ACK_WAIT_MS = 100;
const ACK_WAIT_SEGMENTS_MS = 25;
/** What came and what didn't is told to the meter so many at a time. */
const LOSS_STEP = 8;
/** So many packets are never left unacknowledged: half of what one packet can acknowledge. */
const ACK_WAIT_PACKETS = ACK_PACKETS / 2;

export interface SentPackets {
  /** Packets sent so far, which is the number of the next one. */
  count: number;
  /** The outcome of every packet before this one is known. */
  decided: number;
  /** −1: none. */
  newestAcked: number;
  /** Bit i: packet `newestAcked − i` was acknowledged. */
  ackedBits: number;
  readonly sentMs: Float64Array;
  readonly isAcked: Uint8Array;
  /** The segments in a packet: bit i of the two words is segment `base + i`. */
  readonly segmentBases: Uint16Array;
  readonly segmentsLow: Int32Array;
  readonly segmentsHigh: Int32Array;
  /**
   * What the user has not been told yet: a packet's sequence, and bit 16 when it arrived. One packet that comes can
   * decide all that are remembered; who doesn't ask in between loses the oldest.
   */
  readonly outcomes: Int32Array;
  outcomesIn: number;
  outcomesOut: number;
  readonly loss: LossMeter;
}

export interface ReceivedPackets {
  /** −1: none. */
  newest: number;
  newestMs: number;
  /** Bit i: packet `newest − i` came. As an int32. */
  bits: number;
  /** When what came has to be acknowledged at the latest; Infinity when there is nothing new. */
  ackDueMs: number;
  unacked: number;
  /** Packets that came and packets that did not, since the meter was told last. */
  arrived: number;
  missed: number;
  readonly loss: LossMeter;
}

export function createSentPackets(): SentPackets {
  const count = SENT_PACKETS_MAX;
  // One buffer for all columns: each of its own would cost a few hundred bytes more, ten thousand times.
  const buffer = new ArrayBuffer(count * 23);
  return {
    count: 0,
    decided: 0,
    newestAcked: -1,
    ackedBits: 0,
    sentMs: new Float64Array(buffer, 0, count),
    segmentsLow: new Int32Array(buffer, count * 8, count),
    segmentsHigh: new Int32Array(buffer, count * 12, count),
    outcomes: new Int32Array(buffer, count * 16, count),
    segmentBases: new Uint16Array(buffer, count * 20, count),
    isAcked: new Uint8Array(buffer, count * 22, count),
    outcomesIn: 0,
    outcomesOut: 0,
    loss: createLossMeter(),
  };
}

export function createReceivedPackets(): ReceivedPackets {
  return {
    newest: -1,
    newestMs: 0,
    bits: 0,
    ackDueMs: Infinity,
    unacked: 0,
    arrived: 0,
    missed: 0,
    loss: createLossMeter(),
  };
}

// --- what we sent

/** A packet leaves now, with these segments. The packet whose place it takes is lost if nothing was heard of it. */
export function noteSent(
  sent: SentPackets,
  stats: ConnectionStats,
  nowMs: number,
  segmentBase: number,
  segmentsLow: number,
  segmentsHigh: number,
): void {
  decideOutcomes(sent, stats, sent.count - MASK);
  const place = sent.count & MASK;
  sent.sentMs[place] = nowMs;
  sent.isAcked[place] = 0;
  sent.segmentBases[place] = segmentBase;
  sent.segmentsLow[place] = segmentsLow;
  sent.segmentsHigh[place] = segmentsHigh;
  sent.count++;
}

/** The number of the packet that a header acknowledges as the newest; −1 when no packet of ours ever had it. */
function findAcked(sent: SentPackets, newest: number): number {
  const behind = sequenceAhead(sent.count - 1, newest);
  return behind < 0 || behind >= sent.count ? -1 : sent.count - 1 - behind;
}

/** From the wire: whether all that a header acknowledges was sent. */
export function checkAcks(sent: SentPackets, header: PacketHeader): typeof TAKEN | typeof BAD_ACK {
  if (header.bits === 0) return TAKEN;
  const newest = findAcked(sent, header.newest);
  if (newest < 0) return BAD_ACK;
  // Shifting by 32 would be shifting by 0.
  return newest < ACK_PACKETS - 1 && header.bits >>> (newest + 1) !== 0 ? BAD_ACK : TAKEN;
}

/** Takes the acknowledgements of a header that passed `checkAcks`. */
export function takeAcks(
  sent: SentPackets,
  sender: ReliableSender,
  stats: ConnectionStats,
  header: PacketHeader,
  nowMs: number,
): void {
  if (header.bits === 0) return;
  const newest = findAcked(sent, header.newest);
  const ahead = newest - sent.newestAcked;
  const known = ahead >= 0 ? shiftUp(sent.ackedBits, ahead) : shiftDown(sent.ackedBits, -ahead);
  // Most packets acknowledge what the one before did: what is new has a bit or two.
  for (let fresh = header.bits & ~known; fresh !== 0; fresh &= fresh - 1) {
    const back = lowestBit(fresh);
    const packet = newest - back;
    // What is decided stays so: an acknowledgement that comes after all can't undo that it was reported lost.
    if (packet < sent.decided) break;
    const place = packet & MASK;
    sent.isAcked[place] = 1;
    pushOutcome(sent, packet, true);
    ackSegments(sender, sent.segmentBases[place]!, sent.segmentsLow[place]!, sent.segmentsHigh[place]!);
    if (back === 0) takeRoundTrip(stats, nowMs - sent.sentMs[place]!, header.delayTenths);
  }
  if (ahead > 0) {
    sent.newestAcked = newest;
    sent.ackedBits = known | header.bits;
    decideOutcomes(sent, stats, newest - (ACK_PACKETS - 1));
  } else sent.ackedBits |= shiftUp(header.bits, -ahead);
}

function shiftUp(bits: number, by: number): number {
  return by < ACK_PACKETS ? bits << by : 0;
}

/** What is shifted in at the top lies before what is remembered, and is decided. */
function shiftDown(bits: number, by: number): number {
  return by < ACK_PACKETS ? (bits >>> by) | ~(-1 >>> by) : -1;
}

/**
 * The peer says how long it waited; what can't be true of a round trip is no sample. One that lies gets segments again
 * sooner, out of its own budget, and that is all.
 */
function takeRoundTrip(stats: ConnectionStats, elapsedMs: number, delayTenths: number): void {
  const sampleMs = elapsedMs - delayTenths / 10;
  if (sampleMs >= 0 && delayTenths < DELAY_TENTHS_MAX) noteRoundTrip(stats, sampleMs);
}

/** Every packet before `limit` has its outcome now: nothing that comes can acknowledge it any more. */
function decideOutcomes(sent: SentPackets, stats: ConnectionStats, limit: number): void {
  let arrived = 0;
  let lost = 0;
  for (; sent.decided < limit; sent.decided++) {
    if (sent.isAcked[sent.decided & MASK] === 1) {
      arrived++;
      continue;
    }
    lost++;
    pushOutcome(sent, sent.decided, false);
  }
  if (arrived + lost === 0) return;
  stats.packetsLost += lost;
  stats.lossOutShare = noteLoss(sent.loss, arrived, lost);
}

function pushOutcome(sent: SentPackets, packet: number, hasArrived: boolean): void {
  if (sent.outcomesIn - sent.outcomesOut === SENT_PACKETS_MAX) sent.outcomesOut++;
  sent.outcomes[sent.outcomesIn & MASK] = (packet & 0xffff) | (hasArrived ? 0x1_0000 : 0);
  sent.outcomesIn++;
}

/** The oldest outcome not told yet: a packet's sequence, plus 65,536 when it arrived; −1 when there is none. */
export function takeOutcome(sent: SentPackets): number {
  if (sent.outcomesOut === sent.outcomesIn) return -1;
  const outcome = sent.outcomes[sent.outcomesOut & MASK]!;
  sent.outcomesOut++;
  return outcome;
}

// --- what we received

/** The number of a packet that came, counted from the other side's first. */
export function numberOf(received: ReceivedPackets, sequence: number): number {
  return received.newest + sequenceAhead(sequence, received.newest);
}

export function checkSequence(
  received: ReceivedPackets,
  sequence: number,
): typeof TAKEN | typeof DUPLICATE | typeof STALE {
  const behind = received.newest - numberOf(received, sequence);
  if (behind < 0) return TAKEN;
  // Before the first packet there is none: with nothing received yet, half the circle is older than the beginning.
  if (behind >= ACK_PACKETS || behind > received.newest) return STALE;
  return (received.bits & (1 << behind)) === 0 ? TAKEN : DUPLICATE;
}

/** A packet was taken that passed `checkSequence`. A jump costs the same, however far. */
export function noteReceived(received: ReceivedPackets, stats: ConnectionStats, packet: number, nowMs: number): void {
  const ahead = packet - received.newest;
  if (ahead <= 0) {
    received.bits |= 1 << -ahead;
    return;
  }
  const leaving = countLeaving(received, ahead);
  const passed = Math.max(0, packet - ACK_PACKETS + 1) - Math.max(0, received.newest - ACK_PACKETS + 1);
  received.arrived += leaving;
  received.missed += passed - leaving;
  if (received.arrived + received.missed >= LOSS_STEP) noteLossIn(received, stats);
  received.bits = ahead >= ACK_PACKETS ? 1 : (received.bits << ahead) | 1;
  received.newest = packet;
  received.newestMs = nowMs;
}

function noteLossIn(received: ReceivedPackets, stats: ConnectionStats): void {
  stats.lossInShare = noteLoss(received.loss, received.arrived, received.missed);
  received.arrived = 0;
  received.missed = 0;
}

/** Of the packets that leave the window when it moves by `ahead`, those that had come. */
function countLeaving(received: ReceivedPackets, ahead: number): number {
  let bits = ahead >= ACK_PACKETS ? received.bits : received.bits & (-1 << (ACK_PACKETS - ahead));
  let count = 0;
  for (; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** What came wants to be acknowledged: soon, or with the next packet that leaves. Bare acknowledgements want none. */
export function oweAck(received: ReceivedPackets, nowMs: number, hasSegments: boolean): void {
  received.unacked++;
  const waitMs = received.unacked >= ACK_WAIT_PACKETS ? 0 : hasSegments ? ACK_WAIT_SEGMENTS_MS : ACK_WAIT_MS;
  received.ackDueMs = Math.min(received.ackDueMs, nowMs + waitMs);
}

/** Puts what was received into the header of a packet that leaves now. */
export function fillAcks(received: ReceivedPackets, header: PacketHeader, nowMs: number): void {
  received.ackDueMs = Infinity;
  received.unacked = 0;
  header.bits = received.bits;
  header.newest = received.newest < 0 ? 0 : received.newest & 0xffff;
  const delayTenths = Math.round((nowMs - received.newestMs) * 10);
  header.delayTenths = received.newest < 0 ? 0 : Math.max(0, Math.min(DELAY_TENTHS_MAX, delayTenths));
}
