import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REQUESTS_WAITING_MAX } from '../../src/base/limits.ts';
import { CLIENT_BITS } from '../../src/wire/zone-records.ts';
import {
  createRequestQueue,
  forgetRequests,
  forgetRequestsOfEdge,
  nextRequest,
  queueRequest,
} from '../../src/zone/request-queue.ts';

const CLIENTS = [0, 1, 2, 1 << CLIENT_BITS, (1 << CLIENT_BITS) + 1];

type Step =
  | { readonly do: 'queue'; readonly client: number; readonly count: number }
  | { readonly do: 'next' }
  | { readonly do: 'forget'; readonly client: number }
  | { readonly do: 'forgetEdge'; readonly edge: number };

const client = fc.constantFrom(...CLIENTS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('queue' as const), client, count: fc.nat({ max: 12 }) }), weight: 4 },
  { arbitrary: fc.constant({ do: 'next' as const }), weight: 8 },
  { arbitrary: fc.record({ do: fc.constant('forget' as const), client }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('forgetEdge' as const), edge: fc.nat({ max: 1 }) }), weight: 1 },
);

test('each client has its turn, each turn takes its oldest, and nobody keeps more than it may', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = createRequestQueue();
      // The clients in the order of their turns, each with the numbers that wait.
      let model: { readonly client: number; readonly waiting: number[] }[] = [];
      let number = 0;
      const add = (of: number): void => {
        number++;
        const bytes = Uint8Array.of(9, 9, number >>> 8, number & 0xff, 9);
        const own = model.find((each) => each.client === of) ?? { client: of, waiting: [] };
        if (!model.includes(own)) model.push(own);
        const hasRoom = own.waiting.length < REQUESTS_WAITING_MAX;
        if (hasRoom) own.waiting.push(number);
        expect(queueRequest(queue, of, bytes, 2, 4)).toBe(hasRoom);
        bytes.fill(0);
      };
      const take = (): void => {
        const first = model.shift();
        const expected = first?.waiting.shift();
        if (first !== undefined && first.waiting.length > 0) model.push(first);
        const got = nextRequest(queue);
        expect(got && (got[0]! << 8) + got[1]!).toBe(expected);
      };
      for (const each of steps) {
        if (each.do === 'queue') for (let count = 0; count < each.count; count++) add(each.client);
        else if (each.do === 'next') take();
        else if (each.do === 'forget') {
          forgetRequests(queue, each.client);
          model = model.filter((other) => other.client !== each.client);
        } else {
          forgetRequestsOfEdge(queue, each.edge);
          model = model.filter((other) => other.client >>> CLIENT_BITS !== each.edge);
        }
      }
      while (model.length > 0) take();
      take();
    }),
  );
});
