// The one error class, for trouble in the environment (disk, port, database) and for bad input from the operator.
// Callers compare `code`, never the message. Any thread. Foreign bytes never become an exception: they are a
// numeric result and a counter; a legitimate "no" to a player is a value of a closed list.

/** Stable codes, `DARKAGES_AREA_REASON`. Only ever added to. */
export type ErrorCode =
  | 'DARKAGES_CONFIG_INVALID'
  | 'DARKAGES_CONFIG_UNKNOWN_FLAG'
  | 'DARKAGES_KEY_INVALID'
  | 'DARKAGES_TLS_INVALID'
  | 'DARKAGES_GAME_INVALID'
  | 'DARKAGES_GAME_NOT_FOUND'
  | 'DARKAGES_HTTP_PORT_IN_USE'
  | 'DARKAGES_EDGE_PORT_IN_USE'
  | 'DARKAGES_LISTEN_FAILED'
  | 'DARKAGES_STORE_FOLDER_IN_USE'
  | 'DARKAGES_STORE_FOLDER_NOT_WRITABLE'
  | 'DARKAGES_STORE_FOLDER_DAMAGED'
  | 'DARKAGES_LEDGER_BROKEN'
  | 'DARKAGES_STORE_SCHEMA_NEWER'
  | 'DARKAGES_STORE_FAILED'
  | 'DARKAGES_STORE_TIMEOUT'
  | 'DARKAGES_STORE_BUSY'
  | 'DARKAGES_JOURNAL_DAMAGED'
  | 'DARKAGES_JOURNAL_NEWER'
  | 'DARKAGES_JOURNAL_FAILED'
  | 'DARKAGES_STORE_UNAVAILABLE'
  | 'DARKAGES_THREAD_DIED'
  | 'DARKAGES_PASSWORD_BUSY'
  | 'DARKAGES_LOG_FILE'
  | 'DARKAGES_CONTROL_REFUSED'
  | 'DARKAGES_CONTROL_NOT_THERE';

export class ServerError extends Error {
  readonly code: ErrorCode;

  /** @param message one sentence that says what happened and what to do about it. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ServerError';
    this.code = code;
  }
}

/** The code of any thrown value, or undefined; works across threads, where the class identity is lost. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
