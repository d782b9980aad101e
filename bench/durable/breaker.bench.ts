// What a call of a store's backend costs beyond the call itself while all is well: the guard's breaker, budget, account of
// bytes and counters (io/store-trouble), with the system's clock. The call is an async function that answers at once.

import { createStoreTrouble } from '../../src/io/store-trouble.ts';
import { type Bench, median, threadCpuMicros } from '../bench.ts';

const ROUNDS = 7;
const AT_ONCE = 64;

export const bench: Bench = {
  figures: ['durable.breaker.callMicros'],
  async run(seed, isSmall) {
    const { redis } = createStoreTrouble();
    const calls = isSmall ? 1_000 : 200_000;
    let sum = seed;
    const work = async (): Promise<number> => {
      sum = (Math.imul(sum, 31) + 1) >>> 0;
      return sum;
    };
    const bare = () => measure(calls, work);
    const guarded = () => measure(calls, () => redis.call(300, work));
    await bare();
    await guarded();
    const micros: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const without = await bare();
      micros.push((await guarded()) - without);
    }
    redis.close();
    return [
      { figure: 'durable.breaker.callMicros', value: median(micros), unit: 'µs', seed, checksum: sum.toString(16) },
    ];
  },
};

/** CPU time of one call, several at once as the store makes them. */
async function measure(calls: number, call: () => Promise<number>): Promise<number> {
  const start = threadCpuMicros();
  for (let done = 0; done < calls; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, call));
  }
  return (threadCpuMicros() - start) / calls;
}
