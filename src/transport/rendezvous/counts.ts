// What is counted at a rendezvous, by the point, a host and a guest alike: each has a word for all of them, and moves
// those that are its own. Every packet that comes in moves packetsIn, and one that is dropped exactly one of the drops.
// Edge threads, clients, the point.

const TRAFFIC = ['packetsIn', 'bytesIn', 'packetsOut', 'bytesOut'] as const;

const HAPPENED = [
  /** An address had to prove itself first. */
  'challenges',
  'registrations',
  'introductions',
  /** A good ticket for a host that isn't there. */
  'unknownHosts',
  'punches',
  /** A punch came: the path is open. */
  'opened',
  'hostsLost',
  /** A ticket that had not expired made room for a newer one. */
  'meetingsEvicted',
] as const;

/** Why a packet was dropped, in the order in which a packet is looked at. */
export const RENDEZVOUS_DROPS = [
  'dropType',
  'dropSize',
  /** From another address than that of the point, or of whom one was introduced to. */
  'dropStranger',
  'dropTicketForged',
  'dropTicketExpired',
  /** Expires later than any ticket of ours can. */
  'dropTicketFuture',
  'dropForged',
  /** The ticket was used from another address. */
  'dropTicketElsewhere',
  /** It was answered a moment ago. */
  'dropSoon',
  /** The ticket has brought as many introductions as it may. */
  'dropTicketSpent',
  /** There is room for no more hosts; at a host, for no more meetings. */
  'dropFull',
  /** At a host: one guest host has as many meetings as it may. */
  'dropShare',
  /** Answers nothing that was asked, or nothing of late; at the point, a registration older than the last one. */
  'dropStale',
] as const;

const NAMES = [...TRAFFIC, ...HAPPENED, ...RENDEZVOUS_DROPS] as const;

export type RendezvousCount = (typeof NAMES)[number];
export type RendezvousCounts = Uint32Array;

/** The place of each count. None of a drop is 0. */
export const RENDEZVOUS_COUNT: Readonly<Record<RendezvousCount, number>> = Object.fromEntries(
  NAMES.map((name, index) => [name, index]),
) as Record<RendezvousCount, number>;

/** What taking a packet answers when it is not dropped; else the count of why it is. */
export const TAKEN = 0;

export function createRendezvousCounts(): RendezvousCounts {
  return new Uint32Array(NAMES.length);
}
