// The one table of everything that is counted, and the shared-memory blocks the counts live in. Any thread.
// A block belongs to one thread: only it writes, anybody reads. u32 that wrap; the scraper keeps its own doubles and
// adds `(now − last) >>> 0`, so nothing locks and nothing is lost. Adding a row here is all it takes for a figure
// to appear in /metrics (and in docs/metrics.md: `npm run metrics-table -- --write`).
//
//   a block, u32 words: its counters and gauges | its histograms | its summaries; the layout of the last two: base/histogram.ts

import type { Histogram, HistogramRow, Summary, SummaryRow } from './histogram.ts';
import { createHistogram, createSummary, histogramWords, summaryWords } from './histogram.ts';

export interface CounterRow {
  /** Metric name without the `darkages_` prefix; rows may share it and differ in `labels`. */
  readonly metric: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What one in the word is worth, where that isn't 1: 0.001 for milliseconds behind a figure in seconds. */
  readonly scale?: number;
  /** Added up over the node's zones: one for each would be many series of little use. */
  readonly isOfNode?: true;
}

export const counter = (metric: string, help: string, labels?: Readonly<Record<string, string>>): CounterRow => ({
  metric,
  kind: 'counter',
  help,
  ...(labels && { labels }),
});
const gauge = (metric: string, help: string, labels?: Readonly<Record<string, string>>): CounterRow => ({
  ...counter(metric, help, labels),
  kind: 'gauge',
});
/** The word holds milliseconds. */
const gaugeMs = (metric: string, help: string, labels?: Readonly<Record<string, string>>): CounterRow => ({
  ...gauge(metric, help, labels),
  scale: 0.001,
});

const ofNode = (row: CounterRow): CounterRow => ({ ...row, isOfNode: true });

const STEPS = 'Times the zone came to a step of the overload ladder, from above or below';
const INPUT_DROPS = 'Inputs dropped by the zone, by reason';
const FRAME_DROPS = 'Client frames dropped by the edge, by reason';
const CLOSED = 'Connections the edge ended, by reason';
const CACHE = 'What was looked for in a cache: `encoded` holds entities as they go to clients, for all who see them';
const SESSIONS = 'Sessions refused, by the code that was answered';
const FULL_STATES = 'Entities sent in full instead of as a delta, by reason';
const TEXTS = 'Texts of players that the guard refused, masked or corrected, by rule';
const COLLECTIONS = 'Collections of the JavaScript heap, by generation';
const BREAKER = 'Circuit breaker of a backend of the store: 0 closed, 1 half open, 2 open';
const BREAKER_OPENED = 'Times the circuit breaker of a backend opened';
const CALLS_REJECTED = 'Calls that were not made because the circuit breaker of their backend was open';
const STORE_LAG = 'Age of the oldest that waits: a save for the store, a commit for the ledger, a record for the disk';
const HTTP = 'HTTP requests answered, by route and class of the status';
const TRACE_SPANS = 'Spans of traces: taken by the receiver, or lost because it was not there, or too slow';
const LOG_LINES = 'Events for the log, by level, those that were not written too; those of level fatal are errors';
const GUARD = 'Inputs the guard corrected or counted against their sender, by rule';

/** Counters of each kind of thread. The position of a row is its index in the block. */
export const COUNTERS = {
  zone: {
    ticks: counter('ticks_total', 'Simulation steps run'),
    lateTicks: counter('late_ticks_total', 'Ticks that began more than one tick interval after their deadline'),
    missedTicks: counter('missed_ticks_total', 'Ticks dropped because the zone was beyond the catch-up cap'),
    dilatedTicks: counter('dilated_ticks_total', 'Ticks fewer than at full pace because time was slowed down'),
    overloadStep: gauge(
      'overload_step',
      'Step of the overload ladder: 0 none, 1 less_detail, 2 lower_rate, 3 time_dilation',
    ),
    pacePercent: gauge('time_pace_percent', 'How fast the game’s time runs: 100 is as it should'),
    enteredNone: counter('overload_transitions_total', STEPS, { to: 'none' }),
    enteredLessDetail: counter('overload_transitions_total', STEPS, { to: 'less_detail' }),
    enteredLowerRate: counter('overload_transitions_total', STEPS, { to: 'lower_rate' }),
    enteredTimeDilation: counter('overload_transitions_total', STEPS, { to: 'time_dilation' }),
    paceChanges: counter('pace_changes_total', 'Times the pace of the game’s time was changed'),
    entities: gauge('entities', 'Entities alive'),
    players: gauge('players', 'Players in the zone, connected or lingering'),
    inputs: counter('inputs_total', 'Inputs accepted for simulation'),
    inputsStarved: counter(
      'inputs_starved_total',
      'Ticks in which a player had no input and the last one was repeated',
    ),
    dropStale: counter('inputs_dropped_total', INPUT_DROPS, { reason: 'stale' }),
    dropEarly: counter('inputs_dropped_total', INPUT_DROPS, { reason: 'early' }),
    dropDuplicate: counter('inputs_dropped_total', INPUT_DROPS, { reason: 'duplicate' }),
    dropUnknownClient: counter('inputs_dropped_total', INPUT_DROPS, { reason: 'unknown_client' }),
    dropMalformed: counter('inputs_dropped_total', INPUT_DROPS, { reason: 'malformed' }),
    guardSpeed: counter('guard_violations_total', GUARD, { rule: 'speed' }),
    guardFacing: counter('guard_violations_total', GUARD, { rule: 'facing_rate' }),
    guardBounds: counter('guard_violations_total', GUARD, { rule: 'bounds' }),
    guardPosition: counter('guard_violations_total', GUARD, { rule: 'position' }),
    guardMove: counter('guard_violations_total', GUARD, { rule: 'move_length' }),
    guardViewAge: counter('guard_violations_total', GUARD, { rule: 'view_age' }),
    guardTimeWarp: counter('guard_violations_total', GUARD, { rule: 'time_warp' }),
    guardSuspects: counter(
      'guard_suspects_total',
      'Times a player’s points passed the mark from which it is a suspect',
    ),
    guardClosed: counter('guard_closed_total', 'Connections the guard closed for what no honest client does'),
    requests: counter('requests_total', 'Requests of players'),
    requestsPutOff: counter('requests_put_off_total', 'Requests left to a later tick because many came at once'),
    dropRequest: counter('requests_dropped_total', 'Requests dropped because too many of the same player waited'),
    commands: counter('commands_total', 'Committed requests that were run'),
    commandsRepeated: counter(
      'commands_repeated_total',
      'Committed requests that got the answer of before by their key',
    ),
    commandsPutOff: counter('commands_put_off_total', 'Committed requests refused because nothing could be promised'),
    ticksUnrecorded: counter('ticks_unrecorded_total', 'Ticks that found no room in the journal ring'),
    keyframes: counter('keyframes_total', 'Keyframes handed over to be kept on disk'),
    requestsRefused: counter('requests_refused_total', 'Requests that the guard or the game refused'),
    textInvisible: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_invisible' })),
    textEmpty: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_empty' })),
    textLong: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_long' })),
    textControl: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_control' })),
    textLink: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_link' })),
    textMarkup: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_markup' })),
    textInjection: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_injection' })),
    textRepeat: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_repeat' })),
    textRate: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_rate' })),
    textName: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_name' })),
    textProfanity: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_profanity' })),
    textBusy: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_busy' })),
    textTargetBusy: ofNode(counter('guard_texts_total', TEXTS, { rule: 'text_target_busy' })),
    joins: counter('joins_total', 'Players that entered the zone'),
    leaves: counter('leaves_total', 'Players that left the zone'),
    joinsRefused: counter(
      'joins_refused_total',
      'Joins refused: the zone was full, or the character was just being removed',
    ),
    restarts: counter('restarts_total', 'Times the zone was resumed from its last keyframe'),
    outputDropped: counter('zone_output_dropped_total', 'Events and responses lost to a full ring towards an edge'),
    saveDropped: counter('save_dropped_total', 'Character saves put off because the ring to the store was full'),
  },
  edge: {
    connections: gauge('connections', 'Open connections'),
    loadPercent: gauge(
      'edge_load_percent',
      'How near edges are to not keeping up with their zone, 100 being there; those of a zone added up',
    ),
    accepted: counter('connections_total', 'Connections accepted'),
    starts: counter('edge_starts_total', 'Times the edge was started'),
    refusedFull: counter('connections_refused_total', 'Connections refused, by reason', { reason: 'full' }),
    refusedDoorFull: counter('connections_refused_total', 'Connections refused, by reason', { reason: 'door_full' }),
    refusedAddress: counter('connections_refused_total', 'Connections refused, by reason', { reason: 'address' }),
    refusedAddressFull: counter('connections_refused_total', 'Connections refused, by reason', {
      reason: 'address_full',
    }),
    refusedOrigin: counter('connections_refused_total', 'Connections refused, by reason', { reason: 'origin' }),
    refusedToken: counter('connections_refused_total', 'Connections refused, by reason', { reason: 'token' }),
    refusedProtocol: counter('connections_refused_total', 'Connections refused, by reason', { reason: 'protocol' }),
    refusedJoinTimeout: counter('connections_refused_total', 'Connections refused, by reason', {
      reason: 'join_timeout',
    }),
    closedRate: counter('connections_closed_total', CLOSED, { reason: 'rate' }),
    closedIdle: counter('connections_closed_total', CLOSED, { reason: 'idle' }),
    closedBacklog: counter('connections_closed_total', CLOSED, { reason: 'backlog' }),
    heldUp: counter('floods_held_total', 'Seconds in which a flooding client was not read further'),
    frames: counter('client_frames_total', 'Frames received from clients'),
    bytesUp: counter('client_bytes_total', 'Payload bytes received from clients'),
    dropSize: counter('client_frames_dropped_total', FRAME_DROPS, { reason: 'size' }),
    dropType: counter('client_frames_dropped_total', FRAME_DROPS, { reason: 'type' }),
    dropSession: counter('client_frames_dropped_total', FRAME_DROPS, { reason: 'session' }),
    dropRate: counter('client_frames_dropped_total', FRAME_DROPS, { reason: 'rate' }),
    dropMalformed: counter('client_frames_dropped_total', FRAME_DROPS, { reason: 'malformed' }),
    inputsRepeated: counter('inputs_repeated_total', 'Inputs passed over at the edge: the zone had them already'),
    dropRange: counter('client_frames_dropped_total', FRAME_DROPS, { reason: 'range' }),
    dropRingFull: counter('client_frames_dropped_total', FRAME_DROPS, { reason: 'ring_full' }),
    acksUnknown: counter('acks_unknown_total', 'Acknowledgements of snapshots that were never sent or are forgotten'),
    snapshots: counter('snapshots_total', 'Snapshots sent'),
    snapshotBytes: counter('snapshot_bytes_total', 'Bytes of snapshots sent'),
    snapshotChanges: counter('snapshot_changes_total', 'Changed entities told of in snapshots, the own apart'),
    snapshotChangeBytes: counter('snapshot_change_bytes_total', 'Bytes they took'),
    cacheHits: counter('cache_lookups_total', CACHE, { cache: 'encoded', result: 'hit' }),
    cacheMisses: counter('cache_lookups_total', CACHE, { cache: 'encoded', result: 'miss' }),
    snapshotOmitted: counter('snapshot_omitted_total', 'Changed entities left out of a snapshot for its byte budget'),
    snapshotSkipped: counter('snapshots_skipped_total', 'Snapshots not sent because the client’s socket was behind'),
    fullNew: counter('snapshot_full_total', FULL_STATES, { reason: 'new' }),
    fullUnacked: counter('snapshot_full_total', FULL_STATES, { reason: 'unacked' }),
    fullExpired: counter('snapshot_full_total', FULL_STATES, { reason: 'baseline_expired' }),
    framesSkipped: counter('frames_skipped_total', 'Frames an edge left out because it was too far behind the zone'),
    framesOverrun: counter('history_overrun_total', 'Frames that left the history ring while an edge was reading them'),
    eventsSent: counter('events_sent_total', 'Events and responses sent to clients'),
    eventBytes: counter('event_bytes_total', 'Bytes of events and responses sent to clients'),
  },
  gateway: {
    sessions: counter('sessions_total', 'Sessions opened'),
    resumed: counter('sessions_resumed_total', 'Of them by a resume ticket'),
    exports: counter('account_exports_total', 'Accounts told to their owners'),
    deletions: counter('account_deletions_total', 'Accounts deleted by their owners'),
    refusedMalformed: counter('sessions_refused_total', SESSIONS, { reason: 'malformed' }),
    refusedBadName: counter('sessions_refused_total', SESSIONS, { reason: 'bad_name' }),
    refusedName: counter('sessions_refused_total', SESSIONS, { reason: 'name_refused' }),
    refusedTaken: counter('sessions_refused_total', SESSIONS, { reason: 'name_taken' }),
    refusedPassword: counter('sessions_refused_total', SESSIONS, { reason: 'bad_password' }),
    refusedCredentials: counter('sessions_refused_total', SESSIONS, { reason: 'bad_credentials' }),
    refusedTicket: counter('sessions_refused_total', SESSIONS, { reason: 'ticket_refused' }),
    refusedInPlay: counter('sessions_refused_total', SESSIONS, { reason: 'in_play' }),
    refusedOrigin: counter('sessions_refused_total', SESSIONS, { reason: 'origin_refused' }),
    refusedRate: counter('sessions_refused_total', SESSIONS, { reason: 'rate_limited' }),
    refusedTls: counter('sessions_refused_total', SESSIONS, { reason: 'tls_required' }),
    refusedBusy: counter('sessions_refused_total', SESSIONS, { reason: 'busy' }),
    refusedStore: counter('sessions_refused_total', SESSIONS, { reason: 'store_unavailable' }),
  },
  store: {
    saves: counter('store_saves_total', 'Characters written'),
    savesIgnored: counter('store_saves_ignored_total', 'Saves of zones that the player had left for another one'),
    savesFenced: counter('store_saves_fenced_total', 'Saves of characters that another node has taken'),
    loads: counter('store_loads_total', 'Characters read'),
    errors: counter('store_errors_total', 'Store operations that failed'),
    pending: gauge('store_pending', 'Character saves waiting to be written'),
    ledgerApplied: counter('ledger_applied_total', 'Commits that are in the ledger now'),
    ledgerFenced: counter(
      'ledger_fenced_total',
      'Commits refused because somebody else has had one of their players since',
    ),
    ledgerBroken: counter('ledger_broken_total', 'Commits that do not go on where an account ends: something was lost'),
    ledgerWaiting: gauge('ledger_waiting', 'Commits on disk that the ledger has yet to take'),
    redisBreaker: gauge('store_breaker_state', BREAKER, { backend: 'redis' }),
    scyllaBreaker: gauge('store_breaker_state', BREAKER, { backend: 'scylla' }),
    redisOpened: counter('store_breaker_opened_total', BREAKER_OPENED, { backend: 'redis' }),
    scyllaOpened: counter('store_breaker_opened_total', BREAKER_OPENED, { backend: 'scylla' }),
    redisRejected: counter('store_calls_rejected_total', CALLS_REJECTED, { backend: 'redis' }),
    scyllaRejected: counter('store_calls_rejected_total', CALLS_REJECTED, { backend: 'scylla' }),
    retries: counter('store_retries_total', 'Calls and batches tried again'),
    retriesRefused: counter('store_retries_refused_total', 'Retries that the budget did not allow'),
    unprocessedBytes: gauge('store_unprocessed_bytes', 'Bytes that the store thread has taken and not finished'),
    lagSavesMs: gaugeMs('store_lag_seconds', STORE_LAG, { queue: 'saves' }),
    lagLedgerMs: gaugeMs('store_lag_seconds', STORE_LAG, { queue: 'ledger' }),
    lagJournalMs: gaugeMs('store_lag_seconds', STORE_LAG, { queue: 'journal' }),
    paused: gauge('store_paused', '1 while so much is unprocessed that nothing further is taken'),
    journalGroups: counter('journal_groups_total', 'Groups of records kept, each with one sync of the disk'),
    journalRecords: counter('journal_records_total', 'Records kept in the journal'),
    journalBytes: counter('journal_bytes_total', 'Bytes of records kept in the journal'),
    journalFailures: counter('journal_failures_total', 'Attempts to write the journal that failed'),
    journalPending: gauge('journal_pending', 'Records that wait for a disk that failed'),
    journalSegments: gauge('journal_segments', 'Files of the journal'),
    keyframesKept: counter('journal_keyframes_total', 'Keyframes written and found whole'),
    keyframesFailed: counter('journal_keyframes_failed_total', 'Keyframes that could not be written'),
    pauses: counter('store_pauses_total', 'Times so much was unprocessed that nothing further was taken'),
  },
  /** A block for each route. */
  http: {
    answered: counter('http_requests_total', HTTP, { status: '2xx' }),
    redirected: counter('http_requests_total', HTTP, { status: '3xx' }),
    refused: counter('http_requests_total', HTTP, { status: '4xx' }),
    failed: counter('http_requests_total', HTTP, { status: '5xx' }),
  },
  /** A block for each thread that logs. */
  log: {
    debug: counter('log_lines_total', LOG_LINES, { level: 'debug' }),
    info: counter('log_lines_total', LOG_LINES, { level: 'info' }),
    warn: counter('log_lines_total', LOG_LINES, { level: 'warn' }),
    error: counter('log_lines_total', LOG_LINES, { level: 'error' }),
  },
  /** One for the node, which the main thread sets and all read; what they drop they count with `Atomics.add`. */
  trace: {
    percent: gauge('trace_sample_percent', 'Share of traces that are recorded, in percent'),
    exported: counter('trace_spans_total', TRACE_SPANS, { result: 'exported' }),
    dropped: counter('trace_spans_total', TRACE_SPANS, { result: 'dropped' }),
  },
  /** Of an event loop. */
  loop: {},
  /** A block for each phase of a zone's ticks. */
  phase: {},
  /** Of a thread itself, whatever it does. */
  thread: {
    collectionsYoung: counter('thread_gc_total', COLLECTIONS, { generation: 'young' }),
    collectionsOld: counter('thread_gc_total', COLLECTIONS, { generation: 'old' }),
  },
} as const satisfies Record<string, Record<string, CounterRow>>;

export const HISTOGRAMS = {
  zone: {
    tickDuration: {
      metric: 'tick_duration_seconds',
      help: 'Wall time of one tick: inputs, guard, step, publish',
      boundsS: [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.0083, 0.016, 0.033, 0.1],
    },
    tickCpu: {
      metric: 'tick_cpu_seconds',
      help: 'CPU time of the zone thread in one tick',
      boundsS: [0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.0083, 0.0167],
    },
    tickLateness: {
      metric: 'tick_lateness_seconds',
      help: 'How long after its deadline a tick began',
      boundsS: [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.0167, 0.05, 0.1],
    },
  },
  edge: {
    join: {
      metric: 'join_seconds',
      help: 'From the accepted connection to the first snapshot sent',
      boundsS: [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      hasExemplars: true,
    },
    command: {
      metric: 'command_seconds',
      help: 'From a committed request that came in to its answer sent',
      boundsS: [0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 1, 5],
      hasExemplars: true,
    },
  },
  gateway: {},
  store: {
    latency: {
      metric: 'store_latency_seconds',
      help: 'Time of one store operation',
      boundsS: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
      hasExemplars: true,
    },
  },
  http: {
    duration: {
      metric: 'http_request_seconds',
      help: 'From a request that was read to its response sent, by route',
      boundsS: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1, 5],
      hasExemplars: true,
    },
  },
  log: {},
  trace: {},
  loop: {},
  phase: {},
  thread: {
    gcPause: {
      metric: 'thread_gc_pause_seconds',
      help: 'How long the thread stood still for its JavaScript heap, each time',
      boundsS: [0.0005, 0.001, 0.002, 0.004, 0.0083, 0.033],
    },
  },
} as const satisfies Record<string, Record<string, HistogramRow>>;

export const SUMMARIES = {
  zone: {},
  edge: {},
  gateway: {},
  store: {},
  http: {},
  log: {},
  trace: {},
  loop: {
    delay: {
      metric: 'thread_event_loop_delay_seconds',
      help: 'How late the event loop was, its quantiles over the last second; a zone has none: see tick_lateness_seconds',
      quantiles: [0.5, 0.99, 1],
    },
  },
  phase: {
    time: {
      metric: 'tick_phase_seconds',
      help: 'Time of a tick by what it was spent on; those that begin with game_ are the systems of the game',
    },
  },
  thread: {},
} as const satisfies Record<string, Record<string, SummaryRow>>;

/** The block that a game's own rules count in: what each word is. Which they are is the game's to say. */
export function ruleRows(rules: readonly string[]): CounterRow[] {
  return rules.map((rule) => ofNode(counter('game_refused_total', 'What the game refused players, by rule', { rule })));
}

export function createRuleBuffer(rules: readonly string[]): SharedArrayBuffer {
  return new SharedArrayBuffer(rules.length * 4);
}

export type BlockKind = keyof typeof COUNTERS;
export const BLOCK_KINDS = Object.keys(COUNTERS) as readonly BlockKind[];
export type CounterName<K extends BlockKind> = keyof (typeof COUNTERS)[K] & string;
export type HistogramName<K extends BlockKind> = keyof (typeof HISTOGRAMS)[K] & string;
export type SummaryName<K extends BlockKind> = keyof (typeof SUMMARIES)[K] & string;

export interface Placed<Row> {
  readonly name: string;
  readonly row: Row;
  /** Of its words in the block. */
  readonly offset: number;
}

export interface BlockLayout {
  readonly counters: readonly Placed<CounterRow>[];
  readonly histograms: readonly Placed<HistogramRow>[];
  readonly summaries: readonly Placed<SummaryRow>[];
  readonly words: number;
}

/** What stands where in a block of that kind. */
export function blockLayout(kind: BlockKind): BlockLayout {
  let words = 0;
  const place = <Row>(rows: Readonly<Record<string, Row>>, wordsOf: (row: Row) => number): Placed<Row>[] =>
    Object.entries(rows).map(([name, row]) => {
      const offset = words;
      words += wordsOf(row);
      return { name, row, offset };
    });
  const counters = place<CounterRow>(COUNTERS[kind], () => 1);
  const histograms = place<HistogramRow>(HISTOGRAMS[kind], histogramWords);
  const summaries = place<SummaryRow>(SUMMARIES[kind], summaryWords);
  return { counters, histograms, summaries, words };
}

export function createCounterBuffer(kind: BlockKind): SharedArrayBuffer {
  return new SharedArrayBuffer(blockLayout(kind).words * 4);
}

export interface Counters<K extends BlockKind> {
  readonly kind: K;
  /** The block: `words[index.ticks]++` is how the hot path counts. */
  readonly words: Uint32Array;
  readonly index: Readonly<Record<CounterName<K>, number>>;
  readonly histograms: Readonly<Record<HistogramName<K>, Histogram>>;
  readonly summaries: Readonly<Record<SummaryName<K>, Summary>>;
}

export function createCounters<K extends BlockKind>(kind: K, buffer = createCounterBuffer(kind)): Counters<K> {
  const words = new Uint32Array(buffer);
  const layout = blockLayout(kind);
  const index = Object.fromEntries(layout.counters.map(({ name, offset }) => [name, offset]));
  const histograms = Object.fromEntries(
    layout.histograms.map(({ name, row, offset }) => [name, createHistogram(words, offset, row)]),
  );
  const summaries = Object.fromEntries(
    layout.summaries.map(({ name, row, offset }) => [name, createSummary(words, offset, row)]),
  );
  return { kind, words, index, histograms, summaries } as Counters<K>;
}

/** Where a histogram's words start in its block. */
export function histogramOffset<K extends BlockKind>(kind: K, name: HistogramName<K>): number {
  const placed = blockLayout(kind).histograms.find((one) => one.name === name);
  if (placed === undefined) throw new Error(`no histogram ${name} in ${kind}`);
  return placed.offset;
}
