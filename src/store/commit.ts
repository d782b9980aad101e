// What a zone has promised: a command or a happening whose outcome must not be lost, as plain structured-cloneable
// values. A zone makes commits, the journal keeps them, the client is told, and the store's ledger gets them in order.
// Any thread.

/** An account of a player, as it is after the transfer. */
export interface PlayerSide {
  readonly playerId: number;
  /** In which its zone had taken the character. */
  readonly epoch: number;
  /** How many transfers there were of this account, this one included: from 1, without a gap. */
  readonly seq: number;
  /** Of the transfer's asset. */
  readonly balance: number;
}

/** An account that is no player's, such as what lies on the ground: it may go below zero. */
export interface NamedSide {
  readonly account: string;
}

export type Side = PlayerSide | NamedSide;

export interface Transfer {
  /** Column of the game. */
  readonly asset: string;
  /** From 1. */
  readonly amount: number;
  readonly from: Side;
  readonly to: Side;
}

export interface Commit {
  /** `node/zone/epoch of the zone/tick/index`: the same again when the tick is replayed. */
  readonly id: string;
  readonly game: string;
  readonly zoneId: number;
  readonly tick: number;
  /** Who asked for it; 0: nobody, it happened. */
  readonly playerId: number;
  /** By which its client would ask for it again, 1 … 2⁵³−1; 0: none. */
  readonly key: number;
  /** Name of the request, or of what happened. */
  readonly request: string;
  /** '' when it was done; else why not, and there are no transfers. */
  readonly refused: string;
  readonly transfers: readonly Transfer[];
}

export function isPlayerSide(side: Side): side is PlayerSide {
  return 'playerId' in side;
}
