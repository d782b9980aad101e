// What a hostile client is given to break a rule with (edge-attacks.ts, zone-attacks.ts), and what it has in common with
// every other one.

import { once } from 'node:events';
import type { WireObject } from '../../src/wire/codec.ts';
import { nextTick, type RawClient, type Session, send } from '../../tools/hostile/raw-client.ts';
import { type LaunchedServer, until } from './server.ts';

export interface Hostile {
  readonly server: LaunchedServer;
  /** In the zone since a moment ago, with the token of `session`. It has sent nothing else. */
  readonly client: RawClient;
  readonly session: Session;
  /** How often the rule was counted so far. */
  count(): Promise<number>;
}

export interface Outcome {
  /** How often the rule is to be counted; left out where time decides: then at least once. */
  readonly times?: number;
  /** What the hostile one was told, in whatever way the rule tells it. */
  readonly told?: string;
}

export interface Attack {
  /** What the hostile client does, in words. */
  readonly sends: string;
  /** What it is to be told; nothing where the rule says nothing. */
  readonly told?: string;
  /** The connection of `client` is to end by it. */
  readonly ends?: true;
  /** Counters that the same deed can't but move as well. */
  readonly also?: readonly string[];
  run(hostile: Hostile): Promise<Outcome>;
}

/** A rule that can't be broken from outside within a test, and why; the row's own test breaks it in the process. */
export interface InProcess {
  readonly inProcess: string;
}

/** Ticks ahead of the server: neither a late packet nor an early one fails for that. */
export const AHEAD_TICKS = 10;

/** Sends an input for each of the ticks to come. */
export function sendInputs(client: RawClient, inputs: readonly WireObject[]): void {
  const tick = nextTick(client) + AHEAD_TICKS;
  send(client, { inputs: inputs.map((values, index) => ({ tick: tick + index, ...values })) });
}

/** The edge has read everything that was sent before. */
export async function settle({ socket }: RawClient): Promise<void> {
  socket.ping('done');
  await once(socket, 'pong');
}

export async function untilLater(client: RawClient): Promise<void> {
  const { snapshots } = client;
  await until('a few snapshots', () => client.snapshots > snapshots + 4);
}

/** Asks one after the other; what each was refused for, '' when it was taken. */
export async function ask(client: RawClient, requests: readonly WireObject[]): Promise<string[]> {
  for (const [id, request] of requests.entries()) send(client, { request: { id: id + 1, ...request } });
  await until('all are answered', () => client.responses.length === requests.length);
  return client.responses.map(({ refused }) => String(refused));
}

/** Inputs, each of which breaks the rule once. */
export function inputs(sends: string, each: readonly WireObject[], also: readonly string[] = []): Attack {
  return {
    sends,
    also,
    async run({ client }) {
      sendInputs(client, each);
      return { times: each.length };
    },
  };
}
