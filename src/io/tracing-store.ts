// Spans of the store thread: each call of the store that is made for somebody whose trace is recorded, and what becomes of
// commits, whose traces it computes from their players and keys.

import type { Commit } from '../store/commit.ts';
import type { Store } from '../store/store.ts';
import { steadyMs } from './system.ts';
import type { AroundRpc } from './thread-rpc.ts';
import { aboutCommand, childOf, type Tracer } from './tracing.ts';

/** The same store. */
export function traceStore(store: Store, tracer: Tracer): Store {
  const traced: Record<string, unknown> = {};
  for (const [operation, method] of Object.entries(store) as [string, (...values: unknown[]) => Promise<unknown>][]) {
    traced[operation] = (...values: unknown[]) => {
      if (!tracer.isOn()) return method.apply(store, values);
      return tracer.child('database', { operation }, () => method.apply(store, values));
    };
  }
  return traced as unknown as Store;
}

/** A call of another thread, as a span within the caller's. What it answers with a code has failed. */
export function traceCalls(tracer: Tracer): AroundRpc {
  return async (operation, context, work) => {
    const startMs = steadyMs();
    const own = childOf(context);
    const response = await tracer.within(own, work);
    const isError = 'code' in response;
    const attributes = { operation, ...(isError && { error: response.code }) };
    const span = { name: 'store', ...own, parentId: context.spanId, isError, attributes } as const;
    tracer.record({ ...span, startMs, endMs: steadyMs() });
    return response;
  };
}

/** Commits are on disk; they were taken from the ring of their zone so long ago. */
export function recordKept(tracer: Tracer, commits: readonly Commit[], tookMs: number): void {
  if (!tracer.isOn()) return;
  const endMs = steadyMs();
  for (const commit of commits) {
    const command = commandOf(tracer, commit);
    if (command === undefined) continue;
    const span = { name: 'commitKeep', ...childOf(command), parentId: command.spanId, isError: false } as const;
    const attributes = { ...describe(commit), commits: commits.length };
    tracer.record({ ...span, startMs: endMs - tookMs, endMs, attributes });
  }
}

/**
 * The same ledger. A batch is one call for many commits: of those that are recorded each has a span of its own, and what
 * the call itself does is told in the first one's.
 */
export function traceLedger(ledger: Pick<Store, 'applyCommits'>, tracer: Tracer): Pick<Store, 'applyCommits'> {
  return {
    applyCommits(commits) {
      if (!tracer.isOn()) return ledger.applyCommits(commits);
      let work = () => ledger.applyCommits(commits);
      for (const commit of commits) {
        const command = commandOf(tracer, commit);
        if (command === undefined) continue;
        const attributes = { ...describe(commit), commits: commits.length };
        const inner = work;
        const span = { name: 'ledgerApply', context: childOf(command), parentId: command.spanId, attributes } as const;
        work = () => tracer.run(span, inner);
      }
      return work();
    },
  };
}

/** What nobody asked for has no trace, nor has what was asked without a key: its edge alone tells of it. */
function commandOf(tracer: Tracer, { playerId, key }: Commit) {
  return playerId === 0 || key === 0 ? undefined : tracer.derive(aboutCommand(playerId, key));
}

function describe({ playerId, zoneId, tick, request, refused }: Commit) {
  return { playerId, zoneId, tick, request, refused };
}
