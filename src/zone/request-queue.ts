// Requests that came in a tick which had no time left for them: they wait for a later one, each client taking its turn.
// So what requests cost a tick is bounded however many players ask at once, and who asks for much delays itself, not
// who asks for little. Zone thread. Not part of the zone's state: a request counts from the tick that takes it.

import { REQUEST_COST_EACH, REQUESTS_WAITING_MAX } from '../base/limits.ts';
import { CLIENT_BITS } from '../wire/zone-records.ts';

export interface RequestQueue {
  /** Records of each client that has any, oldest first. Clients in the order of their turns, which a Map keeps. */
  readonly waiting: Map<number, Uint8Array[]>;
}

export function createRequestQueue(): RequestQueue {
  return { waiting: new Map() };
}

/** Screening goes through a text by its length; the rest is about the same for all. */
export function costOfRequest(bytes: number): number {
  return REQUEST_COST_EACH + bytes;
}

/** A copy of the record at `bytes[offset, end)` waits; false when too many of its client do already. */
export function queueRequest(
  { waiting }: RequestQueue,
  client: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
): boolean {
  const own = waiting.get(client);
  if (own === undefined) waiting.set(client, [bytes.slice(offset, end)]);
  else if (own.length < REQUESTS_WAITING_MAX) own.push(bytes.slice(offset, end));
  else return false;
  return true;
}

/** The next record in turn, which waits no longer. Asked each tick: does not allocate where nothing waits. */
export function nextRequest({ waiting }: RequestQueue): Uint8Array | undefined {
  if (waiting.size === 0) return undefined;
  for (const [client, own] of waiting) {
    const record = own.shift();
    waiting.delete(client);
    if (own.length > 0) waiting.set(client, own);
    return record;
  }
  return undefined;
}

/** Its number may be another one's soon. */
export function forgetRequests({ waiting }: RequestQueue, client: number): void {
  waiting.delete(client);
}

export function forgetRequestsOfEdge({ waiting }: RequestQueue, edge: number): void {
  for (const client of waiting.keys()) if (client >>> CLIENT_BITS === edge) waiting.delete(client);
}
