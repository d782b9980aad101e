// The seam between the engine and a game. A game module states its columns, inputs, requests, events, limits and named
// systems with `defineGame`; server threads, browser and bots load the same module. It imports this file and nothing
// else of the engine, does no I/O, has no clock, uses integers, and keeps all state in columns: so a zone can be
// replayed, restored and mirrored exactly. docs/your-own-game.md is written for its author.

import { assert } from '../base/assert.ts';
import type { Fields, FieldValues, IntField } from '../base/fields.ts';
import { GAME_RULES_MAX, TICK_HZ, WORLD_HALF_MM_MAX } from '../base/limits.ts';
import { type ColumnSpecs, type Columns, createRows, ENGINE_COLUMNS, type EngineColumns, type Row } from './columns.ts';

/** Bounds the guard holds every player to. */
export interface GameLimits {
  /** Fastest a player can go by its own will; at most 20 m/s. */
  readonly speedMmPerS: number;
  /** Fastest the character turns, in 65536ths of a turn a second; 720°/s is 131,072. */
  readonly turnPerS: number;
  /** Positions stay within ± this. */
  readonly worldHalfMm: number;
  /** How far a client sees. It keeps seeing up to a tenth further, so that nothing flickers at the edge. */
  readonly interestRadiusMm: number;
}

/** What systems work on. `columns` are typed arrays by slot; a slot is in use where `columns.kind[slot] !== 0`. */
export interface Simulation<Specs extends ColumnSpecs = ColumnSpecs, Map = unknown> {
  readonly columns: EngineColumns & Columns<Specs>;
  readonly map: Map;
  /** Number of the step being run. */
  readonly tick: number;
  /** Slots in use are below this. */
  readonly slotCount: number;
  /** 0 … 2³²−1, from the zone's seed and secret; a predicted system must not use it. */
  random(): number;
  /** Takes the lowest free slot, zeroes its columns; −1 when the game has half of all slots: the others are for players. */
  spawn(kind: number): number;
  despawn(slot: number): void;
  /** Handle of a slot's entity: stays different when the slot is taken again. */
  handle(slot: number): number;
  /** Slot of a living entity, or −1. */
  find(handle: number): number;
  /**
   * Sends an event, in order, to the player in `to`, or to every player when `to` is −1. It arrives unless the player
   * leaves first, or its edge is so far behind that the ring to it is full (counted).
   */
  emit(event: string, to: number, values: Readonly<Record<string, number | string>>): void;
  /** Sends an event to every player who sees the entity in `slot`. */
  emitNear(event: string, slot: number, values: Readonly<Record<string, number | string>>): void;
  /**
   * Lag compensation: where the entity in `slot` was `ticksBack` ticks ago. Fills `out` with x, y, z in 1/128 mm; false
   * when it wasn't there. 0 is now.
   */
  positionAt(slot: number, ticksBack: number, out: Int32Array): boolean;
  /** How many ticks back the player in `slot` saw others when it decided on its input in force; at most 15 (250 ms). */
  rewindTicks(slot: number): number;
  /** Name of the player in `slot`; '' for anything else. */
  nameOf(slot: number): string;
  /** Slot of the player of that name, whatever its case; −1 when it is not in the zone. */
  findPlayer(name: string): number;
  /**
   * Moves so much of an asset from one holder to another: the player in a slot, or an account of the game's by name.
   * All of one request are one promise; any other is one by itself. False, and nothing is moved, when the giver is a player
   * who has less, the taker one who can hold no more, or nothing can be promised at the moment (the disk is behind).
   */
  transfer(asset: string, amount: number, from: number | string, to: number | string): boolean;
  /** Counts that a player was refused something: the place of the rule in the game's `rules`. Does not allocate. */
  countRefusal(rule: number): void;
}

export interface System<Sim> {
  readonly name: string;
  /** True when clients run it too, over a world in which their own entity is alone at slot 0. */
  readonly predicted?: boolean;
  run(sim: Sim): void;
}

export interface RequestSpec<Sim> {
  readonly field: number;
  readonly fields: Fields;
  /**
   * What it does must never be lost, nor be done twice: the client is answered when it is on disk, and who sends the same
   * key again gets the first answer. Where it refuses, it has transferred nothing.
   */
  readonly committed?: boolean;
  /** '' when done, else a short code that the client gets as the reason for the refusal. */
  run(sim: Sim, slot: number, values: Readonly<Record<string, number | string>>): string;
}

export interface EventSpec {
  readonly field: number;
  readonly fields: Fields;
  /** Tells of what must never be lost: clients get it when its tick is on disk, so others may come before. */
  readonly committed?: boolean;
}

/** An input of the game's own beside the engine's move, aim and buttons; field 16 and up. */
export type InputSpec = IntField;

/** How the page draws an entity of a kind. */
export interface KindView {
  readonly colour: string;
  readonly radiusMm: number;
}

export interface MapView {
  /** Boxes to draw, mm: x0, z0, x1, z1 for each. */
  readonly boxesMm?: Int32Array;
  /** Those of them that are tall: they block sight too. */
  readonly tallBoxesMm?: Int32Array;
}

export interface GameDefinition<Specs extends ColumnSpecs, Map> {
  /** `[a-z0-9-]`, 1–32: what clients ask for at join, and under which characters are saved. */
  readonly name: string;
  /** Raised when columns, inputs, requests or events change meaning. */
  readonly version: number;
  /** Kinds of entity, 1–255; `player` is what a joining client gets. */
  readonly kinds: Readonly<Record<string, number>> & { readonly player: number };
  readonly columns: Specs;
  readonly inputs?: Readonly<Record<string, InputSpec>>;
  readonly requests?: Readonly<Record<string, RequestSpec<Simulation<Specs, Map>>>>;
  readonly events?: Readonly<Record<string, EventSpec>>;
  readonly limits: GameLimits;
  /** Who else than players has assets, for `sim.transfer`: what lies on the ground, a vendor. They may go below zero. */
  readonly accounts?: readonly string[];
  /**
   * Names of what the game's own rules refuse players, for `sim.countRefusal`; each is counted in /metrics. One named
   * `request.code` is counted by itself, whenever that request answers with that code. At most `GAME_RULES_MAX`.
   */
  readonly rules?: readonly string[];
  /**
   * Whether something between two points, in mm, is high enough to hide one from the other. Called on edge threads: it
   * must be pure, the same both ways round, and cheap. Without it nothing blocks sight.
   */
  blocksSight?(map: Map, fromX: number, fromZ: number, toX: number, toZ: number): boolean;
  /** Whatever doesn't change while the zone runs. Called on server and client with the same seed; not saved. */
  createMap(seed: number): Map;
  readonly systems: readonly System<Simulation<Specs, Map>>[];
  /** Once, in an empty zone. */
  start?(sim: Simulation<Specs, Map>): void;
  /** A player's entity was spawned; `isNew` when nothing saved was loaded into its columns. */
  join?(sim: Simulation<Specs, Map>, slot: number, isNew: boolean): void;
  /** Just before a player's entity is despawned. */
  leave?(sim: Simulation<Specs, Map>, slot: number): void;
  /** How the page shows it; the server ignores it. */
  readonly view?: {
    readonly kinds: Readonly<Record<string, KindView>>;
    /** Words for the corner of the screen. */
    readonly help?: string;
    map?(map: Map): MapView;
    /** A colour that overrides the kind's, from an entity's rows by column name; undefined keeps it. */
    tint?(columns: Readonly<Record<string, number>>): string | undefined;
  };
}

/** A game as the engine uses it: the definition, checked, and what follows from it. */
export interface Game<Specs extends ColumnSpecs = ColumnSpecs, Map = unknown> extends GameDefinition<Specs, Map> {
  /** Engine columns, then the inputs' and the game's own. */
  readonly allColumns: ColumnSpecs;
  /** Columns written to the store, in this order. */
  readonly savedColumns: readonly string[];
  /** Inputs of the game's own, in order of field number. */
  readonly inputNames: readonly string[];
  readonly rows: readonly Row[];
  readonly rules: readonly string[];
  /** Columns that are assets, in order. */
  readonly assets: readonly string[];
  /** Those of the definition behind OPENING_ACCOUNT. */
  readonly accounts: readonly string[];
}

/** Where what a character had before there were accounts comes from. */
export const OPENING_ACCOUNT = 'opening';

/** Any game, whatever its columns: what engine code that does not look inside takes. */
// biome-ignore lint/suspicious/noExplicitAny: a game's own column and map types are its business; the engine never reads them
export type AnyGame = Game<any, any>;

const NAME = /^[a-z0-9-]{1,32}$/;
const IDENTIFIER = /^[a-z][A-Za-z0-9]{0,47}$/;
/** A name, or those of a request and a code. */
const RULE = /^[a-z]\w{0,47}(\.[a-z]\w{0,47})?$/;
const FIELD_MAX = 2000;

/** Checks a game's statement and derives what the engine needs. Throws an assertion with a sentence when it is wrong. */
export function defineGame<const Specs extends ColumnSpecs, Map>(
  definition: GameDefinition<Specs, Map>,
): Game<Specs, Map> {
  assert(NAME.test(definition.name), 'a game’s name is 1–32 of a-z, 0-9 and -');
  assert(Number.isInteger(definition.version) && definition.version > 0, 'a game’s version is a whole number from 1');
  checkKinds(definition.kinds);
  checkLimits(definition.limits);
  const rules = definition.rules ?? [];
  checkRules(rules);
  const inputs = definition.inputs ?? {};
  for (const name of Object.keys(definition.columns)) {
    assert(!(name in ENGINE_COLUMNS) && !(name in inputs), `column ${name} exists already`);
  }
  for (const name of Object.keys(inputs)) assert(!(name in ENGINE_COLUMNS), `input ${name} is a column of the engine`);
  checkFields('column', definition.columns);
  checkFields('input', inputs);
  checkFields('request', definition.requests ?? {});
  checkFields('event', definition.events ?? {});
  checkHearing(definition.requests ?? {});
  for (const [name, { min, max }] of Object.entries(inputs)) {
    assert(min <= 0 && max >= 0, `input ${name}: its bounds include 0, which is what a client that sends none means`);
  }
  const inputNames = Object.keys(inputs).sort((a, b) => inputs[a]!.field - inputs[b]!.field);
  const inputColumns: Record<string, ColumnSpecs[string]> = {};
  for (const name of inputNames) inputColumns[name] = { type: 'i32', seenBy: 'nobody' };
  const allColumns: ColumnSpecs = { ...ENGINE_COLUMNS, ...inputColumns, ...definition.columns };
  const savedColumns = Object.keys(allColumns).filter((name) => allColumns[name]!.saved === true);
  const assets = listAssets(allColumns);
  const accounts = listAccounts(definition.accounts ?? []);
  return {
    ...definition,
    allColumns,
    savedColumns,
    inputNames,
    rows: createRows(allColumns),
    rules,
    assets,
    accounts,
  };
}

function listAssets(columns: ColumnSpecs): readonly string[] {
  const assets = Object.keys(columns).filter((name) => columns[name]!.asset === true);
  for (const name of assets) {
    const { type, saved } = columns[name]!;
    assert(type === 'u31' && saved === true, `column ${name} is an asset, so it is a saved u31`);
  }
  assert(assets.length <= 255, 'a game has at most 255 assets');
  return assets;
}

function listAccounts(names: readonly string[]): readonly string[] {
  // A game that is stated once more on top of another has it already.
  const accounts = [OPENING_ACCOUNT, ...names.filter((name) => name !== OPENING_ACCOUNT)];
  assert(accounts.length <= 255, 'a game has at most 254 accounts');
  assert(new Set(accounts).size === accounts.length, 'no two accounts have the same name');
  for (const name of accounts) assert(IDENTIFIER.test(name), `account ${name}: a name is camelCase`);
  return accounts;
}

function checkKinds(kinds: Readonly<Record<string, number>>): void {
  const seen = new Set<number>();
  for (const [name, kind] of Object.entries(kinds)) {
    assert(Number.isInteger(kind) && kind >= 1 && kind <= 255, `kind ${name} is a whole number from 1 to 255`);
    assert(!seen.has(kind), `kind ${name} has the number of another`);
    seen.add(kind);
  }
}

function checkLimits(limits: GameLimits): void {
  assert(limits.speedMmPerS > 0 && limits.speedMmPerS <= 20_000, 'limits.speedMmPerS is from 1 to 20,000');
  assert(limits.turnPerS >= TICK_HZ && limits.turnPerS <= 131_072, 'limits.turnPerS is from 60 to 131,072 (720°/s)');
  assert(limits.worldHalfMm > 0 && limits.worldHalfMm <= WORLD_HALF_MM_MAX, 'limits.worldHalfMm is at most 10 km');
  assert(limits.interestRadiusMm > 0 && limits.interestRadiusMm <= 500_000, 'limits.interestRadiusMm is at most 500 m');
}

function checkRules(rules: readonly string[]): void {
  assert(rules.length <= GAME_RULES_MAX, `a game has at most ${GAME_RULES_MAX} rules to count`);
  assert(new Set(rules).size === rules.length, 'no two rules have the same name');
  for (const rule of rules) assert(RULE.test(rule), `rule ${rule}: it is a name, or request.code`);
}

function checkHearing(requests: Readonly<Record<string, { readonly fields: Fields }>>): void {
  for (const [name, { fields }] of Object.entries(requests)) {
    const texts = Object.values(fields).filter((field) => field.type === 'text');
    const isHeardByNamed = texts.some((field) => field.heardBy === 'named');
    const isNaming = texts.some((field) => field.screen === 'name');
    assert(
      !isHeardByNamed || isNaming,
      `request ${name}: a text heard by who is named needs a field that names somebody`,
    );
  }
}

function checkFields(
  what: string,
  items: Readonly<Record<string, { readonly field?: number; readonly fields?: Fields }>>,
): void {
  const seen = new Set<number>();
  for (const [name, item] of Object.entries(items)) {
    assert(IDENTIFIER.test(name), `${what} ${name}: a name is camelCase, at most 48 letters and digits`);
    if (item.fields) checkFields(`field of ${what} ${name}`, item.fields);
    if (item.field === undefined) continue;
    const least = what.startsWith('field') ? 1 : 16;
    assert(
      item.field >= least && item.field <= FIELD_MAX,
      `${what} ${name}: its field number is from ${least} to ${FIELD_MAX}`,
    );
    assert(!seen.has(item.field), `${what} ${name} has the field number of another`);
    seen.add(item.field);
  }
}

export type { ColumnSpecs } from './columns.ts';
export { POSITION_SHIFT } from './columns.ts';
export { isqrt, vectorLength } from './integer.ts';
export { angleOf, cosineOf, sineOf, TRIG_ONE } from './trig.ts';
export type { FieldValues };
