// Which edge of a zone the next player is told to connect to: the one with the fewest. Pure, main thread.
// Whoever was told is counted with the players until the edge has them, or for some seconds at most: many who ask in the
// same instant would all be sent to the same edge.

import type { EdgePlace } from './advertise.ts';

/** One edge, as the session function chooses among them. */
export interface SessionEdge extends EdgePlace {
  /** Connections it has. */
  readonly players: number;
}

export interface EdgeChoice {
  /**
   * One of `edges`, of which there is one at least; all of them of one kind and one zone.
   * @param isExpected whether the player will come there, as far as is known: of the zones that are listed it joins one.
   */
  choose(kind: 'ws' | 'udp', edges: readonly SessionEdge[], nowS: number, isExpected: boolean): SessionEdge;
}

/** Who was told is waited for so long, and up to twice as long. */
const WAIT_S = 5;

/** What is known of an edge beside what it says now. */
interface Expected {
  /** When it was looked at last. */
  players: number;
  /** Told and not there yet: in this time, and in the one before. */
  told: number;
  toldBefore: number;
}

export function createEdgeChoice(): EdgeChoice {
  const all = new Map<string, Expected>();
  let beganS = 0;

  /** A clock that was put back would let nobody be forgotten. */
  const forget = (nowS: number): void => {
    const passedS = nowS - beganS;
    if (passedS >= 0 && passedS < WAIT_S) return;
    const isLong = passedS < 0 || passedS >= 2 * WAIT_S;
    for (const one of all.values()) [one.told, one.toldBefore] = [0, isLong ? 0 : one.told];
    beganS = nowS;
  };

  const look = (kind: string, { place, players }: SessionEdge): Expected => {
    const key = `${kind} ${place}`;
    const one = all.get(key) ?? { players, told: 0, toldBefore: 0 };
    all.set(key, one);
    const came = Math.max(0, players - one.players);
    const cameBefore = Math.min(came, one.toldBefore);
    one.toldBefore -= cameBefore;
    one.told = Math.max(0, one.told - (came - cameBefore));
    one.players = players;
    return one;
  };

  return {
    choose(kind, edges, nowS, isExpected) {
      forget(nowS);
      let chosen = edges[0]!;
      let fewest = Number.POSITIVE_INFINITY;
      for (const edge of edges) {
        const { players, told, toldBefore } = look(kind, edge);
        if (players + told + toldBefore >= fewest) continue;
        fewest = players + told + toldBefore;
        chosen = edge;
      }
      if (isExpected) look(kind, chosen).told++;
      return chosen;
    },
  };
}
