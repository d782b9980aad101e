import { expect, test } from 'vitest';
import {
  CHAT_LENGTH_MAX,
  TARGET_TEXT_COST_BURST,
  TARGET_TEXT_COST_PER_TICK,
  TEXT_COST_EACH,
  TEXT_WINDOW_TICKS,
  TICK_HZ,
  ZONE_TEXT_COST_BURST,
  ZONE_TEXT_COST_PER_TICK,
} from '../../src/base/limits.ts';
import { takeHearing } from '../../src/guard/hearing.ts';
import { worldTick, ZONE_HEARD_COST } from '../../src/sim/world.ts';
import type { WireObject } from '../../src/wire/codec.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { game } from '../e2e/fixtures/chat-game.ts';
import {
  count,
  createTestZone,
  join,
  receive,
  request,
  restartZone,
  run,
  slotOf,
  type TestZone,
} from '../zone/harness.ts';

const CROWD = 40;
/** Who writes a line now and then; the crowd are the others. */
const QUIET = CROWD;
const TICKS = 60 * TICK_HZ;
const TEXTS_EVERY_TICKS = TICK_HZ;

const nameOf = (client: number): string => `player${client}`;

function startCrowd(): TestZone {
  const zone = createTestZone(game);
  for (let client = 0; client <= CROWD; client++) join(zone, client, { name: nameOf(client) });
  run(zone);
  receive(zone);
  return zone;
}

/** The longest there is, another one each time. */
function longText(index: number): string {
  return String.fromCodePoint(0x1f600 + (index % 64), 0x1f640 + (Math.floor(index / 64) % 64)).repeat(
    CHAT_LENGTH_MAX / 2,
  );
}

interface Heard {
  /** What the texts cost that the zone let through. */
  readonly cost: number;
  /** The answers to the quiet one. */
  readonly quiet: readonly unknown[];
}

/** For a minute each of the crowd writes once a second, all it may, and the quiet one every five seconds. */
function write(zone: TestZone, crowd: (text: string) => WireObject, quiet: (text: string) => WireObject): Heard {
  let cost = 0;
  const answers: unknown[] = [];
  for (let tick = 0; tick < TICKS; tick++) {
    for (let client = 0; client < CROWD; client++) {
      if ((tick + client) % TEXTS_EVERY_TICKS === 0)
        request(zone, client, { id: 1, ...crowd(longText(tick + client)) });
    }
    if (tick % (TEXT_WINDOW_TICKS / 2) === 299) request(zone, QUIET, { id: 1, ...quiet(`all well at ${tick}`) });
    run(zone);
    for (const { kind, client, value } of receive(zone)) {
      if (kind === 'response' && client === QUIET) answers.push(value!.refused);
      const said = kind === 'event' ? (value!.said as { text: string; from: string }) : undefined;
      if (said && said.from !== nameOf(QUIET)) cost += Buffer.byteLength(said.text) + TEXT_COST_EACH;
    }
  }
  return { cost, quiet: answers };
}

test('text_busy: a crowd that writes all it may costs each hearer no more than its share, and who writes little is heard', () => {
  const zone = startCrowd();
  const heard = write(
    zone,
    (text) => ({ say: { text } }),
    (text) => ({ say: { text } }),
  );
  expect(heard.cost).toBeLessThanOrEqual(ZONE_TEXT_COST_BURST + TICKS * ZONE_TEXT_COST_PER_TICK);
  expect(heard.cost).toBeGreaterThan(0.9 * TICKS * ZONE_TEXT_COST_PER_TICK);
  expect(heard.quiet).toEqual(Array(TICKS / (TEXT_WINDOW_TICKS / 2)).fill(''));
  expect(count(zone, 'textBusy')).toBeGreaterThan(0);
  run(zone, TEXT_WINDOW_TICKS);
  request(zone, 0, { id: 1, say: { text: 'again' } });
  run(zone);
  expect(receive(zone).find(({ kind }) => kind === 'response')!.value!.refused).toBe('');
});

test('text_target_busy: a crowd that whispers to one player is bounded, and others are whispered to', () => {
  const zone = startCrowd();
  const heard = write(
    zone,
    (text) => ({ whisper: { to: nameOf(QUIET), text } }),
    (text) => ({ whisper: { to: nameOf(0), text } }),
  );
  expect(heard.cost).toBeLessThanOrEqual(TARGET_TEXT_COST_BURST + TICKS * TARGET_TEXT_COST_PER_TICK);
  expect(heard.cost).toBeGreaterThan(0.9 * TICKS * TARGET_TEXT_COST_PER_TICK);
  expect(heard.quiet).toEqual(Array(TICKS / (TEXT_WINDOW_TICKS / 2)).fill(''));
  expect([count(zone, 'textTargetBusy') > 0, count(zone, 'textBusy')]).toEqual([true, 0]);
});

test('what was refused because others write may be sent again: it is not the same again', () => {
  const zone = startCrowd();
  const { world } = zone.zone;
  const fill = { heardBy: 'zone', target: -1, bytes: 0, isQuiet: true } as const;
  const answers: unknown[] = [];
  for (let round = 0; round < 4; round++) {
    while (round < 3 && takeHearing(world, fill, worldTick(world) + 1) === '');
    if (round === 3) run(zone, TEXT_WINDOW_TICKS / 2);
    receive(zone);
    request(zone, 0, { id: 1, say: { text: 'hello' } });
    run(zone);
    answers.push(receive(zone).find(({ kind }) => kind === 'response')!.value!.refused);
  }
  expect(answers).toEqual(['text_busy', 'text_busy', 'text_busy', '']);
});

test('a few hear what is for a few, whatever everybody else writes; who is not there hears nothing', () => {
  const { world } = startCrowd().zone;
  for (let index = 0; index < 1000; index++) {
    expect(takeHearing(world, { heardBy: 'few', target: -1, bytes: 1024, isQuiet: false }, 1)).toBe('');
    expect(takeHearing(world, { heardBy: 'named', target: -1, bytes: 1024, isQuiet: false }, 1)).toBe('');
  }
});

test('what is taken of the room lives through the death of the thread', () => {
  const zone = startCrowd();
  for (let index = 0; index < 10; index++) request(zone, index, { id: 1, say: { text: longText(index) } });
  request(zone, QUIET, { id: 1, whisper: { to: nameOf(1), text: 'hi' } });
  run(zone, 10);
  const { words } = zone.zone.world;
  const [held, heard] = [words[ZONE_HEARD_COST]!, zone.zone.world.columns.heardCost[slotOf(zone, 1)]!];
  const hash = hashZone(zone.zone);
  restartZone(zone, 2);
  expect([zone.zone.world.words[ZONE_HEARD_COST], zone.zone.world.columns.heardCost[slotOf(zone, 1)]]).toEqual([
    held,
    heard,
  ]);
  expect([held > 5000, heard > TEXT_COST_EACH, hashZone(zone.zone)]).toEqual([true, true, hash]);
});
