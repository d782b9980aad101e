// Store: databases, the journal on disk, the ledger. Whether what was promised is where it shall be.

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, graph, type Panel, stat } from './panels.ts';

const rate = (metric: string) => `sum by (instance) (rate(darkages_${metric}{NODE}[$__rate_interval]))`;

export function store(): Dashboard {
  return dashboard({
    uid: 'darkages-store',
    title: 'Store',
    about: 'Databases, journal and ledger: how long things wait, what fails.',
    hasZones: false,
    rows: { Now: now(), Calls: calls(), Queues: queues(), Journal: journal() },
  });
}

function now(): Panel[] {
  return [
    stat('Oldest that waits', 'max(darkages_store_lag_seconds{NODE})', {
      about: 'In any queue; from 5 s on StoreLag is told.',
      unit: 's',
      badFrom: 5,
    }),
    stat('Breakers open', 'count(darkages_store_breaker_state{NODE} > 0) or vector(0)', {
      about: 'Backends that are not asked, or tried again.',
      badFrom: 1,
    }),
    stat('Paused', 'max(darkages_store_paused{NODE})', {
      about: '1: so much is unprocessed that nothing further is taken.',
      badFrom: 1,
    }),
    stat('Records that wait for the disk', 'sum(darkages_journal_pending{NODE})', {
      about: 'After a write that failed.',
      badFrom: 1,
    }),
    stat('Commits that wait', 'sum(darkages_ledger_waiting{NODE})', { about: 'On disk, not yet in the ledger.' }),
    stat('Commits that do not fit', 'sum(increase(darkages_ledger_broken_total{NODE}[1h]))', {
      about: 'Within an hour; LedgerBroken is told of each.',
      badFrom: 1,
    }),
  ];
}

function calls(): Panel[] {
  return [
    graph(
      'Latency',
      {
        p50: 'histogram_quantile(0.5, sum by (le) (rate(darkages_store_latency_seconds_bucket{NODE}[$__rate_interval])))',
        p99: 'histogram_quantile(0.99, sum by (le) (rate(darkages_store_latency_seconds_bucket{NODE}[$__rate_interval])))',
      },
      { about: 'Time of one operation.', unit: 's', hasTraces: true },
    ),
    graph(
      'Operations',
      { 'saves {{instance}}': rate('store_saves_total'), 'loads {{instance}}': rate('store_loads_total') },
      { about: 'Characters a second.' },
    ),
    graph(
      'Calls that fail',
      {
        'errors {{instance}}': rate('store_errors_total'),
        'retries {{instance}}': rate('store_retries_total'),
        'not allowed {{instance}}': rate('store_retries_refused_total'),
        'not made {{instance}}': rate('store_calls_rejected_total'),
      },
      { about: 'A second. Not made: the breaker was open.' },
    ),
  ];
}

function queues(): Panel[] {
  return [
    graph(
      'Age of the oldest',
      { '{{queue}} {{instance}}': 'darkages_store_lag_seconds{NODE}' },
      { about: 'What a power cut now would lose at most, or what answers wait for.', unit: 's', badFrom: 5 },
    ),
    graph(
      'Length',
      {
        'saves {{instance}}': 'darkages_store_pending{NODE}',
        'commits {{instance}}': 'darkages_ledger_waiting{NODE}',
      },
      { about: 'What waits.' },
    ),
    graph(
      'Unprocessed',
      { '{{instance}}': 'darkages_store_unprocessed_bytes{NODE}' },
      { about: 'Bytes that the store thread has taken and not finished.', unit: 'bytes' },
    ),
    graph(
      'Breakers',
      { '{{backend}} {{instance}}': 'darkages_store_breaker_state{NODE}' },
      { about: '0 closed, 1 half open, 2 open.' },
    ),
    graph(
      'Fenced',
      {
        'saves {{instance}}': rate('store_saves_fenced_total'),
        'commits {{instance}}': rate('ledger_fenced_total'),
      },
      { about: 'A second: another node has taken the player since.' },
    ),
  ];
}

function journal(): Panel[] {
  return [
    graph(
      'Records and syncs',
      {
        'records {{instance}}': rate('journal_records_total'),
        'syncs {{instance}}': rate('journal_groups_total'),
      },
      { about: 'A second. Each sync keeps a group of records.' },
    ),
    graph('Bytes', { '{{instance}}': rate('journal_bytes_total') }, { about: 'A second.', unit: 'Bps' }),
    graph(
      'Writes that fail',
      {
        'writes {{instance}}': rate('journal_failures_total'),
        'keyframes {{instance}}': rate('journal_keyframes_failed_total'),
      },
      { about: 'A second; trades are refused meanwhile.' },
    ),
    graph(
      'Segments',
      { '{{instance}}': 'darkages_journal_segments{NODE}' },
      { about: 'Files. They stay until the store has all that is in them.' },
    ),
    graph(
      'Commands, p99',
      {
        p50: 'histogram_quantile(0.5, sum by (le) (rate(darkages_command_seconds_bucket{NODE}[$__rate_interval])))',
        p99: 'histogram_quantile(0.99, sum by (le) (rate(darkages_command_seconds_bucket{NODE}[$__rate_interval])))',
      },
      { about: 'From a trade or purchase to its answer, which waits for the disk.', unit: 's', hasTraces: true },
    ),
  ];
}
