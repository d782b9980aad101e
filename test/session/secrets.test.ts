// What a player may not know isn't sent: every byte that one client gets of the shipped game is recorded and decoded by
// protobufjs, from the printed .proto alone, and held against where everybody was and whom the game told what. What may
// be sent is written out here by hand: a column or an event that is new fails until somebody says who may know it.

import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { LOOK_INTERVAL_TICKS, SNAPSHOT_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { game } from '../../src/game/game.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import { printProto } from '../../src/wire/proto-text.ts';
import { deltasOf } from '../wire/changes-model.ts';
import { nameOf, play, type Witnessed } from './witness.ts';

/** In these two together the witness hears of everything there is, and everything there is hides from it. */
const SEEDS = [8, 18];
const PLAYERS = 24;
const TICKS = 4800;
/** Two looks that find it blocked, and the snapshot that a look waits for. */
const SLACK_TICKS = 2 * LOOK_INTERVAL_TICKS + SNAPSHOT_INTERVAL_TICKS;

const ENTITY_FIELDS = ['slot', 'generation', 'kind', 'name', 'baselineAge'];
const PUBLIC_FIELDS = [
  ...['positionX', 'positionY', 'positionZ', 'facing', 'health', 'castAbility', 'castUntil'],
  ...['actedAbility', 'actedTick', 'shieldUntil', 'party', 'variant'],
];
const PRIVATE_FIELDS = [
  ...['velocityX', 'velocityY', 'velocityZ', 'positionXFine', 'positionYFine', 'positionZFine', 'facingFine'],
  ...['walkedM', 'mana', 'stamina', 'readyTick1', 'readyTick2', 'readyTick3', 'readyTick4', 'deadUntil'],
  ...['kills', 'deaths', 'gold', 'healthPotion', 'manaPotion', 'dagger', 'sword', 'greatsword', 'leatherArmour'],
  ...['chainArmour', 'wolfPelt', 'arrowBundle', 'trollTooth', 'weapon', 'armour', 'potionTick'],
];
const SHOWN_OF_OTHERS = new Set([...ENTITY_FIELDS, ...PUBLIC_FIELDS]);
const SHOWN_OF_OWN = new Set([...SHOWN_OF_OTHERS, ...PRIVATE_FIELDS]);

const serverMessage = protobuf.parse(printProto(game)).root.lookupType('darkages.v1.ServerMessage');

interface Mention {
  readonly slot?: number;
  readonly [field: string]: unknown;
}
type Body = Readonly<Record<string, number | string | undefined>>;
interface Event {
  readonly tick: number;
  readonly [event: string]: unknown;
}
interface Message {
  readonly welcome?: { name: string; playerId: string; slot?: number };
  readonly snapshot?: {
    readonly tick: number;
    readonly deltas?: readonly Mention[];
    readonly changes?: Uint8Array;
    readonly entities?: readonly Mention[];
    readonly leaves?: readonly number[];
  };
  readonly events?: readonly Event[];
  readonly responses?: readonly { readonly id?: number }[];
}

/** Parties of 0, 1, 2 and of 5, 6, 7; whispers, chat and scores among them and past them. */
const SCRIPT: Readonly<Record<number, Readonly<Record<number, WireObject>>>> = {
  10: { 9: { invite: { name: nameOf(0) } }, 10: { invite: { name: nameOf(11) } } },
  15: { 0: { decline: {} }, 11: { decline: {} } },
  30: { 0: { invite: { name: nameOf(1) } }, 5: { invite: { name: nameOf(6) } } },
  35: { 1: { accept: {} }, 6: { accept: {} } },
  40: { 0: { invite: { name: nameOf(2) } }, 5: { invite: { name: nameOf(7) } } },
  45: { 2: { accept: {} }, 7: { accept: {} } },
  60: { 0: { scores: {} }, 12: { scores: {} } },
  [TICKS - 600]: { 0: { promote: { name: nameOf(1) } }, 5: { kick: { name: nameOf(7) } } },
  [TICKS - 500]: { 1: { kick: { name: nameOf(2) } } },
};

function ask(tick: number, player: number): WireObject | undefined {
  const asked = SCRIPT[tick]?.[player];
  if (asked !== undefined || tick % 120 !== player || tick < 120) return asked;
  const text = `word ${tick}`;
  if (player === 0) return { whisper: { to: nameOf(3), text } };
  if (player === 3) return { whisper: { to: nameOf(0), text } };
  if (player === 8) return { whisper: { to: nameOf(9), text } };
  if (player === 1 || player === 6) return { partySay: { text } };
  return player === 4 ? { say: { text } } : undefined;
}

const runs = SEEDS.map((seed) => {
  const witnessed = play(seed, PLAYERS, TICKS, ask);
  const sent = witnessed.frames.map((bytes) => serverMessage.toObject(serverMessage.decode(bytes)) as Message);
  return { seed, witnessed, sent };
});

/** Longer out of sight than anything may still be sent of it. */
function isSecret({ moments }: Witnessed, tick: number, slot: number): boolean {
  return moments[tick]!.hidden[slot]! > SLACK_TICKS;
}

test('the columns are those that this test knows, each private or public as it says', () => {
  const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  expect(game.rows.map(({ name }) => camel(name)).sort()).toEqual([...PUBLIC_FIELDS, ...PRIVATE_FIELDS].sort());
  expect(
    game.rows
      .filter(({ ownerOnly }) => ownerOnly)
      .map(({ name }) => camel(name))
      .sort(),
  ).toEqual([...PRIVATE_FIELDS].sort());
});

test('a client is sent nobody who is out of its sight, and of others no private column', () => {
  for (const { seed, witnessed, sent } of runs) {
    const { slot: own, moments } = witnessed;
    const mentioned = new Set<number>();
    let mentions = 0;
    let snapshots = 0;
    for (const { snapshot } of sent) {
      if (snapshot === undefined) continue;
      snapshots++;
      const { tick } = snapshot;
      const { deltas = [], entities = [], changes } = snapshot;
      for (const mention of [...deltas, ...deltasOf(changes, game.rows), ...entities]) {
        const slot = mention.slot ?? 0;
        const shown = slot === own ? SHOWN_OF_OWN : SHOWN_OF_OTHERS;
        const unknown = Object.keys(mention).filter((field) => !shown.has(field));
        expect(unknown, `SEED=${seed}: of slot ${slot} at tick ${tick}`).toEqual([]);
        mentioned.add(slot);
        mentions++;
        if (slot === own) continue;
        const ticks = moments[tick]!.hidden[slot]!;
        expect(ticks, `SEED=${seed}: slot ${slot} at tick ${tick}`).toBeLessThanOrEqual(SLACK_TICKS);
      }
      for (const slot of snapshot.leaves ?? []) expect(mentioned, `SEED=${seed}: leave of ${slot}`).toContain(slot);
    }
    expect(snapshots).toBeGreaterThan(TICKS / SNAPSHOT_INTERVAL_TICKS / 2);
    expect(mentions).toBeGreaterThan(1000);
  }
});

test('the runs hold what the tests are for: each kind was near enough to be seen, and behind something, for long', () => {
  const ticksOf = new Map<number, number>();
  for (const { witnessed } of runs) {
    for (const [tick, moment] of witnessed.moments.entries()) {
      moment?.blocked.forEach((isBlocked, slot) => {
        const kind = moment.kind[slot]!;
        if (isBlocked === 1 && isSecret(witnessed, tick, slot)) ticksOf.set(kind, (ticksOf.get(kind) ?? 0) + 1);
      });
    }
  }
  for (const [name, kind] of Object.entries(game.kinds)) expect(ticksOf.get(kind) ?? 0, name).toBeGreaterThan(20);
});

type MayHear = (body: Body, tick: number) => boolean;

/** What a client may hear of an event, by its content and by whom the game told it; anything else fails. */
function rulesOf(witnessed: Witnessed): Readonly<Record<string, MayHear>> {
  const { handle, moments } = witnessed;
  const isSide: MayHear = ({ target, by }) => target === handle || by === handle;
  return {
    refused: wasTold(witnessed, 'refused'),
    looted: wasTold(witnessed, 'looted'),
    scores: wasTold(witnessed, 'scores'),
    invited: wasTold(witnessed, 'invited'),
    tradeOffered: wasTold(witnessed, 'tradeOffered'),
    trade: wasTold(witnessed, 'trade'),
    traded: wasTold(witnessed, 'traded'),
    hit: isSide,
    healed: isSide,
    killed: ({ target }, tick) => target === handle || !isSecret(witnessed, tick, Number(target) & 0xffff),
    said: ({ channel, from, to }, tick) => {
      if (channel === 1) return true;
      if (channel === 2) return from === nameOf(0) || to === nameOf(0);
      return channel === 3 && isMember(witnessed, String(from), tick);
    },
    party: ({ members = '', thrownOut = '' }, tick) => {
      // Who was thrown out, or is left alone, hears of nobody.
      if (members === '') return wasTold(witnessed, 'party')({ members, thrownOut }, tick);
      const names = String(members).split(',');
      return names.includes(nameOf(0)) && names.every((name) => isMember(witnessed, name, tick));
    },
    partyState: ({ health = 0, x = 0, z = 0 }, tick) =>
      moments[tick]!.players.some(
        (player, index) =>
          index !== 0 &&
          isMember(witnessed, nameOf(index), tick) &&
          [player.health, player.x, player.z].join() === [health, x, z].join(),
      ),
  };
}

/** The game told exactly that to the witness's own slot, in that tick. */
function wasTold({ emissions, slot }: Witnessed, event: string): MayHear {
  return (body, tick) =>
    emissions.some(
      (told) =>
        told.tick === tick &&
        told.event === event &&
        told.to === slot &&
        Object.entries(told.values).every(([name, value]) => (body[name] ?? (value === '' ? '' : 0)) === value),
    );
}

/** At that tick or in the next one: what a request changes happens before its tick is counted. */
function isMember({ moments }: Witnessed, name: string, tick: number): boolean {
  return [tick, tick + 1].some((at) => {
    const players = moments[at]?.players ?? [];
    const own = players[0]?.party ?? 0;
    return own !== 0 && players.some(({ party }, player) => party === own && nameOf(player) === name);
  });
}

test('a client hears of what it has a part in, of deaths that it sees, and what is said to it; of nothing else', () => {
  const heard = new Set<string>();
  const kept = new Set<string>();
  for (const { seed, witnessed, sent } of runs) {
    const rules = rulesOf(witnessed);
    for (const { tick, ...bodies } of sent.flatMap(({ events = [] }) => events)) {
      for (const [event, body] of Object.entries(bodies)) {
        heard.add(event);
        const mayHear = rules[event]?.(body as Body, tick);
        expect(mayHear, `SEED=${seed}: ${event} at ${tick}: ${JSON.stringify(body)}`).toBe(true);
      }
    }
    for (const { event, to, tick, isNear } of witnessed.emissions) {
      if (isNear ? isSecret(witnessed, tick, to) : to !== -1 && to !== witnessed.slot) kept.add(event);
    }
  }
  // It heard of everything there is, and of everything there was some that it was not told.
  expect([...heard].sort()).toEqual(Object.keys(game.events!).sort());
  expect([...kept].sort()).toEqual(Object.keys(game.events!).sort());
});

/** Ids of fields that the .proto does not name: protobufjs skips them without a word. */
function unnamedFields(type: protobuf.Type, bytes: Uint8Array): string[] {
  const reader = protobuf.Reader.create(bytes);
  const unnamed: string[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3]?.resolve();
    if (field === undefined) unnamed.push(`${type.name} ${tag >>> 3}`);
    if (field?.resolvedType instanceof protobuf.Type)
      unnamed.push(...unnamedFields(field.resolvedType, reader.bytes()));
    else reader.skipType(tag & 7);
  }
  return unnamed;
}

test('beside that a client gets its welcome and the answers to what it asked, and not one byte that has no name', () => {
  const nameless = Uint8Array.of(0x7a, 0, 0x12, 2, 0x78, 1);
  expect(unnamedFields(serverMessage, nameless)).toEqual(['ServerMessage 15', 'ServerSnapshot 15']);
  for (const { seed, witnessed, sent } of runs) {
    const answered: number[] = [];
    for (const { welcome, snapshot, events, responses, ...rest } of sent) {
      expect(rest).toEqual({});
      const told = welcome && [welcome.name, welcome.playerId, welcome.slot ?? 0];
      if (told !== undefined) expect(told).toEqual([nameOf(0), '1', witnessed.slot]);
      for (const { id = 0 } of responses ?? []) answered.push(id);
    }
    expect(witnessed.frames.flatMap((bytes) => unnamedFields(serverMessage, bytes))).toEqual([]);
    expect(answered, `SEED=${seed}`).toEqual([...witnessed.asked]);
    expect(answered.length).toBeGreaterThan(10);
  }
});
