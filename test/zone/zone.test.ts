import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LINGER_TICKS, SAVE_INTERVAL_TICKS } from '../../src/base/limits.ts';
import { defineGame } from '../../src/sim/game.ts';
import { historyEpoch, newestTick } from '../../src/sim/history.ts';
import { aliveCount, worldTick } from '../../src/sim/world.ts';
import { CLIENT_BITS } from '../../src/wire/zone-records.ts';
import { createZoneBuffers } from '../../src/zone/buffers.ts';
import { saveAllCharacters } from '../../src/zone/players.ts';
import { hashZone } from '../../src/zone/recovery.ts';
import { applyRecord, createZone, stepZone } from '../../src/zone/zone.ts';
import {
  count,
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
  slotOf,
  type TestZone,
  takeSaves,
  testGame,
} from './harness.ts';

test('a player joins, is told so before the game speaks to it, walks and is published', () => {
  const zone = createTestZone();
  join(zone, 0);
  run(zone);
  const slot = slotOf(zone, 0);
  expect(receive(zone)).toEqual([
    { kind: 'joined', client: 0, slot },
    { kind: 'event', client: 0, value: { tick: 0, paid: undefined, heard: undefined, hello: {} } },
  ]);
  for (let tick = 0; tick < 10; tick++) {
    input(zone, 0, { moveX: 127, aim: 77 });
    run(zone);
  }
  const { positionX, facing, health } = zone.zone.world.columns;
  expect([positionX[slot], facing[slot], health![slot]]).toEqual([10 * 12_800, 77, 100]);
  expect(newestTick(zone.zone.history)).toBe(worldTick(zone.zone.world));
  expect(count(zone, 'inputs')).toBe(10);
});

test('who returns within the linger time finds its character as it left it; after that it is saved and gone', () => {
  const zone = createTestZone();
  join(zone, 0, { playerId: 2 ** 52 - 5, name: 'anna' });
  run(zone);
  const slot = slotOf(zone, 0);
  input(zone, 0, { moveX: 127 });
  run(zone);
  leave(zone, 0);
  run(zone, LINGER_TICKS - 2);
  const stood = zone.zone.world.columns.positionX[slot];
  expect(stood).toBe(12_800);
  join(zone, 3, { playerId: 2 ** 52 - 5, saved: new Int32Array(testGame.savedColumns.length) });
  run(zone);
  expect(slotOf(zone, 3)).toBe(slot);
  expect(zone.zone.world.columns.positionX[slot]).toBe(stood);
  leave(zone, 3);
  takeSaves(zone);
  run(zone, LINGER_TICKS + 1);
  expect(zone.zone.world.columns.kind[slot]).toBe(0);
  const last = takeSaves(zone).at(-1)!;
  expect(last).toMatchObject({
    playerId: 2 ** 52 - 5,
    epoch: 1,
    final: true,
    columns: expect.objectContaining({ positionX: 12_800, health: 100 }),
  });
});

test('saved columns are loaded at join, and the game is told that the player is not new', () => {
  const zone = createTestZone();
  const saved = Int32Array.from(testGame.savedColumns, (name) =>
    name === 'gold' ? 7 : name === 'positionZ' ? -9000 : 1,
  );
  join(zone, 0, { saved });
  run(zone);
  const { gold, positionZ, health } = zone.zone.world.columns;
  const slot = slotOf(zone, 0);
  expect([gold![slot], positionZ[slot], health![slot]]).toEqual([7, -9000, 1]);
});

test('a second connection of the same player takes over, the first is told and its leave does no harm', () => {
  const zone = createTestZone();
  join(zone, 0, { playerId: 9 });
  run(zone);
  const slot = slotOf(zone, 0);
  input(zone, 0, { moveX: 127 });
  join(zone, 1, { playerId: 9 });
  run(zone);
  expect(zone.zone.world.columns.moveX[slot]).toBe(0);
  leave(zone, 0);
  run(zone);
  expect(receive(zone).filter(({ kind }) => kind !== 'event')).toEqual([
    { kind: 'joined', client: 0, slot },
    { kind: 'left', client: 0, reason: 'replaced' },
    { kind: 'joined', client: 1, slot },
    { kind: 'gone', client: 0 },
  ]);
  expect([slotOf(zone, 0), slotOf(zone, 1)]).toEqual([-1, slot]);
  expect(zone.zone.world.columns.lingerTicks[slot]).toBe(0);
});

test('a full zone refuses with a reason and goes on', () => {
  const zone = createTestZone(testGame, 1, 1, 4);
  for (let client = 0; client < 5; client++) join(zone, client);
  run(zone);
  expect(receive(zone).filter(({ kind }) => kind === 'left')).toEqual([
    { kind: 'left', client: 3, reason: 'zone_full' },
    { kind: 'left', client: 4, reason: 'zone_full' },
  ]);
  expect(count(zone, 'joinsRefused')).toBe(2);
});

test('what the game spawns takes half of the slots at most, whoever is there: players find room', () => {
  const zone = createTestZone();
  for (let client = 0; client < 10; client++) join(zone, client);
  run(zone);
  const { sim, world } = zone.zone;
  let spawned = 1;
  while (sim.spawn(2) >= 0) spawned++;
  expect([spawned, aliveCount(world)]).toEqual([32, 42]);
  for (let client = 10; client < 32; client++) join(zone, client);
  run(zone);
  expect(count(zone, 'joinsRefused')).toBe(0);
  sim.despawn(zone.zone.world.columns.kind.indexOf(2));
  expect([sim.spawn(2) >= 0, sim.spawn(2)]).toEqual([true, -1]);
});

test('who was heard of standing here and was just removed asks again: what the store answered is older than its last save', () => {
  const zone = createTestZone();
  const saved = new Int32Array(testGame.savedColumns.length);
  join(zone, 0, { playerId: 9, epoch: 0, isStanding: true });
  run(zone);
  expect(receive(zone)).toEqual([{ kind: 'left', client: 0, reason: 'still_leaving' }]);
  join(zone, 1, { playerId: 9, saved });
  join(zone, 2, { playerId: 9, epoch: 0, isStanding: true });
  run(zone);
  expect(receive(zone).filter(({ kind }) => kind !== 'event')).toMatchObject([
    { kind: 'joined', client: 1 },
    { kind: 'left', client: 1, reason: 'replaced' },
    { kind: 'joined', client: 2 },
  ]);
  expect(count(zone, 'joinsRefused')).toBe(1);
});

test('saves name the epoch of the taking and the tick; one that was taken again goes on, one that others had in between does not', () => {
  const zone = createTestZone();
  const epochs = () => [...new Set(takeSaves(zone).map(({ epoch }) => epoch))];
  const saved = new Int32Array(testGame.savedColumns.length);
  join(zone, 0, { playerId: 9, epoch: 5, saved });
  run(zone, SAVE_INTERVAL_TICKS);
  const save = { playerId: 9, epoch: 5, final: false };
  expect(takeSaves(zone)).toMatchObject([save, save]);
  for (const [client, epoch, after] of [
    [1, 0, 5],
    [2, 6, 6],
    [3, 4, 6],
  ] as const) {
    join(zone, client, { playerId: 9, epoch, saved, isStanding: epoch === 0 });
    run(zone, SAVE_INTERVAL_TICKS);
    expect([client, slotOf(zone, client) >= 0, epochs()]).toEqual([client, true, [after]]);
  }
  receive(zone);
  join(zone, 4, { playerId: 9, epoch: 8, saved });
  run(zone);
  expect(receive(zone)).toEqual([{ kind: 'left', client: 4, reason: 'still_leaving' }]);
  leave(zone, 3);
  run(zone, LINGER_TICKS + 1);
  const last = takeSaves(zone);
  expect(last.at(-1)).toMatchObject({ epoch: 6, final: true });
  const versions = last.map(({ version }) => version);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(new Set(versions).size).toBe(versions.length);
});

test('requests are answered, refused with the game’s reason, and cause events for one or for all', () => {
  const zone = createTestZone(testGame, 2);
  const far = 1 << CLIENT_BITS;
  join(zone, 0);
  join(zone, far);
  run(zone);
  receive(zone, 0);
  receive(zone, 1);
  request(zone, 0, { id: 1, pay: { amount: 30 } });
  request(zone, 0, { id: 2, pay: { amount: 30 } });
  request(zone, far, { id: 3, shout: { text: 'grüß dich' } });
  run(zone);
  const [first, second, third, fourth] = receive(zone, 0);
  expect(first).toMatchObject({ kind: 'event', client: 0, value: { paid: { amount: 30 } } });
  expect(second).toMatchObject({ kind: 'response', value: { id: 1, refused: '' } });
  expect(third).toMatchObject({ kind: 'response', value: { id: 2, refused: 'too_poor' } });
  expect(fourth).toMatchObject({ kind: 'event', client: 0xffff, value: { heard: { text: 'grüß dich' } } });
  expect(receive(zone, 1)).toMatchObject([
    { kind: 'event', client: 0xffff, value: { heard: { text: 'grüß dich' } } },
    { kind: 'response', client: far, value: { id: 3, refused: '' } },
  ]);
});

test('an age of what was shown that no acknowledgement explains is corrected and counted', () => {
  const zone = createTestZone();
  join(zone, 0);
  run(zone);
  for (const viewAge of [0, 9, 0, 200]) {
    input(zone, 0, { viewAge });
    run(zone);
    expect(zone.zone.world.columns.viewAge[slotOf(zone, 0)]).toBe(0);
  }
  expect(count(zone, 'guardViewAge')).toBe(2);
});

test('what the game refuses is counted by the rules it states, each time, and by nothing else', () => {
  const rules = ['lazy', 'pay.too_poor', 'shout.too_poor'];
  let refused = 0;
  const system = { name: 'scold', run: (sim: { countRefusal(rule: number): void }) => sim.countRefusal(refused) };
  const zone = createTestZone(defineGame({ ...testGame, rules, systems: [...testGame.systems, system] }));
  join(zone, 0);
  run(zone, 3);
  for (let id = 1; id <= 4; id++) request(zone, 0, { id, pay: { amount: 30 } });
  request(zone, 0, { id: 5, shout: { text: 'here' } });
  run(zone);
  expect([...zone.zone.ruleCounts]).toEqual([4, 3, 0]);
  expect(count(zone, 'requestsRefused')).toBe(3);
  restartZone(zone, 2);
  run(zone);
  expect([...zone.zone.ruleCounts]).toEqual([5, 3, 0]);
  refused = rules.length;
  expect(() => run(zone)).toThrow('a game counts by rules that it states');
});

test('inputs of strangers, stale, early and doubled ones move a counter and nothing else', () => {
  const zone = createTestZone();
  join(zone, 0);
  run(zone, 5);
  const before = hashZone(zone.zone);
  const next = worldTick(zone.zone.world) + 1;
  input(zone, 7, { moveX: 127 });
  input(zone, 0, { tick: next - 1, moveX: 127 });
  input(zone, 0, { tick: next + 32, moveX: 127 });
  const still = createTestZone();
  join(still, 0);
  run(still, 5);
  expect(hashZone(still.zone)).toBe(before);
  run(zone);
  run(still);
  input(zone, 0, { moveX: 10 });
  input(zone, 0, { moveX: 127 });
  run(zone);
  expect(zone.zone.world.columns.moveX[slotOf(zone, 0)]).toBe(10);
  const drops = (['dropUnknownClient', 'dropStale', 'dropEarly', 'dropDuplicate'] as const).map((name) =>
    count(zone, name),
  );
  expect(drops).toEqual([1, 1, 1, 1]);
});

test('each player is saved once a second, and all of them when the zone stops', () => {
  const zone = createTestZone();
  for (let client = 0; client < 5; client++) join(zone, client);
  run(zone);
  takeSaves(zone);
  run(zone, SAVE_INTERVAL_TICKS);
  const saved = takeSaves(zone);
  expect(saved.map(({ playerId }) => playerId).sort()).toEqual([1000, 1001, 1002, 1003, 1004]);
  expect(saved.every(({ final }) => !final)).toBe(true);
  saveAllCharacters(zone.zone);
  expect(takeSaves(zone).filter(({ final }) => final)).toHaveLength(5);
});

test('who gets in is saved at the end of that tick, again too; of a tick that dies nobody', () => {
  const zone = createTestZone();
  const saved = () => takeSaves(zone).map(({ playerId, epoch }) => [playerId, epoch]);
  const players = [0, 1, 2, 3, 4];
  for (const client of players) join(zone, client);
  run(zone);
  expect(saved()).toEqual(players.map((client) => [1000 + client, 1]));
  join(zone, 7, { playerId: 1002, epoch: 2 });
  run(zone);
  expect(saved()).toEqual([[1002, 2]]);
  join(zone, 5);
  request(zone, 0, { id: 1, boom: {} });
  expect(() => run(zone)).toThrow('the game is faulty');
  expect(saved()).toEqual([]);
});

test('who was lost to another node is gone at once, connected or lingering, and nothing is left; who was taken since stays', () => {
  const zone = createTestZone();
  for (const client of [0, 1, 2]) join(zone, client, { epoch: 5 });
  run(zone);
  leave(zone, 1);
  run(zone);
  takeSaves(zone);
  receive(zone);
  for (const [playerId, epoch] of [
    [1000, 5],
    [1001, 6],
    [1002, 4],
    [1003, 9],
  ] as const)
    evict(zone, playerId, epoch);
  run(zone);
  expect([...zone.zone.slotOfPlayer.keys()]).toEqual([1002]);
  expect([aliveCount(zone.zone.world), slotOf(zone, 0), slotOf(zone, 2) >= 0]).toEqual([2, -1, true]);
  expect(receive(zone)).toEqual([{ kind: 'left', client: 0, reason: 'replaced' }]);
  const last = { epoch: 5, final: true };
  expect(takeSaves(zone)).toMatchObject([
    { playerId: 1000, ...last },
    { playerId: 1001, ...last },
  ]);
  leave(zone, 0);
  run(zone);
  expect(receive(zone)).toEqual([{ kind: 'gone', client: 0 }]);
});

test('an edge that starts anew leaves its old clients without connection, those of other edges alone', () => {
  const zone = createTestZone(testGame, 2);
  const far = 1 << CLIENT_BITS;
  join(zone, 0);
  join(zone, far);
  run(zone);
  const slot = slotOf(zone, 0);
  reset(zone, 0);
  run(zone);
  expect([slotOf(zone, 0), slotOf(zone, far) >= 0]).toEqual([-1, true]);
  expect(zone.zone.world.columns.lingerTicks[slot]).toBeGreaterThan(0);
  expect(receive(zone).at(-1)).toEqual({ kind: 'reset', client: 0 });
});

test('a faulty request kills the zone; the next one goes on from the last whole tick with its players', () => {
  const zone = createTestZone();
  join(zone, 0, { playerId: 5, name: 'anna' });
  run(zone, 20);
  const tick = worldTick(zone.zone.world);
  const slot = slotOf(zone, 0);
  input(zone, 0, { moveX: 127 });
  request(zone, 0, { id: 1, boom: {} });
  join(zone, 1, { playerId: 6, name: 'bert' });
  expect(() => run(zone)).toThrow('the game is faulty');
  restartZone(zone, 2);
  expect(worldTick(zone.zone.world)).toBe(tick);
  expect(historyEpoch(zone.zone.history)).toBe(2);
  run(zone);
  expect(slotOf(zone, 0)).toBe(slot);
  expect(zone.zone.world.columns.positionX[slot]).toBe(0);
  expect(slotOf(zone, 1)).toBe(-1);
  expect(receive(zone)).toContainEqual({ kind: 'left', client: 1, reason: 'zone_restarted' });
  expect(count(zone, 'restarts')).toBe(1);
  input(zone, 0, { moveX: 127 });
  run(zone);
  expect(zone.zone.world.columns.positionX[slot]).toBe(12_800);
});

/** A random life of a zone: what `fc` draws, applied through the rings. */
type Action =
  | { readonly do: 'join'; readonly client: number }
  | { readonly do: 'leave'; readonly client: number }
  | { readonly do: 'pay'; readonly client: number; readonly times: number }
  | {
      readonly do: 'input';
      readonly client: number;
      readonly ahead: number;
      readonly moveX: number;
      readonly aim: number;
    }
  | { readonly do: 'run' };

const client = fc.nat({ max: 5 });
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('join' as const), client }),
  fc.record({ do: fc.constant('leave' as const), client }),
  // Also more at once than a tick takes.
  fc.record({ do: fc.constant('pay' as const), client, times: fc.constantFrom(1, 60) }),
  fc.record({
    do: fc.constant('input' as const),
    client,
    ahead: fc.integer({ min: -2, max: 6 }),
    moveX: fc.integer({ min: -127, max: 127 }),
    aim: fc.nat({ max: 65_535 }),
  }),
  fc.constant({ do: 'run' as const }),
);

function act(zone: TestZone, step: Action): void {
  if (step.do === 'join') join(zone, step.client);
  else if (step.do === 'leave') leave(zone, step.client);
  else if (step.do === 'pay')
    for (let id = 1; id <= step.times; id++) request(zone, step.client, { id, pay: { amount: 1 } });
  else if (step.do === 'run') run(zone, 3);
  else if (step.do === 'input')
    input(zone, step.client, { ...step, tick: worldTick(zone.zone.world) + 1 + step.ahead });
}

test('the recorded stream alone gives the same hash at every tick', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(action, { maxLength: 80 }), (seed, actions) => {
      const zone = createTestZone(testGame, 1, seed);
      const hashes = new Map<number, string>();
      for (const step of actions) {
        act(zone, step);
        hashes.set(worldTick(zone.zone.world), hashZone(zone.zone));
      }
      run(zone);
      const last = worldTick(zone.zone.world);
      hashes.set(last, hashZone(zone.zone));
      const buffers = createZoneBuffers(testGame, 1, 64);
      const replay = createZone({ game: testGame, seed, epoch: 1, buffers, resume: false });
      let next = 0;
      for (let tick = 1; tick <= last; tick++) {
        for (; zone.stream[next]?.tick === tick; next++) {
          const { bytes } = zone.stream[next]!;
          applyRecord(replay, bytes, 0, bytes.length);
        }
        stepZone(replay);
        if (hashes.has(tick)) expect(hashZone(replay)).toBe(hashes.get(tick));
      }
    }),
    { numRuns: 60 },
  );
});

test('chance follows from the seed and a secret: with both it comes again, after the death of the thread too', () => {
  const chances = (secret: Uint32Array | undefined, dies = false): string => {
    const buffers = createZoneBuffers(testGame, 1, 64);
    const start = { game: testGame, seed: 3, secret, buffers };
    let zone = createZone({ ...start, epoch: 1, resume: false });
    for (let tick = 0; tick < 10; tick++) stepZone(zone);
    if (dies) zone = createZone({ ...start, epoch: 2, resume: true });
    for (let tick = 0; tick < 10; tick++) stepZone(zone);
    expect(zone.sim.map, 'the map is the seed’s').toBe(3);
    return hashZone(zone);
  };
  const [one, other] = [Uint32Array.of(1, 2, 3, 4), Uint32Array.of(1, 2, 3, 5)];
  expect([chances(one), chances(one, true), chances(undefined, true)]).toEqual([
    chances(one),
    chances(one),
    chances(undefined),
  ]);
  expect(new Set([chances(one), chances(other), chances(undefined)]).size).toBe(3);
});
