// What is posted to the HTTP server as the first span of a trace. Main thread. Pages, health and metrics have none: they
// are asked for all the time, by machines.

import type { SessionResponse } from '../gateway/refusals.ts';
import type { SpanAttributes, SpanContext } from '../observe/spans.ts';
import type { Passwords } from './password.ts';
import { steadyMs } from './system.ts';
import { firstOf, type Tracer } from './tracing.ts';

/** @param context of `tracer.derive` or `random`; undefined: it isn't recorded. */
export async function tracePost(
  tracer: Tracer,
  route: string,
  context: SpanContext | undefined,
  work: () => Promise<SessionResponse>,
): Promise<SessionResponse> {
  if (context === undefined) return work();
  const startMs = steadyMs();
  const end = (isError: boolean, attributes: SpanAttributes): void => {
    const span = firstOf('http', context, { route, ...attributes });
    tracer.record({ ...span, ...context, startMs, endMs: steadyMs(), isError });
  };
  try {
    const response = await tracer.within(context, work);
    const { status, body } = response;
    const playerId = Number(body.playerId ?? 0);
    end(status >= 500, { status, ...(playerId > 0 && { playerId }), ...errorOf(body) });
    return { ...response, traceId: context.traceId };
  } catch (error) {
    end(true, { status: 500 });
    throw error;
  }
}

/** One of our codes. */
function errorOf({ error }: SessionResponse['body']): SpanAttributes {
  return typeof error === 'string' ? { error } : {};
}

/** The same, with a span for each hash. */
export function tracePasswords(passwords: Passwords, tracer: Tracer): Passwords {
  return {
    ...passwords,
    hash: (password) => tracer.child('password', { operation: 'hash' }, () => passwords.hash(password)),
    verify: (hash, password) =>
      tracer.child('password', { operation: 'verify' }, () => passwords.verify(hash, password)),
  };
}
