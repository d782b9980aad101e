// Counts what who asked for a session, or about an account, was answered, by its code. Main thread; pure.

import type { CounterName, Counters } from '../base/counters.ts';
import type { SessionErrorCode, SessionResponse } from './refusals.ts';

const COUNTER_OF: Readonly<Record<SessionErrorCode, CounterName<'gateway'>>> = {
  malformed: 'refusedMalformed',
  too_large: 'refusedMalformed',
  not_json: 'refusedMalformed',
  bad_name: 'refusedBadName',
  name_refused: 'refusedName',
  name_taken: 'refusedTaken',
  bad_password: 'refusedPassword',
  bad_credentials: 'refusedCredentials',
  ticket_refused: 'refusedTicket',
  in_play: 'refusedInPlay',
  origin_refused: 'refusedOrigin',
  rate_limited: 'refusedRate',
  tls_required: 'refusedTls',
  busy: 'refusedBusy',
  store_unavailable: 'refusedStore',
};

/** Hands the answer on. @param done what there is more of when it is no refusal */
export function countAnswer(
  counters: Counters<'gateway'>,
  response: SessionResponse,
  ...done: readonly CounterName<'gateway'>[]
): SessionResponse {
  const error = response.body.error as SessionErrorCode | undefined;
  const names = error === undefined ? done : [COUNTER_OF[error]];
  for (const name of names) counters.words[counters.index[name]]!++;
  return response;
}
