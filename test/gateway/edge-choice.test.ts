import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEdgeChoice, type SessionEdge } from '../../src/gateway/edge-choice.ts';

const edgesWith = (...players: number[]): SessionEdge[] =>
  players.map((count, index) => ({ edge: index + 1, place: index, port: 7777 + index, players: count }));

test('the next player goes where the fewest are, the first of equals', () => {
  expect(createEdgeChoice().choose('ws', edgesWith(3, 2, 2), 0, true).edge).toBe(2);
  expect(createEdgeChoice().choose('ws', edgesWith(3), 0, true).edge).toBe(1);
});

test('many who ask in the same instant are spread, though none of them has come yet', () => {
  const choice = createEdgeChoice();
  const edges = edgesWith(10, 0);
  const chosen = Array.from({ length: 30 }, () => choice.choose('udp', edges, 100, true).edge);
  expect([1, 2].map((edge) => chosen.filter((one) => one === edge).length)).toEqual([10, 20]);
});

test('UDP and WebSocket, and the zones, are counted apart', () => {
  const choice = createEdgeChoice();
  const [first, second] = [edgesWith(0, 0), edgesWith(0, 0).map((edge) => ({ ...edge, place: edge.place + 2 }))];
  for (const [kind, edges] of [
    ['ws', first],
    ['udp', first],
    ['ws', second],
    ['udp', second],
  ] as const) {
    expect([1, 2, 3].map(() => choice.choose(kind, edges, 0, true).edge)).toEqual([1, 2, 1]);
  }
});

test('who is told of an edge where it is not expected is not waited for', () => {
  const choice = createEdgeChoice();
  expect([1, 2, 3].map(() => choice.choose('ws', edgesWith(0, 0), 0, false).edge)).toEqual([1, 1, 1]);
  expect(choice.choose('ws', edgesWith(0, 0), 0, true).edge).toBe(1);
  expect(choice.choose('ws', edgesWith(0, 0), 0, false).edge).toBe(2);
});

test('who never came is forgotten after some seconds, also when the clock is put back', () => {
  const choice = createEdgeChoice();
  const edges = edgesWith(0, 5);
  const ask = (times: number, nowS: number) =>
    Array.from({ length: times }, () => choice.choose('ws', edges, nowS, true).edge);
  expect(ask(5, 7)).toEqual([1, 1, 1, 1, 1]);
  expect(ask(3, 11)).toEqual([1, 2, 1]);
  expect(ask(6, 30)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(ask(1, 30)).toEqual([2]);
  expect(ask(1, -50)).toEqual([1]);
});

test('property: everybody who comes finds the edges even; no-shows tilt them for a while only', () => {
  const step = fc.record({ afterMs: fc.nat(500), comesAfterMs: fc.nat(3_000), comes: fc.boolean() });
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      fc.array(step, { minLength: 1, maxLength: 200 }),
      fc.boolean(),
      (count, steps, doAllCome) => {
        const choice = createEdgeChoice();
        const players = Array.from({ length: count }, () => 0);
        let coming: { atMs: number; place: number }[] = [];
        let nowMs = 0;
        const arrive = (untilMs: number): void => {
          for (const { atMs, place } of coming) if (atMs <= untilMs) players[place]!++;
          coming = coming.filter(({ atMs }) => atMs > untilMs);
        };
        const ask = () => choice.choose('udp', edgesWith(...players), nowMs / 1000, true).place;
        const apart = () => Math.max(...players) - Math.min(...players);
        for (const { afterMs, comesAfterMs, comes } of steps) {
          nowMs += afterMs;
          arrive(nowMs);
          const place = ask();
          if (comes || doAllCome) coming.push({ atMs: nowMs + comesAfterMs, place });
        }
        arrive(Number.POSITIVE_INFINITY);
        if (doAllCome) expect(apart()).toBeLessThanOrEqual(1);
        nowMs += 10_000;
        for (let late = apart() * count; late > 0; late--) players[ask()]!++;
        expect(apart()).toBeLessThanOrEqual(1);
      },
    ),
  );
});
