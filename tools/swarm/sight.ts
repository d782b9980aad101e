// What a fighting bot sees: its client's replicas at the client's picture time, as a player would see them. Or, where its
// client reads only its own entity, what the bots of its process know of each other (crowd.ts), as of the newest snapshot.

import { placeShown } from '../../src/client/interpolation.ts';
import type { Client } from '../../src/client/state.ts';
import { FIGHTER_LAST } from '../../src/game/kinds.ts';
import { newestState, type Replica } from '../../src/snapshot/replicas.ts';
import { type Crowd, findSighting, sightingOf, sightingsNear } from './crowd.ts';
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

/** Of its own columns what a fighter decides by, and what its deeds are counted by. */
const OWN_COLUMNS = [
  'health',
  'mana',
  'stamina',
  'facing',
  'party',
  'castAbility',
  'readyTick1',
  'readyTick2',
  'readyTick3',
  'readyTick4',
  'shieldUntil',
  'actedTick',
  'actedAbility',
];

/** Where the values of a column lie: its coarse part and, for the owner, the fine one. */
interface OwnColumn {
  readonly name: string;
  readonly row: number;
  readonly shift: number;
  /** −1: none. */
  readonly fineRow: number;
}

export interface LightView extends FighterView {
  /** A snapshot was applied: takes over what it says of the own entity, and tells the others here. */
  note(): void;
}

export function createLightView(client: Client, crowd: Crowd, request: FighterView['request']): LightView {
  const columns = OWN_COLUMNS.map((name) => findOwnColumn(client, name));
  const own: Record<string, number> = {};
  let handle = 0;
  const note = (): void => {
    const { replicas, welcome } = client;
    const replica = welcome === undefined ? undefined : replicas.bySlot.get(welcome.slot);
    if (replica === undefined) return;
    const at = newestState(replicas, replica);
    for (const { name, row, shift, fineRow } of columns) {
      const fine = fineRow < 0 ? 0 : replica.values[at + fineRow]!;
      own[name] = (replica.values[at + row]! << shift) | fine;
    }
    handle = handleOf(replica.slot, replica.generation);
    const sighting = sightingOf(crowd, handle);
    sighting.kind = replica.kind;
    sighting.name = replica.name;
    sighting.x = client.own.x;
    sighting.z = client.own.z;
    sighting.health = own.health!;
    sighting.party = own.party!;
    sighting.isShielded = own.shieldUntil! > replicas.tick;
    sighting.notedMs = crowd.nowMs;
    sighting.isOwn = true;
  };
  return {
    get tick() {
      return client.sync.tick + 1;
    },
    get shownTick() {
      return client.replicas.tick;
    },
    get x() {
      return client.own.x;
    },
    get z() {
      return client.own.z;
    },
    own,
    intent: client.intent,
    seeAll: () => sightingsNear(crowd, handle, client.own.x, client.own.z),
    see: (other) => findSighting(crowd, other),
    request,
    note,
  };
}

function findOwnColumn({ game: { rows } }: Client, name: string): OwnColumn {
  const row = rows.findIndex(({ column }) => column === name);
  const fineRow = rows.findIndex(({ column }, index) => index > row && column === name);
  return { name, row, shift: rows[row]!.shift, fineRow };
}
