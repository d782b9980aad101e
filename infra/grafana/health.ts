// Server health: what somebody looks at first. Every node and every zone at once.

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, graph, type Panel, stat } from './panels.ts';

export function health(): Dashboard {
  return dashboard({
    uid: 'darkages-health',
    title: 'Server health',
    about: 'Is it there, in time, and has it room: every node and every zone. What to do: infra/runbooks.',
    hasZones: false,
    rows: { Now: now(), Time: time(), Load: load(), 'What goes wrong': faults() },
  });
}

const NOT_SLOW =
  'sum(rate(darkages_tick_duration_seconds_bucket{NODE,le="0.016"}[$__rate_interval])) / sum(rate(darkages_tick_duration_seconds_count{NODE}[$__rate_interval]))';

function now(): Panel[] {
  return [
    stat('Nodes down', 'count(up{NODE} == 0) or sum(absent(up{NODE})) or vector(0)', {
      about: 'Nodes that do not answer Prometheus; 1 as well when it knows of none.',
      badFrom: 1,
    }),
    stat('Zones down', 'count(darkages_zone_up{NODE} == 0) or vector(0)', {
      about: 'Zones that do not tick, of nodes that answer.',
      badFrom: 1,
    }),
    stat('Players now', 'sum(darkages_players{NODE})', { about: 'In all zones, connected or lingering.' }),
    stat('Share of slow ticks', `1 - ${NOT_SLOW}`, {
      about: 'Ticks over 16 ms; from 1 % on TickSlow is told.',
      unit: 'percentunit',
      badFrom: 0.01,
    }),
    stat('Errors a minute', 'sum(rate(darkages_log_lines_total{NODE,level="error"}[$__rate_interval])) * 60', {
      about: 'Lines of the log with level error; from 10 on ErrorsLogged is told.',
      badFrom: 10,
    }),
    stat('Days of the certificate', '(min(darkages_certificate_expiry_timestamp_seconds{NODE}) - time()) / 86400', {
      about: 'Until browsers refuse it. Empty without --https-port.',
      unit: 'd',
      badBelow: 14,
    }),
  ];
}

function time(): Panel[] {
  return [
    graph(
      'Tick, p99',
      {
        'zone {{zone_id}}':
          'histogram_quantile(0.99, sum by (instance, zone_id, le) (rate(darkages_tick_duration_seconds_bucket{NODE}[$__rate_interval])))',
      },
      { about: 'Wall time of a tick; there are 16.7 ms for one.', unit: 's', badFrom: 0.016 },
    ),
    graph(
      'Ticks that were not run',
      {
        'missed, zone {{zone_id}}': 'rate(darkages_missed_ticks_total{NODE}[$__rate_interval])',
        'slowed, zone {{zone_id}}': 'rate(darkages_dilated_ticks_total{NODE}[$__rate_interval])',
      },
      { about: 'Of 60 a second. Slowed: the game’s time runs slower; missed: dropped.' },
    ),
    graph(
      'Event loops, p99',
      { '{{thread}}': 'darkages_thread_event_loop_delay_seconds{NODE,quantile="0.99"}' },
      { about: 'How late they were: main, edges and store. Zones have none.', unit: 's' },
    ),
  ];
}

function load(): Panel[] {
  return [
    graph(
      'Players',
      { 'zone {{zone_id}}': 'darkages_players{NODE}' },
      { about: 'In each zone, connected or lingering.' },
    ),
    graph(
      'CPU',
      { '{{thread}}': 'rate(darkages_thread_cpu_seconds_total{NODE}[$__rate_interval])' },
      { about: 'Cores that each thread uses. A zone has one at most.', unit: 'percentunit' },
    ),
    graph(
      'Memory',
      {
        '{{instance}}': 'darkages_process_resident_memory_bytes{NODE}',
        'limit of {{instance}}': 'darkages_memory_limit_bytes{NODE}',
      },
      { about: 'Of the process, and what it may have; from 80 % on MemoryHigh is told.', unit: 'bytes' },
    ),
  ];
}

function faults(): Panel[] {
  return [
    graph(
      'Log lines',
      {
        '{{level}}': 'sum by (level) (rate(darkages_log_lines_total{NODE,level=~"error|warn"}[$__rate_interval]))',
      },
      { about: 'A second, by level.' },
    ),
    graph(
      'HTTP by status',
      { '{{status}}': 'sum by (status) (rate(darkages_http_requests_total{NODE}[$__rate_interval]))' },
      { about: 'Answers a second.' },
    ),
    graph(
      'Free on disk',
      { '{{instance}}': 'darkages_disk_free_bytes{NODE} / darkages_disk_size_bytes{NODE}' },
      { about: 'Of the data folder’s disk; below 15 % DiskFilling is told.', unit: 'percentunit', max: 1 },
    ),
  ];
}
