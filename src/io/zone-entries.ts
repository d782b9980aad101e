// How players get into zones, as the store thread decides it: a token is used up, the zone becomes the player's owner, and
// the character is taken from the store. While it stands in another zone the player is refused, and that zone's edges are told to let go
// of the connection: then it lingers there, as after any disconnect, and can be asked for once its last save has come. So
// changing the zone is no way out of a fight or of death. Part of io/store-keeper, which drains the rings.
//
//   what happens                store/zone-owners          io/character-writer                      here
//   let in                      of the zone, not heard     entering                                 its token is used
//   its first save              heard                      no longer entering
//   its last save               gone                       left, until the ledger has all it was promised
//   a save or commit refused                               lost, no longer left                     edges let go of it
//   a later save, taken again                              no longer lost
//   its account is deleted                                                                          kept out

import type { Clock } from '../base/clock.ts';
import { ServerError } from '../base/errors.ts';
import { TOKEN_LIFETIME_S } from '../base/limits.ts';
import { createTokenMemory } from '../gateway/token-memory.ts';
import type { ZoneOwners } from '../store/zone-owners.ts';
import type { EnteringCharacter } from './character-writer.ts';
import type { EnterRequest, Entry, PlayerMoved, ZonePlayers } from './store-client.ts';

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
   * Undefined: not all that it was promised is in the ledger yet.
   */
  take(playerId: number, zoneId: number): Promise<EnteringCharacter | undefined>;
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

/** No zone of this node: all of them let go. */
const ELSEWHERE = 0;

export function createZoneEntries(options: ZoneEntriesOptions): ZoneEntries {
  const { owners, clock } = options;
  const tokens = createTokenMemory();
  /** Players who are kept out, and until when, in seconds since 1970. */
  const keptOut = new Map<number, number>();
  const listeners = new Set<(moved: PlayerMoved) => void>();
  const tellAll = (moved: PlayerMoved): void => {
    for (const tell of listeners) tell(moved);
  };
  const tellMoved = (playerId: number, zoneId: number): void => tellAll({ playerId, zoneId });
  const tellLost = (playerId: number, lostEpoch: number): void => tellAll({ playerId, zoneId: ELSEWHERE, lostEpoch });

  /** Gives the player to the zone, or says why not. Throws when there are too many of something. */
  const take = (request: EnterRequest): 'entered' | 'token_used' | 'zone_full' | 'still_leaving' => {
    const { playerId, zoneId } = request;
    const nowS = options.nowS();
    if ((keptOut.get(playerId) ?? 0) > nowS) return 'token_used';
    const isUnknown = request.expiresS - TOKEN_LIFETIME_S < options.tokensFromS;
    const use = isUnknown ? false : tokens.use(request, nowS);
    if (use === 'full') throw busy('tokens were used within a minute');
    if (!use) return 'token_used';
    if (request.isZoneFull && owners.zoneOf(playerId) !== zoneId) return 'zone_full';
    const entered = owners.enter(playerId, zoneId, nowS * 1000, clock.now());
    if (entered === 'full') throw busy('players come and go');
    if (entered === 'still_leaving') tellMoved(playerId, zoneId);
    return entered;
  };

  return {
    /** Deliberate: nothing is awaited until the owner is set, so of two zones that ask at once one has it afterwards. */
    async enterZone(request) {
      const { playerId, zoneId } = request;
      // A player that left a moment ago and comes back must find what was saved at leaving, written or not.
      if (!options.takeSaves()) throw busy('saves wait to be written');
      const zoneBefore = owners.ownerOf(playerId);
      const isStanding = owners.isStandingIn(playerId, zoneId);
      const taken = take(request);
      if (taken !== 'entered') return { refused: taken };
      // What stands in the zone is older than what the other node has since made of it: it has to go first.
      const lostEpoch = options.lostEpoch(playerId);
      if (isStanding && lostEpoch !== undefined) {
        tellLost(playerId, lostEpoch);
        return { refused: 'still_leaving' };
      }
      try {
        if (!(await options.useToken(request))) {
          owners.giveBack(playerId, zoneId, zoneBefore);
          return { refused: 'token_used' };
        }
        const taken = isStanding ? undefined : await options.take(playerId, zoneId);
        if (!isStanding && taken === undefined) {
          owners.giveBack(playerId, zoneId, zoneBefore);
          return { refused: 'still_leaving' };
        }
        if (owners.ownerOf(playerId) !== zoneId) return { refused: 'replaced' };
        if (zoneBefore !== undefined && zoneBefore !== zoneId) tellMoved(playerId, zoneId);
        if (taken === undefined) return { isStanding: true };
        const { epoch, columns, isNew, answers } = taken;
        return { isStanding: false, epoch, character: columns, isNew, answers };
      } catch (error) {
        owners.giveBack(playerId, zoneId, zoneBefore);
        throw error;
      }
    },
    async keepOut(playerId, work) {
      const nowS = options.nowS();
      for (const [id, untilS] of keptOut) if (untilS <= nowS) keptOut.delete(id);
      keptOut.set(playerId, Number.POSITIVE_INFINITY);
      try {
        const result = await work();
        keptOut.set(playerId, options.nowS() + TOKEN_LIFETIME_S);
        return result;
      } catch (error) {
        keptOut.delete(playerId);
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
