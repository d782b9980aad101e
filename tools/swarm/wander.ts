// What a bot does with itself: walks and sprints about, changes its mind each second or two, looks around, sometimes
// stands still. Seeded; any game, since all games have the engine's inputs, and a game's own are pressed at random.
// Each has a place of its own to be about. Players appear all at one spot: without places, 200 bots would see each
// other all the time, 1,000 would be a crowd that no game has, and no two numbers of bots could be compared.

import type { Random } from '../../src/base/random.ts';
import type { Intent } from '../../src/client/state.ts';
import type { AnyGame } from '../../src/sim/game.ts';

const MOVE_MAX = 127;
/** By every game's custom the first button is "faster". */
const BUTTON_FASTER = 1;
const IDLE_SHARE = 0.1;
const FASTER_SHARE = 0.3;
const INPUT_SHARE = 0.5;
const DECISION_MS_MIN = 500;
const DECISION_MS_MAX = 3500;
/** A quarter turn a second, in 65536ths. */
const TURN_PER_S_MAX = 16_384;
/** How many others each shall see, about: the places are spread over a square of that size. */
const VISIBLE = 50;
/** Further from its place it goes there, by a way that is off by up to an eighth of a turn, so as not to hang on walls. */
const HOME_MM = 15_000;
const WAY_OFF_MAX = Math.PI / 4;
/** Share of the world that places are in. */
const WORLD_SHARE = 0.9;
/** A bot that was kept waiting doesn't spin round. */
const ELAPSED_MS_MAX = 100;

export interface Wander {
  readonly game: AnyGame;
  readonly random: Random;
  readonly homeX: number;
  readonly homeZ: number;
  isIdle: boolean;
  decideMs: number;
  updatedMs: number;
  turnPerS: number;
}

/**
 * @param bots how many there are in all
 * @param withinMm of the world's middle they all stay within; 0: as far from each other as VISIBLE says
 */
export function createWander(game: AnyGame, random: Random, bots: number, withinMm = 0): Wander {
  const { worldHalfMm, interestRadiusMm } = game.limits;
  const side = Math.sqrt((bots * Math.PI * interestRadiusMm ** 2) / VISIBLE);
  const spread = withinMm === 0 ? side / 2 : Math.max(0, withinMm - HOME_MM) * Math.SQRT1_2;
  const half = Math.min(spread, worldHalfMm * WORLD_SHARE);
  const homeX = (random.fraction() * 2 - 1) * half;
  const homeZ = (random.fraction() * 2 - 1) * half;
  return { game, random, homeX, homeZ, isIdle: false, decideMs: 0, updatedMs: 0, turnPerS: 0 };
}

/**
 * Writes what the bot, which is at this place (mm), wants at this time. `presses` is false for who presses the game's own
 * inputs by itself.
 */
export function updateWander(
  wander: Wander,
  nowMs: number,
  x: number,
  z: number,
  intent: Intent,
  presses = true,
): void {
  if (nowMs >= wander.decideMs) {
    decide(wander, nowMs, x, z, intent);
    if (presses) pressAny(wander, intent);
  }
  const elapsedMs = Math.max(0, Math.min(nowMs - wander.updatedMs, ELAPSED_MS_MAX));
  wander.updatedMs = nowMs;
  intent.aim = (intent.aim + (wander.turnPerS * elapsedMs) / 1000 + 0x1_0000) % 0x1_0000;
}

function decide(wander: Wander, nowMs: number, x: number, z: number, intent: Intent): void {
  const { random } = wander;
  const homeX = wander.homeX - x;
  const homeZ = wander.homeZ - z;
  const isAway = Math.hypot(homeX, homeZ) > HOME_MM;
  const part = random.fraction();
  const way = isAway ? Math.atan2(homeZ, homeX) + (part * 2 - 1) * WAY_OFF_MAX : part * 2 * Math.PI;
  wander.decideMs = nowMs + DECISION_MS_MIN + random.fraction() * (DECISION_MS_MAX - DECISION_MS_MIN);
  wander.isIdle = random.fraction() < IDLE_SHARE;
  const length = wander.isIdle ? 0 : MOVE_MAX;
  intent.moveX = Math.round(length * Math.cos(way));
  intent.moveZ = Math.round(length * Math.sin(way));
  intent.buttons = random.fraction() < FASTER_SHARE || isAway ? BUTTON_FASTER : 0;
  wander.turnPerS = (random.fraction() * 2 - 1) * TURN_PER_S_MAX;
}

function pressAny({ game, random }: Wander, intent: Intent): void {
  for (const name of game.inputNames) {
    const { min, max } = game.inputs![name]!;
    const value = random.fraction() < INPUT_SHARE ? min + Math.floor(random.fraction() * (max - min + 1)) : 0;
    intent.inputs[name] = value;
  }
}
