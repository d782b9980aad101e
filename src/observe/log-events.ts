// Everything that is worth a line in the log, and which fields such a line may have: nothing else can be logged. Any
// thread; pure. docs/logs.md is made from it (`npm run logs-table -- --write`).
// error: a person should act. warn: degraded, it goes on. info: rare and important. debug: for whoever looks into it. What
// a stranger does is debug at most, or it is counted.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** What the fields are. There is none for what players write, nor for anything that lets somebody in. */
export interface LogFields {
  /** Of the process: of a person's interest, in a sentence. */
  readonly detail: string;
  readonly zone: number;
  /** The thread that it is about; `thread` is whose line it is. */
  readonly subject: string;
  readonly backend: string;
  readonly player: number;
  /** By id, a space between. */
  readonly players: string;
  readonly version: string;
  readonly game: string;
  readonly signal: string;
  readonly tick: number;
  readonly ticks: number;
  readonly hash: string;
  readonly end: string;
  readonly count: number;
  readonly state: string;
  readonly kind: string;
  readonly seconds: number;
  readonly file: string;
  readonly code: string;
  readonly percent: number;
  readonly error: unknown;
}

export interface EventRow {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: readonly (keyof LogFields)[];
  /** For docs/logs.md: what it means, or what to do. */
  readonly help: string;
  /** The fields by which causes differ: each may be told often on its own. */
  readonly cause?: readonly (keyof LogFields)[];
}

export const LOG_EVENTS = {
  started: {
    level: 'info',
    text: 'the server runs',
    fields: ['version', 'game', 'count'],
    help: 'Players can come in. count: zones',
  },
  note: { level: 'info', text: 'a note on how it runs', fields: ['detail'], help: 'Nothing to do', cause: ['detail'] },
  advice: {
    level: 'warn',
    text: 'it runs, and could run better',
    fields: ['detail'],
    help: 'detail says what to change',
    cause: ['detail'],
  },
  draining: {
    level: 'info',
    text: 'draining: telling clients, saving players',
    fields: ['signal'],
    help: 'Somebody asked it to end',
  },
  drain_incomplete: {
    level: 'error',
    text: 'not all was saved at the end',
    fields: ['detail'],
    help: 'The next start goes on from the journal',
    cause: ['detail'],
  },
  stopped: { level: 'info', text: 'stopped', fields: [], help: 'The last line of a process that ended in order' },
  hopeless: {
    level: 'fatal',
    text: 'the process ends, to be started again',
    fields: ['detail'],
    help: 'A thread died again and again: what it says before is the reason',
  },
  thread_died: {
    level: 'error',
    text: 'a thread died; starting it again',
    fields: ['subject', 'detail'],
    help: 'Players of a zone stand still for a moment. Runbook: zone-down',
    cause: ['subject'],
  },
  thread_back: { level: 'info', text: 'the thread runs again', fields: ['subject'], help: '', cause: ['subject'] },
  zone_hung: {
    level: 'error',
    text: 'the zone does not tick: its thread is replaced',
    fields: ['zone'],
    help: 'Its game computes without end, or the machine stood still',
    cause: ['zone'],
  },
  zone_resumed: {
    level: 'info',
    text: 'the zone goes on where it was',
    fields: ['zone', 'ticks', 'tick', 'hash'],
    help: 'After a crash, from keyframe and journal',
  },
  zone_anew: {
    level: 'error',
    text: 'the zone begins anew: its journal is not what it was. Players keep all that was promised',
    fields: ['zone', 'ticks', 'end', 'detail'],
    help: 'Where everybody stood is lost. end: why the replay ended; detail: the error, where the rules failed',
  },
  zone_overloaded: {
    level: 'warn',
    text: 'the zone does less to keep up',
    fields: ['zone', 'state', 'percent'],
    help: 'state: step of the overload ladder (docs/overload.md); percent: pace of time',
    cause: ['zone'],
  },
  zone_recovered: {
    level: 'info',
    text: 'the zone does all again',
    fields: ['zone'],
    help: '',
    cause: ['zone'],
  },
  breaker_opened: {
    level: 'error',
    text: 'a database failed too often: it is not asked for a while',
    fields: ['backend', 'error'],
    help: 'The game goes on, promises wait in the journal. Runbook: store-breaker-open',
    cause: ['backend'],
  },
  breaker_closed: {
    level: 'info',
    text: 'the database works again',
    fields: ['backend'],
    help: '',
    cause: ['backend'],
  },
  save_not_cached: {
    level: 'warn',
    text: 'Redis did not keep a save; ScyllaDB does',
    fields: ['error'],
    help: 'See to Redis',
  },
  saving_failed: {
    level: 'error',
    text: 'characters could not be saved; retrying',
    fields: ['error'],
    help: 'They wait in memory and in the journal',
  },
  saving_works: { level: 'info', text: 'characters are saved again', fields: [], help: '' },
  journal_failed: {
    level: 'error',
    text: 'the journal can not be written: commands are refused',
    fields: ['error'],
    help: 'See to the disk: it goes on by itself. Runbook: journal-failing',
  },
  journal_works: { level: 'info', text: 'the journal is written again', fields: [], help: '' },
  journal_trouble: {
    level: 'warn',
    text: 'the journal goes on without',
    fields: ['error'],
    help: 'A keyframe or a packed segment; the one before is there',
  },
  checkpoint_failed: {
    level: 'warn',
    text: 'the log of the database could not be copied into its file',
    fields: ['error'],
    help: 'It grows meanwhile, and is tried again. See to the disk',
  },
  mark_failed: {
    level: 'warn',
    text: 'the store does not keep how much of the journal it has',
    fields: ['error'],
    help: 'The journal keeps it; tried again each second',
  },
  mark_unknown: {
    level: 'warn',
    text: 'the store does not say how much of the journal it has: it gets all of it',
    fields: ['error'],
    help: 'It knows what it has; the start takes longer',
  },
  commit_fenced: {
    level: 'warn',
    text: 'the ledger refused a commit: another node has had its player since',
    fields: ['players', 'detail'],
    help: 'After a network was split; the players begin anew with what the ledger has. docs/stores.md',
  },
  commit_broken: {
    level: 'error',
    text: 'the ledger refused a commit: something before it was lost',
    fields: ['players', 'detail'],
    help: 'Somebody has to see to it: its players begin anew with what the ledger has, fenced_commits has the commit. docs/stores.md',
  },
  commits_wait: {
    level: 'warn',
    text: 'commits wait in the journal for the next start',
    fields: ['count'],
    help: 'The store could not take them before the end',
  },
  guests_deleted: {
    level: 'info',
    text: 'guests who never played were deleted',
    fields: ['count'],
    help: '',
  },
  guests_stay: {
    level: 'warn',
    text: 'guests who never played could not be deleted',
    fields: ['error'],
    help: 'Players notice nothing. Tried again at the next start',
  },
  account_exported: {
    level: 'info',
    text: 'a player was told what is kept of it',
    fields: ['player'],
    help: 'docs/privacy.md',
  },
  account_deleted: { level: 'info', text: 'an account was deleted', fields: ['player'], help: 'docs/privacy.md' },
  session_refused: {
    level: 'debug',
    text: 'a session was refused',
    fields: ['code'],
    help: 'Counted in sessions_refused_total',
    cause: ['code'],
  },
  request_failed: {
    level: 'error',
    text: 'an HTTP request failed',
    fields: ['error'],
    help: 'A mistake of ours: please report it',
  },
  log_level: { level: 'info', text: 'the level of the log was changed', fields: ['state'], help: '' },
  phases_switched: {
    level: 'info',
    text: 'whether the time of ticks is measured was changed',
    fields: ['state'],
    help: 'on or off; docs/profiling.md',
  },
  profile_taken: {
    level: 'info',
    text: 'somebody takes a profile of a thread',
    fields: ['subject', 'kind', 'seconds'],
    help: 'It costs the thread a little meanwhile. docs/profiling.md',
    cause: ['subject'],
  },
  traces_share: {
    level: 'info',
    text: 'the share of what is traced was changed',
    fields: ['percent'],
    help: 'docs/traces.md',
  },
  traces_failed: {
    level: 'warn',
    text: 'traces are dropped: their receiver does not take them',
    fields: ['code'],
    help: 'The game goes on. code: of the system or HTTP; check --otlp-endpoint, and for HTTP 401 --otlp-headers-file',
    cause: ['code'],
  },
  traces_work: { level: 'info', text: 'traces are taken again', fields: [], help: '' },
  log_file: {
    level: 'error',
    text: 'the log’s files can not be tended',
    fields: ['file', 'error'],
    help: 'Rotation, packing or deletion of old ones failed; it is tried again',
  },
} as const satisfies Record<string, EventRow>;

export type LogEvent = keyof typeof LOG_EVENTS;
export type FieldsOf<E extends LogEvent> = {
  readonly [F in (typeof LOG_EVENTS)[E]['fields'][number]]: LogFields[F];
};

/** docs/logs.md. */
export function printLogEvents(): string {
  const rows = Object.entries(LOG_EVENTS as Record<string, EventRow>).map(
    ([event, { level, text, fields, help }]) =>
      `| \`${event}\` | ${level} | ${text} | ${fields.map((field) => `\`${field}\``).join(' ')} | ${help} |`,
  );
  return `${HEAD}${rows.join('\n')}\n`;
}

const HEAD = `# The log

Made from \`src/observe/log-events.ts\` by \`npm run logs-table -- --write\`: a test compares them.

A line is JSON (pino): \`level\` (20 debug, 30 info, 40 warn, 50 error, 60 fatal), \`time\`, \`thread\`, \`event\`, \`msg\` and the event's
fields. On a terminal it is made readable. It goes to stdout, from error on to stderr, or with \`--log-file FILE\` there, and from
error on to stderr too. A file is begun anew each day (UTC) and at \`--log-file-mb\`; older ones are packed after 7 days, deleted
after 30, or sooner, the oldest first, when all together have more than \`--log-total-mb\`.

One cause may be told five times, then once in ten seconds; the next line says in \`left_out\` how many were not. Passwords, tokens,
keys and tickets have no field; what a database or a system says is searched for them. Lines are counted in \`darkages_log_lines_total\`.
The level can be changed while it runs: \`npm run control -- /log-level level=debug\`.

| event | level | text | fields | what it means |
| --- | --- | --- | --- | --- |
`;
