// What a bot does with itself: walks and sprints about, changes its mind each second or two, looks around, sometimes
// stands still. Seeded; any game, since all games have the engine's inputs, and a game's own are pressed at random.

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
/** A bot that was kept waiting doesn't spin round. */
const ELAPSED_MS_MAX = 100;

export interface Wander {
  readonly game: AnyGame;
  readonly random: Random;
  isIdle: boolean;
  decideMs: number;
  updatedMs: number;
  turnPerS: number;
}

export function createWander(game: AnyGame, random: Random): Wander {
  return { game, random, isIdle: false, decideMs: 0, updatedMs: 0, turnPerS: 0 };
}

/** Writes what the bot wants at this time. */
export function updateWander(wander: Wander, nowMs: number, intent: Intent): void {
  if (nowMs >= wander.decideMs) decide(wander, nowMs, intent);
  const elapsedMs = Math.max(0, Math.min(nowMs - wander.updatedMs, ELAPSED_MS_MAX));
  wander.updatedMs = nowMs;
  intent.aim = (intent.aim + (wander.turnPerS * elapsedMs) / 1000 + 0x1_0000) % 0x1_0000;
}

function decide(wander: Wander, nowMs: number, intent: Intent): void {
  const { game, random } = wander;
  wander.decideMs = nowMs + DECISION_MS_MIN + random.fraction() * (DECISION_MS_MAX - DECISION_MS_MIN);
  wander.isIdle = random.fraction() < IDLE_SHARE;
  const angle = random.fraction() * 2 * Math.PI;
  const length = wander.isIdle ? 0 : MOVE_MAX;
  intent.moveX = Math.round(length * Math.cos(angle));
  intent.moveZ = Math.round(length * Math.sin(angle));
  intent.buttons = random.fraction() < FASTER_SHARE ? BUTTON_FASTER : 0;
  wander.turnPerS = (random.fraction() * 2 - 1) * TURN_PER_S_MAX;
  for (const name of game.inputNames) {
    const { min, max } = game.inputs![name]!;
    const value = random.fraction() < INPUT_SHARE ? min + Math.floor(random.fraction() * (max - min + 1)) : 0;
    intent.inputs[name] = value;
  }
}
