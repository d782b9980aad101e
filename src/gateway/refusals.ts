// What requests about accounts and sessions are answered when it is a "no", as values; and the checks that stand before
// all others, since they cost nothing: TLS and origin. Pure, main thread.

import { isLoopback, isOriginAllowed } from './origin.ts';

export interface SessionRequest {
  /** From the wire: parsed JSON of any shape. */
  readonly body: unknown;
  readonly remoteAddress: string;
  /** Ours, at which the request came in. */
  readonly localAddress: string;
  /** By TLS, ours or that of a proxy before us. */
  readonly isEncrypted: boolean;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

export interface SessionResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterS?: number;
  /** Not told: of the trace in which it came about, if that is recorded. */
  readonly traceId?: string;
}

export interface RequestOptions {
  /** Secrets may go over the network as they are. */
  readonly allowPlainHttp: boolean;
  readonly allowOrigins: readonly string[];
}

export type SessionErrorCode =
  | 'malformed'
  | 'bad_name'
  | 'name_refused'
  | 'bad_password'
  | 'bad_credentials'
  | 'ticket_refused'
  | 'tls_required'
  | 'origin_refused'
  | 'name_taken'
  | 'in_play'
  | 'too_large'
  | 'not_json'
  | 'rate_limited'
  | 'busy'
  | 'store_unavailable';

const STATUS: Readonly<Record<SessionErrorCode, number>> = {
  malformed: 400,
  bad_name: 400,
  name_refused: 400,
  bad_password: 400,
  bad_credentials: 401,
  ticket_refused: 401,
  tls_required: 403,
  origin_refused: 403,
  name_taken: 409,
  in_play: 409,
  too_large: 413,
  not_json: 415,
  rate_limited: 429,
  busy: 503,
  store_unavailable: 503,
};

export function sessionError(error: SessionErrorCode, message: string, retryAfterS?: number): SessionResponse {
  return { status: STATUS[error], body: { error, message }, ...(retryAfterS !== undefined && { retryAfterS }) };
}

export function rateLimited(waitS: number): SessionResponse {
  return sessionError('rate_limited', `Too many requests: try again in ${waitS} s.`, waitS);
}

/** Undefined: it may go on. */
export function refuseRequest(options: RequestOptions, request: SessionRequest): SessionResponse | undefined {
  if (!request.isEncrypted && !options.allowPlainHttp && !isLoopback(request.remoteAddress)) {
    return sessionError('tls_required', 'From another machine sessions are opened over https only.');
  }
  if (!isOriginAllowed(request.origin, request.host, options.allowOrigins)) {
    return sessionError('origin_refused', 'Pages of this origin may not open sessions here.');
  }
  return undefined;
}

/** For what a port rejected with, if it is no fault of our own: then it is thrown on. @param code the error's */
export function refuseForError(code: string | undefined, error: unknown): SessionResponse {
  if (code === 'DARKAGES_PASSWORD_BUSY') return sessionError('busy', 'Too many logins at once: try again.', 1);
  if (code?.startsWith('DARKAGES_STORE_')) {
    return sessionError('store_unavailable', 'Accounts can not be reached at the moment: try again.', 1);
  }
  throw error;
}
