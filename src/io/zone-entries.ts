// How players get into zones, as the store thread decides it: a token is used up, the zone becomes the player's owner, and
// the character is taken from the store. While it stands in another zone the player is refused, and that zone's edges are told to let go
// of the connection: then it lingers there, as after any disconnect, and can be asked for once its last save has come. So
// changing the zone is no way out of a fight or of death. Part of io/store-keeper, which drains the rings.
//
//   what happens                store/zone-owners          io/character-writer                      here
//   it asks to get in           of the zone, not heard                                              its token is used; a taking
//   it asks again meanwhile                                                                         joins that taking
//   its first save              heard
//   its last save               gone                       left, until the ledger has all it was promised
//   a save or commit refused                               lost, no longer left                     edges let go of it
//   a later save, taken again                              no longer lost
//   its account is deleted                                                                          kept out, its taking void

import type { Clock } from '../base/clock.ts';
import { ServerError } from '../base/errors.ts';
import { TOKEN_LIFETIME_S } from '../base/limits.ts';
import { createTokenMemory } from '../gateway/token-memory.ts';
import type { ZoneOwners } from '../store/zone-owners.ts';
import type { EnteringCharacter } from './character-writer.ts';
import { CALL_MS_MAX, type EnterRequest, type Entry, type PlayerMoved, type ZonePlayers } from './store-client.ts';

export interface ZoneEntriesOptions {
  readonly owners: ZoneOwners;
  readonly clock: Clock;
  /** Seconds since 1970. */
  nowS(): number;
  readonly tokensFromS: number;
  /** Takes every save that waits in a ring; false when there is no room for all. */
  takeSaves(): boolean;
  /** In which this node had the player's character, if what it did with it was refused since. */
  lostEpoch(playerId: number): number | undefined;
  /** False when another node has seen the token. */
  useToken(request: EnterRequest): Promise<boolean>;
  /**
   * Makes this node the one whose saves count, and the zone their author; resolves to the character's newest state.
   * Undefined: not all that it was promised is in the ledger yet, another node took it meanwhile, or `isWanted`, asked right
   * before anything is changed, said no.
   */
  take(playerId: number, zoneId: number, isWanted: () => boolean): Promise<EnteringCharacter | undefined>;
}

export interface ZoneEntries {
  enterZone(request: EnterRequest): Promise<Entry>;
  /** Lets the player in nowhere while `work` runs, nor after it by a token that was given out before. */
  keepOut<T>(playerId: number, work: () => Promise<T>): Promise<T>;
  claimPlayers(players: ZonePlayers): Promise<undefined>;
  onMoved(tell: (moved: PlayerMoved) => void): () => void;
  /** Tells every edge that no zone may go on with the player as it was taken in that epoch or before. */
  tellLost(playerId: number, lostEpoch: number): void;
}

/** A character is taken for a zone; whoever asks meanwhile, and shortly after, is answered by it. */
interface Taking {
  readonly zoneId: number;
  readonly answer: Promise<Entry>;
  /** When the last one did. */
  askedMs: number;
  /** Infinity while it is under way. */
  endedMs: number;
}

/**
 * A zone saves who has got in at the end of that tick, so this is for the way there. Too short for a stay in another node,
 * which ends with 10 s of lingering.
 */
const ARRIVING_MS_MAX = 3_000;
/**
 * Who asked has given up by half of this, and asks again with another token. When nobody has for so long the player may be in
 * play on another node, and must not be taken away there.
 */
const WANTED_MS_MAX = 2 * CALL_MS_MAX;
/** No zone of this node: all of them let go. */
const ELSEWHERE = 0;

export function createZoneEntries(options: ZoneEntriesOptions): ZoneEntries {
  const { owners, clock } = options;
  const tokens = createTokenMemory();
  /** The newest of each player. Those that have ended are in the order in which they did. */
  const takings = new Map<number, Taking>();
  /** Players who are kept out, and until when, in seconds since 1970. */
  const keptOut = new Map<number, number>();
  const listeners = new Set<(moved: PlayerMoved) => void>();
  const tellAll = (moved: PlayerMoved): void => {
    for (const tell of listeners) tell(moved);
  };
  const tellMoved = (playerId: number, zoneId: number): void => tellAll({ playerId, zoneId });
  const tellLost = (playerId: number, lostEpoch: number): void => tellAll({ playerId, zoneId: ELSEWHERE, lostEpoch });

  const isKeptOut = (playerId: number): boolean => (keptOut.get(playerId) ?? 0) > options.nowS();

  /** Throws when too many tokens are remembered. */
  const useToken = async (request: EnterRequest): Promise<boolean> => {
    const nowS = options.nowS();
    if (request.expiresS - TOKEN_LIFETIME_S < options.tokensFromS) return false;
    const use = tokens.use(request, nowS);
    if (use === 'full') throw busy('tokens were used within a minute');
    return use && options.useToken(request);
  };

  const forgetEnded = (now: number): void => {
    for (const [playerId, { endedMs }] of takings) {
      if (endedMs === Number.POSITIVE_INFINITY) continue;
      if (now - endedMs <= ARRIVING_MS_MAX) return;
      takings.delete(playerId);
    }
  };

  /** What has come to nothing leaves all as it was. False, and nothing is touched, when it is not the newest any more. */
  const endTaking = (playerId: number, taking: Taking, isTaken: boolean, zoneBefore: number | undefined): boolean => {
    if (takings.get(playerId) !== taking) return false;
    takings.delete(playerId);
    if (owners.ownerOf(playerId) !== taking.zoneId) return false;
    taking.endedMs = clock.now();
    if (isTaken) takings.set(playerId, taking);
    else owners.giveBack(playerId, taking.zoneId, zoneBefore);
    return true;
  };

  const beginTaking = (request: EnterRequest, askedMs: number, zoneBefore: number | undefined): Taking => {
    const { playerId, zoneId } = request;
    const isWanted = (): boolean =>
      takings.get(playerId) === taking &&
      owners.ownerOf(playerId) === zoneId &&
      clock.now() - taking.askedMs <= WANTED_MS_MAX;
    const carryOut = async (): Promise<Entry> => {
      let taken: EnteringCharacter | undefined;
      try {
        taken = await options.take(playerId, zoneId, isWanted);
      } catch (error) {
        endTaking(playerId, taking, false, zoneBefore);
        throw error;
      }
      if (!endTaking(playerId, taking, taken !== undefined, zoneBefore)) return { refused: 'replaced' };
      if (taken === undefined) return { refused: 'still_leaving' };
      if (zoneBefore !== undefined && zoneBefore !== zoneId) tellMoved(playerId, zoneId);
      const { epoch, columns, isNew, answers } = taken;
      return { isStanding: false, epoch, character: columns, isNew, answers };
    };
    // It begins once it is in the map.
    const answer = Promise.resolve().then(carryOut);
    const taking: Taking = { zoneId, answer, askedMs, endedMs: Number.POSITIVE_INFINITY };
    takings.set(playerId, taking);
    return taking;
  };

  /**
   * Deliberate: nothing is awaited in here, so of two zones that ask at once one has the player afterwards. Throws when there
   * are too many of something.
   */
  const enter = (request: EnterRequest, askedMs: number): Entry | Promise<Entry> => {
    const { playerId, zoneId, isZoneFull } = request;
    // A player that left a moment ago and comes back must find what was saved at leaving, written or not.
    if (!options.takeSaves()) throw busy('saves wait to be written');
    if (isKeptOut(playerId)) return { refused: 'token_used' };
    const isHere = owners.zoneOf(playerId) === zoneId;
    if (isZoneFull && !isHere) return { refused: 'zone_full' };
    const zoneBefore = owners.ownerOf(playerId);
    const isStanding = owners.isStandingIn(playerId, zoneId);
    const entered = owners.enter(playerId, zoneId, options.nowS() * 1000, clock.now());
    if (entered === 'full') throw busy('players come and go');
    if (entered === 'still_leaving') {
      tellMoved(playerId, zoneId);
      return { refused: entered };
    }
    if (isStanding) {
      const lostEpoch = options.lostEpoch(playerId);
      if (lostEpoch === undefined) return { isStanding: true };
      // What stands in the zone is older than what the other node has since made of it: it has to go first.
      tellLost(playerId, lostEpoch);
      return { refused: 'still_leaving' };
    }
    forgetEnded(clock.now());
    // Who asks twice is let in twice in one epoch: the first may be playing by then, and what it does counts.
    const before = isHere ? takings.get(playerId) : undefined;
    if (before?.zoneId !== zoneId) return beginTaking(request, askedMs, zoneBefore).answer;
    before.askedMs = Math.max(before.askedMs, askedMs);
    return before.answer;
  };

  return {
    async enterZone(request) {
      const askedMs = clock.now();
      if (isKeptOut(request.playerId) || !(await useToken(request))) return { refused: 'token_used' };
      // Too late to be heard: who asked may be in play by another token, here or on another node.
      if (clock.now() - askedMs > CALL_MS_MAX) return { refused: 'token_used' };
      return enter(request, askedMs);
    },
    async keepOut(playerId, work) {
      const nowS = options.nowS();
      for (const [id, untilS] of keptOut) if (untilS <= nowS) keptOut.delete(id);
      // The end of one would let in whom the other one keeps out.
      if (keptOut.get(playerId) === Number.POSITIVE_INFINITY) throw busy('deletions of one account');
      const before = keptOut.get(playerId);
      keptOut.set(playerId, Number.POSITIVE_INFINITY);
      const taking = takings.get(playerId);
      takings.delete(playerId);
      // What it may be writing at the moment is there before `work` begins.
      await Promise.allSettled([taking?.answer]);
      try {
        const result = await work();
        keptOut.set(playerId, options.nowS() + TOKEN_LIFETIME_S);
        return result;
      } catch (error) {
        if (before === undefined) keptOut.delete(playerId);
        else keptOut.set(playerId, before);
        throw error;
      }
    },
    async claimPlayers({ zoneId, players }) {
      for (const { playerId, sinceMs } of players) {
        const isContested = owners.claim(playerId, zoneId, sinceMs, clock.now());
        if (isContested) tellMoved(playerId, owners.ownerOf(playerId)!);
      }
      return undefined;
    },
    onMoved(tell) {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    tellLost,
  };
}

function busy(what: string): ServerError {
  return new ServerError('DARKAGES_STORE_BUSY', `Too many ${what}.`);
}
