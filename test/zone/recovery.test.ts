import fc from 'fast-check';
import { expect, test } from 'vitest';
import { game as darkages } from '../../src/game/game.ts';
import type { AnyGame } from '../../src/sim/game.ts';
import { worldTick } from '../../src/sim/world.ts';
import { IS_PAUSED } from '../../src/store/zone-journal.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import { leaveStanding } from '../../src/zone/players.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import type { Replayed, Zone } from '../../src/zone/state.ts';
import { createZone, tickZone } from '../../src/zone/zone.ts';
import { game as bank } from '../../tools/chaos/bank.ts';
import {
  createTestZone,
  evict,
  input,
  join,
  leave,
  receive,
  request,
  reset,
  restartZone,
  run,
  type TestZone,
} from './harness.ts';
import { createTestJournal, keep, type TestJournal } from './journal-end.ts';

interface Recovery {
  readonly zone: Zone;
  readonly replayed: Replayed;
}

/** Another process, with what the journal has. */
function recover(game: AnyGame, journal: TestJournal, ticks: readonly Uint8Array[] = journal.ticks): Recovery {
  let replayed: Replayed | undefined;
  const buffers = createZoneBuffers(game, 1, 64, true);
  const recovered = {
    keyframe: journal.keyframe!.bytes,
    ticks,
    onReplayed: (how: Replayed) => {
      replayed = how;
    },
  };
  const zone = createZone({ game, seed: 1, epoch: 9, buffers, resume: false, recovered });
  return { zone, replayed: replayed! };
}

/** Some ticks with players who walk, turn, pay, find, leave and come back. */
function play(test: TestZone, journal: TestJournal, steps: readonly number[]): void {
  for (const step of steps) {
    const client = step % 7;
    const what = (step >> 3) % 8;
    if (what === 0) join(test, client);
    else if (what === 1 && step % 3 === 0) leave(test, client);
    else if (what === 1 && step % 3 === 1) evict(test, 1000 + client, 1);
    else if (what === 2)
      request(test, client, { id: step, key: (step >> 6) + 1, mint: { gold: step % 90, gems: step % 4 } });
    else if (what === 3) {
      const to = test.zone.sim.handle((step >> 6) % 7);
      request(test, client, { id: step, key: step, swap: { to, gold: step % 50, gems: step % 2 } });
    } else {
      const tick = worldTick(test.zone.world) + 1 + (step % 3);
      const [moveX, moveZ] = [(step % 255) - 127, (step % 201) - 100];
      input(test, client, {
        tick,
        moveX,
        moveZ,
        aim: step & 0xffff,
        buttons: step % 2,
        viewAge: step % 15,
        pitch: step % 5,
      });
    }
    if (step % 10 === 0) test.zone.journal!.keyframeDue = 0;
    run(test, 1 + (step % 4));
    if (step % 2 === 0) keep(test, journal);
  }
  run(test);
  keep(test, journal);
}

const steps = fc.array(fc.nat(100_000), { maxLength: 120 });

for (const game of [bank, darkages]) {
  test(`${game.name}: keyframe and ticks give back the same state, hash by hash, and it goes on the same way`, () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const zone = createTestZone(game, 1, 1, 64, true);
        const journal = createTestJournal(zone);
        join(zone, 0);
        run(zone);
        keep(zone, journal);
        play(zone, journal, before);
        if (after.length % 2 === 0) run(zone, 600);
        keep(zone, journal);
        play(zone, journal, after);
        const { zone: again, replayed } = recover(game, journal);
        expect(replayed.end).toBe('whole');
        expect(worldTick(again.world)).toBe(worldTick(zone.zone.world));
        expect(replayed.hash).toBe(hashZone(zone.zone));
        expect(again.slotOfPlayer).toEqual(zone.zone.slotOfPlayer);
        expect(again.names.texts).toEqual(zone.zone.names.texts);
        expect([...again.answers.byPlayer.keys()].sort()).toEqual([...zone.zone.answers.byPlayer.keys()].sort());
        leaveStanding(zone.zone);
        for (let tick = 0; tick < 20; tick++) {
          // Nothing is promised by either until a keyframe is on disk, and neither gets one.
          tickZone(again);
          zone.zone.journal!.words[IS_PAUSED] = 1;
          tickZone(zone.zone);
        }
        expect(hashZone(again)).toBe(hashZone(zone.zone));
      }),
      { numRuns: game === bank ? 60 : 20 },
    );
  });
}

test('nobody is told anything twice by a replay; players stand there without connection once their edge says so', () => {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  run(zone);
  keep(zone, journal);
  join(zone, 1);
  run(zone, 5);
  keep(zone, journal);
  const buffers = createZoneBuffers(bank, 1, 64, true);
  const recovered = { keyframe: journal.keyframe!.bytes, ticks: journal.ticks, onReplayed: () => {} };
  const again = createZone({ game: bank, seed: 1, epoch: 2, buffers, resume: false, recovered });
  const after: TestZone = { ...createTestZone(bank, 1), buffers, zone: again };
  expect(new Int32Array(buffers.outputRings[0]!)[0], 'nothing was written to the edge').toBe(0);
  expect(again.slotOfPlayer.get(1001)).toBe(0);
  expect(after.zone).toBe(again);
});

test('a record that was cut off, a gap, another game: the zone begins anew, unless nothing was promised beyond', () => {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  run(zone);
  keep(zone, journal);
  join(zone, 1);
  run(zone, 3);
  request(zone, 1, { id: 1, key: 1, mint: { gold: 5, gems: 0 } });
  run(zone, 4);
  keep(zone, journal);
  const promisedAt = journal.ticks.length - 4;
  const without = (index: number) => journal.ticks.filter((_, each) => each !== index);
  expect(recover(bank, journal).replayed).toMatchObject({ ticks: 7, end: 'whole' });
  expect(recover(bank, journal, without(promisedAt - 1)).replayed.end).toBe('promises_beyond');
  const late = recover(bank, journal, without(promisedAt + 1));
  expect(late.replayed.end).toBe('whole');
  expect(late.zone.world.columns.gold[0]).toBe(5);
  expect(recover(bank, journal, without(promisedAt + 2)).replayed.end).toBe('whole');
  const changed = journal.ticks.map((bytes) => bytes.slice());
  changed[promisedAt]![changed[promisedAt]!.length - 1]! ^= 1;
  const diverged = recover(bank, journal, changed);
  expect(diverged.replayed.end).toBe('diverged');
  expect([diverged.zone.slotOfPlayer.size, worldTick(diverged.zone.world)]).toEqual([0, 0]);
  const other = recover(darkages, journal);
  expect(other.replayed).toMatchObject({ ticks: 0, end: 'other_game' });
  expect(worldTick(other.zone.world)).toBe(0);
});

/** The journal of a player who came and made gold. */
function playOnce(): TestJournal {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  join(zone, 1);
  run(zone);
  keep(zone, journal);
  request(zone, 1, { id: 1, key: 1, mint: { gold: 5, gems: 0 } });
  run(zone, 4);
  keep(zone, journal);
  return journal;
}

test('rules that fail in the midst of a command leave none open to the zone that begins anew', () => {
  const journal = playOnce();
  const { mint } = bank.requests!;
  const changed: AnyGame = {
    ...bank,
    requests: {
      ...bank.requests,
      mint: {
        ...mint!,
        run(...args) {
          mint!.run(...args);
          throw new Error('gold is not made any more');
        },
      },
    },
  };
  const { zone: again, replayed } = recover(changed, journal);
  expect(replayed).toMatchObject({ end: 'failed', error: expect.stringContaining('not made any more') });
  expect(again.commits).toMatchObject({ isCommandOpen: false, transferCount: 0, count: 0 });
  expect([again.commits.transfers.offset, again.commits.writer.offset]).toEqual([0, 0]);
});

test('rules that were changed since and fail at what there is: the zone begins anew and ticks, and the error is told', () => {
  const journal = playOnce();
  const changed: AnyGame = {
    ...bank,
    systems: [
      {
        name: 'rule',
        run(sim) {
          if (sim.slotCount > 0) throw new Error('there is nobody with a hat');
        },
      },
    ],
  };
  const { zone: again, replayed } = recover(changed, journal);
  expect(replayed).toMatchObject({ ticks: 0, end: 'failed', error: expect.stringContaining('nobody with a hat') });
  expect([again.slotOfPlayer.size, worldTick(again.world), again.isReplaying]).toEqual([0, 0, false]);
  tickZone(again);
  expect(worldTick(again.world)).toBe(1);
  const { end } = recover({ ...bank, savedColumns: bank.savedColumns.slice(1) }, journal).replayed;
  expect(end).toBe('other_game');
});

test('a keyframe that was cut anywhere is no state', () => {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  join(zone, 1);
  run(zone);
  keep(zone, journal);
  const { tick, bytes } = journal.keyframe!;
  for (let end = 0; end < bytes.length; end += 1 + (end >> 4)) {
    const cut = { ...journal, keyframe: { tick, bytes: bytes.slice(0, end) } };
    expect(recover(bank, cut).replayed.end).not.toBe('whole');
  }
});

test('after the death of its thread alone a zone keeps the promises of the last whole tick, and answers by their keys', () => {
  const zone = createTestZone(bank, 1, 1, 64, true);
  const journal = createTestJournal(zone);
  reset(zone, 0);
  join(zone, 1);
  run(zone);
  keep(zone, journal);
  request(zone, 1, { id: 1, key: 77, mint: { gold: 5, gems: 0 } });
  run(zone);
  restartZone(zone, 2);
  keep(zone, journal);
  run(zone);
  keep(zone, journal);
  receive(zone);
  request(zone, 1, { id: 2, key: 77, mint: { gold: 5, gems: 0 } });
  run(zone);
  keep(zone, journal);
  run(zone);
  expect(receive(zone).find(({ kind }) => kind === 'response')?.value).toMatchObject({ id: 2, refused: '' });
  expect(zone.zone.world.columns.gold[0]).toBe(5);
});
