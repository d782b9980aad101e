import { expect, test } from 'vitest';
import { REQUEST_COST_EACH, REQUEST_COST_PER_TICK, REQUESTS_WAITING_MAX } from '../../src/base/limits.ts';
import { count, createTestZone, join, leave, receive, request, reset, run, slotOf, type TestZone } from './harness.ts';

/** Bytes of the record of `payNothing`: kind, client, id and an amount that isn't there. */
const PAY_BYTES = 8;
const PER_TICK = Math.ceil(REQUEST_COST_PER_TICK / (REQUEST_COST_EACH + PAY_BYTES));

function start(clients: number): TestZone {
  const zone = createTestZone();
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
    for (let id = 1; id <= PER_TICK + 10; id++) request(zone, 0, { id, pay: { amount: id > PER_TICK ? 5 : 0 } });
    end(zone, 0);
    run(zone);
    join(zone, 0, { playerId: 7, name: 'anna' });
    run(zone, 3);
    expect(zone.zone.world.columns.gold![slotOf(zone, 0)]).toBe(50);
  }
});
