// What is decided without a server; the rest is held on a real Cassandra by test/contract/store.test.ts.

import { policies, types } from 'cassandra-driver';
import { expect, test } from 'vitest';
import { TryElsewhere } from '../../src/io/scylla-client.ts';

const { localSerial, localQuorum } = types.consistencies;
const driver = new policies.retry.RetryPolicy();

/** As the driver calls it: with the consistency of the part that was late. */
type Decide = (info: object, late: number) => object;

test.each([
  ['onWriteTimeout', localQuorum, localSerial],
  ['onReadTimeout', localSerial, localQuorum],
  ['onRequestError', localQuorum, localQuorum],
] as const)('%s: twice more at another node, as it was asked, whatever part of it was late', (event, asked, late) => {
  const policy = new TryElsewhere();
  const decide = policy[event].bind(policy) as unknown as Decide;
  const executionOptions = { getConsistency: () => asked };
  for (const nbRetry of [0, 1]) {
    expect(decide({ nbRetry, executionOptions }, late)).toEqual(driver.retryResult(asked, false));
  }
  expect(decide({ nbRetry: 2, executionOptions }, late)).toEqual(driver.rethrowResult());
});
