// What a fighting bot sees: its client's replicas at the client's picture time, as a player would see them.

import { placeShown } from '../../src/client/interpolation.ts';
import type { Client } from '../../src/client/state.ts';
import { FIGHTER_LAST } from '../../src/game/kinds.ts';
import { newestState, type Replica } from '../../src/snapshot/replicas.ts';
import type { FighterView, Seen } from './fighter.ts';

const SLOTS = 0x1_0000;

export function handleOf(slot: number, generation: number): number {
  return slot + SLOTS * generation;
}

/** The client's, always as of now. */
export function createFighterView(client: Client, request: FighterView['request']): FighterView {
  const rowOf = (column: string): number => client.game.rows.findIndex((row) => row.column === column);
  const rows = { health: rowOf('health'), party: rowOf('party'), shieldUntil: rowOf('shieldUntil') };
  const seen = (replica: Replica): Seen => {
    const { interpolation, replicas, sync } = client;
    const { x, z } = placeShown(interpolation, replicas, replica);
    const at = newestState(replicas, replica);
    const value = (row: number): number => replica.values[at + row]!;
    return {
      handle: handleOf(replica.slot, replica.generation),
      kind: replica.kind,
      name: replica.name,
      x,
      z,
      health: value(rows.health),
      party: value(rows.party),
      isShielded: value(rows.shieldUntil) > sync.tick,
    };
  };
  return {
    get tick() {
      return client.sync.tick + 1;
    },
    get shownTick() {
      return client.shownTick;
    },
    get x() {
      return client.own.x;
    },
    get z() {
      return client.own.z;
    },
    own: client.own.columns,
    intent: client.intent,
    seeAll() {
      const all: Seen[] = [];
      for (const [slot, replica] of client.replicas.bySlot) {
        if (replica.kind <= FIGHTER_LAST && slot !== client.welcome?.slot) all.push(seen(replica));
      }
      return all;
    },
    see(handle) {
      const replica = client.replicas.bySlot.get(handle % SLOTS);
      return replica === undefined || handleOf(replica.slot, replica.generation) !== handle ? undefined : seen(replica);
    },
    request,
  };
}
