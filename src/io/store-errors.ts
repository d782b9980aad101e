// How a store says that it can't do something: one code, one sentence, the driver's words in it. Store thread.

import { ServerError } from '../base/errors.ts';

/** @param what the end of "The store failed: ", without a full stop */
export function storeError(what: string, cause: unknown): ServerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ServerError('DARKAGES_STORE_FAILED', `The store failed: ${what} (${why}).`, { cause });
}

/** Work that doesn't wait; what it throws says what failed, unless it says so itself. */
export function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ServerError) throw error;
    throw storeError(what, error);
  }
}
