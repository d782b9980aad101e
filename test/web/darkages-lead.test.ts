import { expect, test } from 'vitest';
import type { EntityView } from '../../src/client/interpolation.ts';
import { ABILITIES, BOLT } from '../../src/game/abilities.ts';
import { FIGHTERS, PLAYER } from '../../src/game/kinds.ts';
import { PICTURE_AGE_TICKS } from '../../src/game/projectiles.ts';
import type { Fight } from '../../src/web/darkages-fight.ts';
import { createLead, type Lead, updateLead } from '../../src/web/darkages-lead.ts';

const BOLT_MM = (ABILITIES[BOLT]!.speedCmPerS * 10) / 60;
const REACH_MM = ABILITIES[BOLT]!.radiusMm + FIGHTERS[PLAYER]!.radiusMm;
const FOE = 4;

interface Runner {
  readonly x: number;
  readonly z: number;
  /** mm a tick. */
  readonly vx: number;
  readonly vz: number;
}

function at({ x, z, vx, vz }: Runner, tick: number): { x: number; z: number } {
  return { x: x + vx * tick, z: z + vz * tick };
}

/** As much of a fight as is looked at: oneself at the origin, the cursor on the foe. */
function fightOf(): Fight {
  const view = { slot: FOE, kind: PLAYER, x: 0, z: 0, columns: { health: 100, party: 0 } } as unknown as EntityView;
  const client = {
    own: { x: 0, z: 0, columns: { health: 100, mana: 100, party: 0, castAbility: 0, readyTick2: 0 } },
    sync: { tick: 0 },
    shownTick: -1,
    interpolation: { tick: -1, views: new Map([[FOE, view]]) },
  };
  return { client, hoverSlot: FOE, hasCursor: true, cursorX: 0, cursorZ: 0 } as unknown as Fight;
}

/** Lets `ticks` go by in which the runner is seen `age` ticks late. */
function look(lead: Lead, fight: Fight, runner: Runner, age: number, ticks: number, start = 1000): void {
  const { client } = fight;
  for (let tick = start; tick < start + ticks; tick++) {
    client.sync.tick = tick;
    client.shownTick = tick - age;
    client.interpolation.tick = tick - age;
    Object.assign(client.interpolation.views.get(FOE)!, at(runner, tick - age - start));
    updateLead(lead, fight);
  }
}

/** As src/game/projectiles.ts has it: each step against where the runner was, PICTURE_AGE_TICKS back in the first. */
function missMm(aim: { x: number; z: number }, runner: Runner, now: number): number {
  const length = Math.hypot(aim.x, aim.z);
  let nearest = Number.POSITIVE_INFINITY;
  for (let step = 1; step * BOLT_MM <= ABILITIES[BOLT]!.rangeMm; step++) {
    const there = at(runner, now - PICTURE_AGE_TICKS + step - 1);
    const flown = (step - 0.5) * BOLT_MM;
    nearest = Math.min(nearest, Math.hypot((aim.x / length) * flown - there.x, (aim.z / length) * flown - there.z));
  }
  return nearest;
}

const ACROSS: Runner = { x: 14_000, z: -2000, vx: 0, vz: 125 };

test.each([
  ['across', 8, ACROSS],
  ['across', 11, ACROSS],
  ['across, on a long line', 20, ACROSS],
  ['away', 20, { x: 6000, z: 3000, vx: 60, vz: 110 }],
  ['towards', 17, { x: 20_000, z: -8000, vx: -100, vz: 70 }],
])('who runs %s, seen %i ticks late, is met where the mark is, and missed where it is seen', (way, age, runner) => {
  const fight = fightOf();
  const lead = createLead();
  look(lead, fight, runner, age, 20);
  expect(lead.isShown).toBe(true);
  const seen = at(runner, 19 - age);
  const ahead = (lead.xMm - seen.x) * runner.vx + (lead.zMm - seen.z) * runner.vz;
  expect(ahead).toBeGreaterThan(0);
  expect(missMm({ x: lead.xMm, z: lead.zMm }, runner, 19)).toBeLessThan(REACH_MM);
  if (way.startsWith('across')) expect(missMm(seen, runner, 19)).toBeGreaterThan(REACH_MM);
});

test('an older picture moves the mark on by as much as it is older', () => {
  const [early, late] = [createLead(), createLead()];
  look(early, fightOf(), ACROSS, 11, 20);
  look(late, fightOf(), ACROSS, 17, 20);
  const leadOf = (lead: Lead, age: number): number => lead.zMm - at(ACROSS, 19 - age).z;
  expect(leadOf(late, 17) - leadOf(early, 11)).toBeGreaterThan(6 * ACROSS.vz * 0.8);
  expect(leadOf(late, 17) - leadOf(early, 11)).toBeLessThan(6 * ACROSS.vz * 1.2);
});

interface Change {
  readonly own?: Record<string, number>;
  readonly foe?: Record<string, number>;
  readonly hoverSlot?: number;
  readonly runner?: Runner;
}

test.each<[string, Change, boolean]>([
  ['a runner', {}, true],
  ['nobody who stands', { runner: { ...ACROSS, vz: 0 } }, false],
  ['nobody out of reach', { runner: { ...ACROSS, x: 40_000 } }, false],
  ['nobody dead', { foe: { health: 0 } }, false],
  ['nobody of the own party', { own: { party: 3 }, foe: { party: 3 } }, false],
  ['nobody beside the cursor', { hoverSlot: -1 }, false],
  ['nobody without mana', { own: { mana: 7 } }, false],
  ['nobody before the bolt is ready', { own: { readyTick2: 5000 } }, false],
  ['a runner while it is cast', { own: { readyTick2: 5000, castAbility: BOLT } }, true],
  ['nobody when oneself is dead', { own: { health: 0 } }, false],
])('marked is %s', (_, { own = {}, foe = {}, hoverSlot = FOE, runner = ACROSS }, isShown) => {
  const fight = fightOf();
  const lead = createLead();
  fight.hoverSlot = hoverSlot;
  Object.assign(fight.client.own.columns, own);
  Object.assign(fight.client.interpolation.views.get(FOE)!.columns, foe);
  look(lead, fight, runner, 11, 20);
  expect(lead.isShown).toBe(isShown);
});

test('the mark stays while the cursor goes to it, and goes when the cursor goes elsewhere', () => {
  const fight = fightOf();
  const lead = createLead();
  look(lead, fight, ACROSS, 17, 20);
  const beside = (xMm: number): boolean => {
    fight.hoverSlot = -1;
    fight.cursorX = lead.xMm + xMm;
    fight.cursorZ = lead.zMm;
    updateLead(lead, fight);
    return lead.isShown;
  };
  expect([beside(0), beside(1500), beside(3000), beside(0)]).toEqual([true, true, false, false]);
});

test('somebody who was moved is no runner', () => {
  const fight = fightOf();
  const lead = createLead();
  const standing: Runner = { x: 9000, z: 0, vx: 0, vz: 0 };
  look(lead, fight, standing, 11, 20);
  look(lead, fight, { ...standing, x: 30_000 }, 11, 6, 1020);
  expect(lead.isShown).toBe(false);
});
