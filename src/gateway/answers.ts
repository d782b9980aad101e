// Counts what who asked for a session was answered, by its code. Main thread; pure.

import type { CounterName, Counters } from '../base/counters.ts';
import type { SessionErrorCode, SessionResponse } from './session.ts';

const COUNTER_OF: Readonly<Record<SessionErrorCode, CounterName<'gateway'>>> = {
  malformed: 'refusedMalformed',
  too_large: 'refusedMalformed',
  not_json: 'refusedMalformed',
  bad_name: 'refusedBadName',
  name_refused: 'refusedName',
  name_taken: 'refusedTaken',
  bad_password: 'refusedPassword',
  bad_credentials: 'refusedCredentials',
  origin_refused: 'refusedOrigin',
  rate_limited: 'refusedRate',
  tls_required: 'refusedTls',
  busy: 'refusedBusy',
  store_unavailable: 'refusedStore',
};

/** Hands the answer on. */
export function countAnswer(counters: Counters<'gateway'>, response: SessionResponse): SessionResponse {
  const error = response.body.error as SessionErrorCode | undefined;
  counters.words[counters.index[error === undefined ? 'sessions' : COUNTER_OF[error]]]!++;
  return response;
}
