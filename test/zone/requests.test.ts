import { expect, test } from 'vitest';
import { LINGER_TICKS, REQUEST_COST_EACH, REQUEST_COST_PER_TICK, REQUESTS_WAITING_MAX } from '../../src/base/limits.ts';
import { CLIENT_BITS } from '../../src/wire/zone-records.ts';
import {
  count,
  createTestZone,
  join,
  leave,
  receive,
  request,
  reset,
  restartZone,
  run,
  slotOf,
  type TestZone,
  testGame,
} from './harness.ts';

/** Bytes of the record of `payNothing`: kind, client, id and an amount that isn't there. */
const PAY_BYTES = 8;
const PER_TICK = Math.ceil(REQUEST_COST_PER_TICK / (REQUEST_COST_EACH + PAY_BYTES));

/** Players on the first of two edges. */
function start(clients: number): TestZone {
  const zone = createTestZone(testGame, 2);
  for (let client = 0; client < clients; client++) join(zone, client);
  run(zone);
  receive(zone);
  return zone;
}

function payNothing(zone: TestZone, client: number, times = 1): void {
  for (let id = 1; id <= times; id++) request(zone, client, { id, pay: {} });
}

/** Who was answered in the next tick, in order. */
function answeredIn(zone: TestZone): number[] {
  run(zone);
  return receive(zone).flatMap(({ kind, client }) => (kind === 'response' ? [client] : []));
}

test('request_work: what a tick has no time for waits, and who asks once waits for one turn, not for all of a flood', () => {
  const zone = start(11);
  for (let client = 0; client < 10; client++) payNothing(zone, client, 20);
  payNothing(zone, 10);
  const first = answeredIn(zone);
  expect(first.length).toBe(PER_TICK);
  expect(first).not.toContain(10);
  expect(count(zone, 'requestsPutOff')).toBe(201 - PER_TICK);
  const second = answeredIn(zone);
  expect(second.length).toBe(PER_TICK);
  expect(second).toContain(10);
  const rest = [...answeredIn(zone), ...answeredIn(zone), ...answeredIn(zone)];
  expect([...first, ...second, ...rest].length).toBe(201);
  expect([count(zone, 'dropRequest'), count(zone, 'requests')]).toEqual([0, 201]);
  expect(answeredIn(zone)).toEqual([]);
});

test('request_work: long requests cost more of a tick than short ones', () => {
  const zone = start(4);
  const text = 'ä'.repeat(20);
  for (let id = 1; id <= 20; id++)
    for (let client = 0; client < 4; client++) request(zone, client, { id, shout: { text } });
  expect(answeredIn(zone).length).toBeLessThan(PER_TICK / 1.5);
});

test('request_waiting: a player whose requests pile up loses the newest, and nobody else does', () => {
  const zone = start(2);
  payNothing(zone, 0, PER_TICK + REQUESTS_WAITING_MAX + 5);
  payNothing(zone, 1, 3);
  expect(answeredIn(zone)).toEqual(Array(PER_TICK).fill(0));
  expect(answeredIn(zone).filter((client) => client === 1).length).toBe(3);
  expect([count(zone, 'dropRequest'), count(zone, 'requests')]).toEqual([5, PER_TICK + REQUESTS_WAITING_MAX + 3]);
});

test('what waits of a connection that is gone, or whose edge is, counts for nobody who has its number next', () => {
  for (const end of [leave, reset]) {
    const zone = start(1);
    const far = 1 << CLIENT_BITS;
    for (let client = far; client < far + 5; client++) join(zone, client);
    run(zone);
    for (let client = far; client < far + 5; client++) payNothing(zone, client, 40);
    // Its edge is read first: all but its last 20 are taken, and those wait among a hundred others.
    for (let id = 1; id <= PER_TICK + 20; id++) request(zone, 0, { id, pay: { amount: id > PER_TICK ? 5 : 0 } });
    run(zone);
    end(zone, 0);
    run(zone);
    join(zone, 0, { playerId: 7, name: 'anna' });
    run(zone);
    const slot = slotOf(zone, 0);
    run(zone, 10);
    expect([slot >= 0, zone.zone.world.columns.gold![slot]]).toEqual([true, 50]);
  }
});

test('players are found by name: after the zone died as well, and not any more when they are gone', () => {
  const zone = start(0);
  join(zone, 0, { playerId: 7, name: 'Anna' });
  run(zone);
  const slot = slotOf(zone, 0);
  const find = (): number[] => ['anna', 'ANNA', 'ann'].map((name) => zone.zone.sim.findPlayer(name));
  expect(find()).toEqual([slot, slot, -1]);
  restartZone(zone, 2);
  expect(find()).toEqual([slot, slot, -1]);
  leave(zone, 0);
  run(zone, LINGER_TICKS - 1);
  expect(find()).toEqual([slot, slot, -1]);
  run(zone, 2);
  expect(find()).toEqual([-1, -1, -1]);
});
