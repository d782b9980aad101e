// What a server or a client of the transport counts: a word for each, so that an edge can copy them into its block of
// base/counters.ts. Every packet that comes in moves packetsIn, and one that is dropped exactly one count of the drops
// as well: nothing is logged and nothing is answered. Edge threads, clients.

const TRAFFIC = ['packetsIn', 'bytesIn', 'packetsOut', 'bytesOut'] as const;

const HAPPENED = [
  'challenges',
  'denials',
  'connects',
  'disconnects',
  'timeouts',
  /** A handshake or a used token made room for a newer one: the bound of its table was reached. */
  'handshakesEvicted',
  'tokensEvicted',
  /** New keys were used for the first time; an address was challenged, and a connection moved to it. */
  'rekeys',
  'pathChallenges',
  'moves',
] as const;

/** Why a packet was dropped, in the order in which a packet is looked at. */
export const DROP_REASONS = [
  /** Shorter than any packet or longer than all. */
  'dropSize',
  /** A type that there isn't, or that this side does not take. */
  'dropType',
  /** The prefix gives the sequence number no length from 1 to 8. */
  'dropSequence',
  /** What is sealed is not as long as its type has it. */
  'dropLength',
  /** From an address with which nothing is going on. */
  'dropStranger',
  /** Not expected in this state. */
  'dropState',
  'dropReplayed',
  /** Does not open with the key of its address. */
  'dropForged',
  'requestSize',
  'requestVersion',
  'requestProtocol',
  'requestExpired',
  /** Expires later than any token of ours can. */
  'requestFuture',
  /** May have been used before this start of the server. */
  'requestEarlier',
  /** The token was used from another address. */
  'requestElsewhere',
  /** The token was connected with once. */
  'requestSpent',
  /** Copied, or sent again sooner than any client would. */
  'requestAgain',
  'requestForged',
  'requestMalformed',
  'requestOtherServer',
  /** The challenge is none of ours, or another client's. */
  'responseForged',
  /** Its token has connected. */
  'responseConnected',
  /** Under keys that are wiped. */
  'dropForgotten',
  /** A control message of no such kind or length, or not of the other side, or not under these keys. */
  'controlMalformed',
  /** Of an exchange that is over. */
  'offerStale',
  /** So soon after the last one. */
  'offerEarly',
  /** So many of all clients; it comes again. */
  'offerBusy',
  /** No keys in it. */
  'offerRefused',
  /** To an offer that was not made, or no answer at all. */
  'answerUnasked',
  'answerRefused',
  /** Not what the address was sent, or from another one. */
  'pathForged',
  /** The address is another client's. */
  'pathTaken',
] as const;

const NAMES = [...TRAFFIC, ...HAPPENED, ...DROP_REASONS] as const;

export type CountName = (typeof NAMES)[number];
export type Counts = Uint32Array;

/** The place of each count. None of a drop is 0, which says that a packet was not dropped. */
export const COUNT: Readonly<Record<CountName, number>> = Object.fromEntries(
  NAMES.map((name, index) => [name, index]),
) as Record<CountName, number>;

export const ACCEPTED = 0;

export function createCounts(): Counts {
  return new Uint32Array(NAMES.length);
}
