// How old what a client sees of others gets: from the states it holds, snapshot by snapshot. Pure.
// A state that doesn't come again is no old one while nothing changes. So only who moved between its last two states
// counts: bots that walk, and turn all the time, have changed again a tick later. (One that stopped in the very tick of
// the last state, and turns by less than a third of a degree a second, would count as old: one in a hundred thousand.)

import { TICK_MS } from '../../src/base/limits.ts';
import type { Replica, Replicas } from '../../src/snapshot/replicas.ts';
import {
  addValue,
  createDistribution,
  type Distribution,
  mergeDistribution,
  quantile,
  round,
} from '../../tools/swarm/statistics.ts';

export interface Watched {
  readonly watchers: number;
  /** Of who a client holds and who was moving: how old its state got before the next one came. */
  readonly stateAgeMs: { readonly median: number | null; readonly p99: number | null; readonly max: number | null };
  /** States whose age was taken. */
  readonly states: number;
  /** Others that a client holds at once. */
  readonly heldMean: number | null;
  readonly heldMax: number | null;
  readonly snapshotsPerSecondMin: number | null;
}

/** Of one client. */
export interface Ages {
  readonly kind: number;
  readonly positionRows: readonly number[];
  readonly ageMs: Distribution;
  readonly held: Distribution;
  /** By slot: generation and tick of the newest state known, and whether it was moving then. */
  readonly known: Map<number, { generation: number; tick: number; isMoving: boolean }>;
  tick: number;
  snapshots: number;
}

/** @param kind of entities that count: players */
export function createAges(replicas: Replicas, kind: number): Ages {
  const positionRows = replicas.rows.flatMap(({ name }, row) => (/^position_[xyz]$/.test(name) ? [row] : []));
  return {
    kind,
    positionRows,
    ageMs: createDistribution(),
    held: createDistribution(),
    known: new Map(),
    tick: -1,
    snapshots: 0,
  };
}

/** After each snapshot that was applied; `ownSlot` doesn't count. */
export function noteAges(ages: Ages, replicas: Replicas, ownSlot: number): void {
  if (replicas.tick === ages.tick) return;
  ages.tick = replicas.tick;
  ages.snapshots++;
  let held = 0;
  for (const [slot, replica] of replicas.bySlot) {
    if (slot === ownSlot || replica.kind !== ages.kind || replica.count === 0) continue;
    held++;
    noteReplica(ages, replica);
  }
  addValue(ages.held, held);
  // Who is gone is nobody's old state.
  for (const slot of ages.known.keys()) if (!replicas.bySlot.has(slot)) ages.known.delete(slot);
}

function noteReplica(ages: Ages, replica: Replica): void {
  const tick = replica.ticks[replica.count - 1]!;
  const known = ages.known.get(replica.slot);
  if (known?.generation === replica.generation && known.tick === tick) return;
  if (known?.generation === replica.generation && known.isMoving) addAge(ages, tick - known.tick);
  ages.known.set(replica.slot, { generation: replica.generation, tick, isMoving: isMoving(ages, replica) });
}

/** Between the last two states that are known. */
function isMoving({ positionRows }: Ages, { ticks, values, count }: Replica): boolean {
  if (count < 2) return false;
  const rowCount = values.length / ticks.length;
  const now = (count - 1) * rowCount;
  return positionRows.some((row) => values[now + row] !== values[now - rowCount + row]);
}

function addAge({ ageMs }: Ages, ticks: number): void {
  addValue(ageMs, ticks * TICK_MS);
}

/** At the end: who still waits for a newer state has waited so long. */
export function closeAges(ages: Ages): void {
  for (const { tick, isMoving } of ages.known.values())
    if (isMoving && ages.tick > tick) addAge(ages, ages.tick - tick);
}

export function summariseAges(all: readonly Ages[], seconds: number): Watched {
  const ageMs = createDistribution();
  const held = createDistribution();
  for (const ages of all) {
    mergeDistribution(ageMs, ages.ageMs);
    mergeDistribution(held, ages.held);
  }
  return {
    watchers: all.length,
    stateAgeMs: {
      median: round(quantile(ageMs, 0.5)),
      p99: round(quantile(ageMs, 0.99)),
      max: ageMs.count === 0 ? null : round(ageMs.max),
    },
    states: ageMs.count,
    heldMean: held.count === 0 ? null : round(held.sum / held.count),
    heldMax: held.count === 0 ? null : held.max,
    snapshotsPerSecondMin: round(Math.min(...all.map(({ snapshots }) => snapshots / seconds))),
  };
}
