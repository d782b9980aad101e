// What a fighting bot sees: its client's replicas at the client's picture time, as a player would see them. Or, where its
// client reads only its own entity, what the bots of its process know of each other (crowd.ts), as of the newest snapshot.

import { placeShown } from '../../src/client/interpolation.ts';
import type { Client, Intent } from '../../src/client/state.ts';
import { FIGHTER_LAST } from '../../src/game/kinds.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { newestState, type Replica } from '../../src/snapshot/replicas.ts';
import { type Crowd, findSighting, sightingOf, sightingsNear } from './crowd.ts';
import type { FighterView, Seen } from './fighter.ts';

const SLOTS = 0x1_0000;
const NOTHING_KNOWN: Readonly<Record<string, number>> = {};

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
const NO_COLUMNS = {
  health: 0,
  mana: 0,
  stamina: 0,
  facing: 0,
  party: 0,
  castAbility: 0,
  readyTick1: 0,
  readyTick2: 0,
  readyTick3: 0,
  readyTick4: 0,
  shieldUntil: 0,
  actedTick: 0,
  actedAbility: 0,
};

type OwnName = keyof typeof NO_COLUMNS;
type OwnColumns = Record<OwnName, number>;

/** Where the values of a column lie: its coarse part and, for the owner, the fine one. */
interface OwnColumn {
  readonly row: number;
  readonly shift: number;
  /** −1: none. */
  readonly fineRow: number;
}

/** Deliberate: a class. Objects made with getters of their own are each of a shape of its own, which makes every look slow. */
export class LightView implements FighterView {
  readonly intent: Intent;
  own: Readonly<Record<string, number>> = NOTHING_KNOWN;
  private readonly known = { ...NO_COLUMNS };
  private readonly columns: Readonly<Record<OwnName, OwnColumn>>;
  private handle = 0;
  private readonly client: Client;
  private readonly crowd: Crowd;
  readonly request: FighterView['request'];

  constructor(client: Client, crowd: Crowd, request: FighterView['request']) {
    this.intent = client.intent;
    this.columns = ownColumnsOf(client.game);
    this.client = client;
    this.crowd = crowd;
    this.request = request;
  }

  get tick(): number {
    return this.client.sync.tick + 1;
  }

  get shownTick(): number {
    return this.client.replicas.tick;
  }

  get x(): number {
    return this.client.own.x;
  }

  get z(): number {
    return this.client.own.z;
  }

  seeAll(): readonly Seen[] {
    return sightingsNear(this.crowd, this.handle, this.client.own.x, this.client.own.z);
  }

  see(handle: number): Seen | undefined {
    return findSighting(this.crowd, handle);
  }

  /** A snapshot was applied: takes over what it says of the own entity, and tells the others here. */
  note(): void {
    const { client, crowd, known } = this;
    const { replicas, welcome } = client;
    const replica = welcome === undefined ? undefined : replicas.bySlot.get(welcome.slot);
    if (replica === undefined) return;
    readOwn(known, this.columns, replica.values, newestState(replicas, replica));
    this.own = known;
    this.handle = handleOf(replica.slot, replica.generation);
    const sighting = sightingOf(crowd, this.handle);
    sighting.kind = replica.kind;
    sighting.name = replica.name;
    sighting.x = client.own.x;
    sighting.z = client.own.z;
    sighting.health = known.health;
    sighting.party = known.party;
    sighting.isShielded = known.shieldUntil > replicas.tick;
    sighting.notedMs = crowd.nowMs;
    sighting.isOwn = true;
  }
}

/** Of one game the same for all. */
const columnsOfGames = new WeakMap<AnyGame, Readonly<Record<OwnName, OwnColumn>>>();

function ownColumnsOf(game: AnyGame): Readonly<Record<OwnName, OwnColumn>> {
  const known = columnsOfGames.get(game);
  if (known !== undefined) return known;
  const columns = {} as Record<OwnName, OwnColumn>;
  for (const name of Object.keys(NO_COLUMNS) as OwnName[]) columns[name] = findOwnColumn(game, name);
  columnsOfGames.set(game, columns);
  return columns;
}

function findOwnColumn({ rows }: AnyGame, name: string): OwnColumn {
  const row = rows.findIndex(({ column }) => column === name);
  const fineRow = rows.findIndex(({ column }, index) => index > row && column === name);
  return { row, shift: rows[row]!.shift, fineRow };
}

/** Deliberate: one by one. By name in a loop each would be looked up anew, twenty times a second for each bot. */
function readOwn(own: OwnColumns, columns: Readonly<Record<OwnName, OwnColumn>>, values: Int32Array, at: number): void {
  own.health = readColumn(columns.health, values, at);
  own.mana = readColumn(columns.mana, values, at);
  own.stamina = readColumn(columns.stamina, values, at);
  own.facing = readColumn(columns.facing, values, at);
  own.party = readColumn(columns.party, values, at);
  own.castAbility = readColumn(columns.castAbility, values, at);
  own.readyTick1 = readColumn(columns.readyTick1, values, at);
  own.readyTick2 = readColumn(columns.readyTick2, values, at);
  own.readyTick3 = readColumn(columns.readyTick3, values, at);
  own.readyTick4 = readColumn(columns.readyTick4, values, at);
  own.shieldUntil = readColumn(columns.shieldUntil, values, at);
  own.actedTick = readColumn(columns.actedTick, values, at);
  own.actedAbility = readColumn(columns.actedAbility, values, at);
}

function readColumn({ row, shift, fineRow }: OwnColumn, values: Int32Array, at: number): number {
  return (values[at + row]! << shift) | (fineRow < 0 ? 0 : values[at + fineRow]!);
}
