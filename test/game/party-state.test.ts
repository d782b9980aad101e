import { expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { game } from '../../src/game/game.ts';
import {
  acceptInvitation,
  inviteToParty,
  kickMember,
  leaveParty,
  partyMembers,
  promoteMember,
} from '../../src/game/party.ts';
import { restoreWorld } from '../../src/sim/world.ts';
import { type Arena, addPlayer, createArena, put, step, toldOf } from './arena.ts';

const SEED = Number(process.env.SEED ?? 3107);
/** The longest that a member waits for news. */
const TURN_TICKS = 20;

function createParty(size: number): { arena: Arena; slots: number[] } {
  const arena = createArena();
  const slots = Array.from({ length: size + 1 }, (_, index) => addPlayer(arena, index * 5000, 0, `p${index}`));
  for (let index = 1; index < size; index++) join(arena, slots[0]!, slots[index]!);
  step(arena, TURN_TICKS);
  arena.told.length = 0;
  return { arena, slots };
}

function join(arena: Arena, leader: number, slot: number): void {
  inviteToParty(arena.sim, leader, arena.names.get(slot)!);
  acceptInvitation(arena.sim, slot);
}

test('members hear of each other wherever they are, others hear nothing', () => {
  const { arena, slots } = createParty(3);
  const { columns } = arena;
  columns.combatTick.fill(arena.sim.tick + 1000);
  put(arena, slots[1]!, -150_300, 70_900);
  columns.health[slots[1]!] = 41;
  step(arena, TURN_TICKS);
  const state = { member: 2, health: 41, x: -151, z: 70 };
  expect(arena.told.map(({ event, to, values }) => [event, to, values])).toEqual([
    ['partyState', slots[0], state],
    ['partyState', slots[2], state],
  ]);
  arena.told.length = 0;
  columns.health[slots[1]!] = 0;
  columns.deadUntil[slots[1]!] = 0x7fff_ffff;
  step(arena, TURN_TICKS);
  expect(toldOf(arena, 'partyState')).toEqual([
    { ...state, health: 0 },
    { ...state, health: 0 },
  ]);
});

test('parties that have their turn in the same tick hear nothing of each other', () => {
  const { arena, slots } = createParty(2);
  const { party } = arena.columns;
  const strangers = [addPlayer(arena, 9000, 0, 'q0'), addPlayer(arena, 9000, 0, 'q1')];
  for (const slot of strangers) party[slot] = party[slots[0]!]! + TURN_TICKS;
  step(arena, TURN_TICKS);
  arena.told.length = 0;
  put(arena, slots[0]!, -9000, 0);
  put(arena, strangers[0]!, 20_000, 0);
  step(arena, TURN_TICKS);
  expect(arena.told.map(({ to, values }) => [to, values.x])).toEqual([
    [slots[1], -9],
    [strangers[1], 20],
  ]);
});

test('three times a second at most, and not at all while nothing changes', () => {
  const { arena, slots } = createParty(2);
  step(arena, 300);
  expect(arena.told).toEqual([]);
  for (let tick = 0; tick < 300; tick++) {
    put(arena, slots[0]!, (tick + 1) * 1000, 0);
    step(arena);
  }
  expect(toldOf(arena, 'partyState').length).toBe(300 / TURN_TICKS);
});

test('who connects again is told who is in the party and how all of it are', () => {
  const { arena, slots } = createParty(3);
  const { client } = arena.columns;
  join(arena, slots[0]!, slots[3]!);
  step(arena, TURN_TICKS);
  // Whoever is connected hears of a change once.
  expect(toldOf(arena, 'party')).toEqual(Array(4).fill({ members: 'p0,p1,p2,p3', thrownOut: '' }));
  arena.told.length = 0;
  client[slots[2]!] = 0;
  step(arena, 30);
  expect(arena.told).toEqual([]);
  client[slots[2]!] = 40;
  step(arena, TURN_TICKS);
  const heard = arena.told.filter(({ to }) => to === slots[2]);
  expect(heard.map(({ event, values }) => [event, values.members ?? values.member])).toEqual([
    ['party', 'p0,p1,p2,p3'],
    ['partyState', 1],
    ['partyState', 2],
    ['partyState', 4],
  ]);
});

/** What a page knows: members by the last `party`, of each the last `partyState` since. */
interface Heard {
  members: string[];
  states: Map<number, string>;
}

function listen(arena: Arena, heard: Map<number, Heard>): void {
  const { party, client } = arena.columns;
  for (const { event, to, values } of arena.told) {
    if (client[to] === 0) continue;
    if (event === 'party') {
      const members = values.members === '' ? [] : String(values.members).split(',');
      heard.set(to, { members, states: new Map() });
    } else if (event === 'partyState') {
      const { members, states } = heard.get(to)!;
      const subject = arena.sim.findPlayer(members[Number(values.member) - 1]!);
      // To members alone, and about another one.
      if (subject === to || party[subject] !== party[to]) throw new Error(`SEED=${SEED}: ${to} heard of ${subject}`);
      states.set(subject, `${values.health} ${values.x} ${values.z}`);
    }
  }
  arena.told.length = 0;
}

/** Against what is so, once everybody has had a turn. */
function checkHeard(arena: Arena, heard: Map<number, Heard>, slots: readonly number[]): void {
  const { party, client, health, positionX, positionZ } = arena.columns;
  for (const slot of slots) {
    if (client[slot] === 0) continue;
    const known = heard.get(slot) ?? { members: [], states: new Map<number, string>() };
    const members = party[slot] === 0 ? [] : partyMembers(arena.sim, party[slot]!);
    expect(known.members, `SEED=${SEED}`).toEqual(members.map((each) => arena.names.get(each)));
    const metres = (units: number): number => Math.floor(units / 128_000);
    const states = members
      .filter((each) => each !== slot)
      .map((each) => [each, `${health[each]} ${metres(positionX[each]!)} ${metres(positionZ[each]!)}`] as const);
    expect(known.states, `SEED=${SEED}`).toEqual(new Map(states));
  }
}

test('whatever parties do, each member knows all others of its own, as they are', () => {
  console.log(`SEED=${SEED}`);
  const random = createRandom(SEED);
  const arena = createArena();
  const { sim, columns } = arena;
  const slots = Array.from({ length: 24 }, (_, index) => addPlayer(arena, 0, 0, `p${index}`));
  columns.combatTick.fill(0x7fff_0000);
  let connection = 100;
  const heard = new Map<number, Heard>();
  const any = (): number => slots[random.below(slots.length)]!;
  const deeds = [
    () => void join(arena, any(), any()),
    () => void join(arena, any(), any()),
    () => void join(arena, any(), any()),
    () => void kickMember(sim, any(), arena.names.get(any())!),
    () => void promoteMember(sim, any(), arena.names.get(any())!),
    () => void leaveParty(sim, any()),
    () => put(arena, any(), random.below(300_000) - 150_000, random.below(300_000) - 150_000),
    () => {
      columns.health[any()] = 1 + random.below(100);
    },
    () => {
      // Another connection takes over, or there is none for a while.
      const slot = any();
      columns.client[slot] = columns.client[slot] === 0 || random.below(2) === 0 ? connection++ : 0;
      heard.delete(slot);
    },
  ];
  let largest = 0;
  for (let round = 0; round < 300; round++) {
    for (let deed = random.below(12); deed >= 0; deed--) {
      deeds[random.below(deeds.length)]!();
      step(arena, random.below(3));
      listen(arena, heard);
    }
    step(arena, TURN_TICKS);
    listen(arena, heard);
    checkHeard(arena, heard, slots);
    for (const slot of slots)
      if (columns.party[slot] !== 0) largest = Math.max(largest, heard.get(slot)?.states.size ?? 0);
  }
  expect(largest).toBe(4);
});

test('a zone that is resumed from its columns tells what the first one would have told', () => {
  const { arena, slots } = createParty(4);
  const resumed = createArena();
  for (const [slot, name] of arena.names) resumed.names.set(slot, name);
  put(arena, slots[2]!, 40_000, 9000);
  step(arena, 7);
  restoreWorld(resumed.world, arena.world.words);
  arena.told.length = 0;
  for (const each of [arena, resumed]) {
    put(each, slots[1]!, -9000, 0);
    game.leave!(each.sim, slots[0]!);
    step(each, TURN_TICKS);
  }
  expect(arena.told.some(({ event }) => event === 'partyState')).toBe(true);
  expect(resumed.told).toEqual(arena.told);
});
