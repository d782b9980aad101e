import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BREAKER_DEFAULTS,
  BREAKER_STATES,
  type BreakerOptions,
  createBreaker,
  REJECTED,
} from '../../src/store/breaker.ts';

const { closed, halfOpen, open } = BREAKER_STATES;

function fail(breaker: ReturnType<typeof createBreaker>, times: number, now: number): void {
  for (let time = 0; time < times; time++) breaker.end(breaker.begin(now), false, now);
}

describe('circuit breaker', () => {
  test('five failures in a row open it for thirty seconds; then two successes close it', () => {
    const breaker = createBreaker();
    fail(breaker, 4, 0);
    breaker.end(breaker.begin(0), true, 0);
    fail(breaker, 4, 0);
    expect(breaker.state(0)).toBe(closed);
    fail(breaker, 1, 10);
    expect([breaker.state(10), breaker.openForMs(10), breaker.openedTotal()]).toEqual([open, 30_000, 1]);
    expect(breaker.begin(30_009)).toBe(REJECTED);
    expect(breaker.state(30_010)).toBe(halfOpen);
    const tickets = [breaker.begin(30_010), breaker.begin(30_010), breaker.begin(30_010)];
    expect([tickets[0] === REJECTED, tickets[1] === REJECTED, tickets[2]]).toEqual([false, false, REJECTED]);
    breaker.end(tickets[0]!, true, 30_020);
    expect(breaker.state(30_020)).toBe(halfOpen);
    expect(breaker.begin(30_020)).toBe(REJECTED);
    breaker.end(tickets[1]!, true, 30_020);
    expect(breaker.state(30_020)).toBe(closed);
    expect(breaker.rejectedTotal()).toBe(3);
  });

  test('one failure while it is half open opens it for as long again, and the other probe counts no more', () => {
    const breaker = createBreaker();
    fail(breaker, 5, 0);
    const [first, second] = [breaker.begin(40_000), breaker.begin(40_000)];
    breaker.end(first, false, 40_100);
    breaker.end(second, true, 40_200);
    expect([breaker.state(40_200), breaker.openForMs(40_200), breaker.openedTotal()]).toEqual([open, 29_900, 2]);
  });

  test('what began before it opened neither closes it nor opens it again', () => {
    const breaker = createBreaker();
    const late = Array.from({ length: 8 }, () => breaker.begin(0));
    fail(breaker, 5, 1);
    for (const ticket of late) breaker.end(ticket, false, 30_002);
    expect(breaker.state(30_002)).toBe(halfOpen);
    for (const ticket of late) breaker.end(ticket, true, 30_002);
    expect([breaker.state(30_002), breaker.openedTotal()]).toEqual([halfOpen, 1]);
  });

  test('half of the calls failing opens it, of twenty at least within ten seconds', () => {
    const alternate = (stepMs: number) => {
      const breaker = createBreaker();
      for (let call = 0; call < 200 && breaker.state(call * stepMs) === closed; call++) {
        breaker.end(breaker.begin(call * stepMs), call % 2 === 0, call * stepMs);
      }
      return breaker.openedTotal();
    };
    expect([alternate(100), alternate(400), alternate(600), alternate(6_000)]).toEqual([1, 1, 0, 0]);
  });

  test('whatever happens: it is closed, open or half open as a naive one that keeps a list of all calls', () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(2_000)),
      isOk: fc.boolean(),
      lastsSteps: fc.nat(4),
    });
    const options: BreakerOptions = { ...BREAKER_DEFAULTS, openMs: 3_000, windowCallsMin: 6, windowMs: 1_000 };
    const property = fc.property(fc.array(step, { minLength: 20, maxLength: 300 }), (steps) => {
      const [breaker, naive] = [createBreaker(options), createNaive(options)];
      const running: { until: number; isOk: boolean; ticket: number; id: number }[] = [];
      let now = 0;
      for (const [index, { waitMs, isOk, lastsSteps }] of steps.entries()) {
        now += waitMs;
        const [ticket, id] = [breaker.begin(now), naive.begin(now)];
        expect(ticket === REJECTED).toBe(id === undefined);
        if (id !== undefined) running.push({ until: index + lastsSteps, isOk, ticket, id });
        for (const call of running.filter(({ until }) => until === index)) {
          breaker.end(call.ticket, call.isOk, now);
          naive.end(call.id, call.isOk, now);
        }
        expect(breaker.state(now)).toBe(naive.state(now));
        expect(breaker.openForMs(now)).toBe(naive.openForMs(now));
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});

/** The same by lists of everything that ever was. */
function createNaive(options: BreakerOptions) {
  const sliceMs = options.windowMs / 10;
  let current: number = closed;
  let openedAt = 0;
  let period = 0;
  let ids = 0;
  const periodOf = new Map<number, number>();
  let ended: { isOk: boolean; slice: number }[] = [];
  let begun = 0;
  const become = (to: number) => {
    current = to;
    period++;
    ended = [];
    begun = 0;
  };
  const settle = (now: number) => {
    if (current === open && now >= openedAt + options.openMs) become(halfOpen);
  };
  const trip = (now: number) => {
    become(open);
    openedAt = now;
  };
  return {
    state(now: number) {
      settle(now);
      return current;
    },
    openForMs: (now: number) => (current === open ? Math.max(0, openedAt + options.openMs - now) : 0),
    begin(now: number): number | undefined {
      settle(now);
      if (current === open || (current === halfOpen && begun === options.successesToClose)) return undefined;
      begun++;
      periodOf.set(++ids, period);
      return ids;
    },
    end(id: number, isOk: boolean, now: number) {
      if (periodOf.get(id) !== period) return;
      const slice = Math.floor(now / sliceMs);
      ended.push({ isOk, slice });
      if (current === halfOpen) {
        if (!isOk) trip(now);
        else if (ended.length === options.successesToClose) become(closed);
        return;
      }
      if (isOk) return;
      const inRow = ended.length - 1 - ended.findLastIndex((call) => call.isOk);
      const recent = ended.filter((call) => call.slice > slice - 10);
      const failed = recent.filter((call) => !call.isOk).length;
      const isMany = recent.length >= options.windowCallsMin && failed >= recent.length * options.failureShareMax;
      if (inRow >= options.failuresInRowMax || isMany) trip(now);
    },
  };
}
