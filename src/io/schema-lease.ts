// Who makes the schema, of all servers that start on one store: one after the other, by a lease in Redis. Its holder's death
// frees it after a while. Store thread, at start.
//
// A master of Redis that took over may not know the lease and give it to somebody else. So it is renewed before each
// statement, and who has lost it, or can't ask, stops there: whoever has it by then does all of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { ServerError } from '../base/errors.ts';
import type { Directory } from '../store/directory.ts';
import type { Exclusive } from './scylla-schema.ts';

const LEASE = 'schema';
const KEEP_MS = 30_000;
const WAIT_MS = 250;

/** @param onWorking what comes next may take so long */
export function createSchemaLease(
  directory: Pick<Directory, 'takeLease' | 'renewLease' | 'releaseLease'>,
  onWorking: (withinMs: number) => void,
): Exclusive {
  return async (work) => {
    const holder = crypto.randomUUID();
    let taken: number | undefined;
    for (;;) {
      taken = await directory.takeLease(LEASE, holder, KEEP_MS);
      if (taken !== undefined) break;
      // Whoever has it may be at it for long.
      onWorking(KEEP_MS);
      await sleep(WAIT_MS);
    }
    const epoch = taken;
    const renew = () => directory.renewLease(LEASE, holder, epoch, KEEP_MS);
    // For a statement that takes long. What it comes to is asked again before the next one.
    const timer = setInterval(() => void renew().catch(() => false), KEEP_MS / 4);
    try {
      await work(async () => {
        if (await renew()) return;
        throw new ServerError('DARKAGES_STORE_BUSY', 'Another server makes the schema by now: start this one again.');
      });
    } finally {
      clearInterval(timer);
      await directory.releaseLease(LEASE, holder, epoch);
    }
  };
}
