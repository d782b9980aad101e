// Joins a game and a world: the object that systems run on, and the step itself. Zone thread on the server, main
// thread in a browser (prediction). Pure: events go to a caller's sink, randomness comes from the world.

import type { AnyGame, Simulation } from './game.ts';
import {
  advanceTick,
  despawnEntity,
  entityHandle,
  findSlot,
  slotCount,
  spawnEntity,
  type World,
  worldRandom,
  worldTick,
} from './world.ts';

/** What a simulation can't do by itself: tell clients, look into the past, know names, count. The zone hands it in. */
export type Surroundings = Pick<
  Simulation,
  'emit' | 'emitNear' | 'positionAt' | 'rewindTicks' | 'nameOf' | 'findPlayer' | 'transfer' | 'countRefusal'
> & {
  /** Whether the game may spawn one more entity: the rest is kept for players. */
  readonly hasRoom: () => boolean;
};

/** For a predicting client: nobody to tell, no past, no names. A predicted system uses none of it. */
export const NO_SURROUNDINGS: Surroundings = {
  emit: () => {},
  emitNear: () => {},
  positionAt: () => false,
  rewindTicks: () => 0,
  nameOf: () => '',
  findPlayer: () => -1,
  transfer: () => false,
  countRefusal: () => {},
  hasRoom: () => true,
};

export function createSimulation(game: AnyGame, world: World, seed: number, surroundings: Surroundings): Simulation {
  const { hasRoom, ...others } = surroundings;
  return {
    columns: world.columns,
    map: game.createMap(seed),
    get tick() {
      return worldTick(world);
    },
    get slotCount() {
      return slotCount(world);
    },
    random: () => worldRandom(world),
    spawn: (kind) => (hasRoom() ? spawnEntity(world, kind) : -1),
    despawn: (slot) => despawnEntity(world, slot),
    handle: (slot) => entityHandle(world, slot),
    find: (handle) => findSlot(world, handle),
    ...others,
  };
}

/**
 * One tick: the inputs in force are in the columns already.
 * @param onRun is told after each system, by its place
 */
export function stepSimulation(game: AnyGame, sim: Simulation, onRun?: (index: number) => void): void {
  const { systems } = game;
  for (let index = 0; index < systems.length; index++) {
    systems[index]!.run(sim);
    onRun?.(index);
  }
}

/** The same tick as a client predicts it: only the systems that say so. */
export function predictStep(game: AnyGame, sim: Simulation, world: World): void {
  advanceTick(world);
  const { systems } = game;
  for (let index = 0; index < systems.length; index++) {
    const system = systems[index]!;
    if (system.predicted === true) system.run(sim);
  }
}
