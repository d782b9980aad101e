// One zone: where its time goes and what it does with what it gets.

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, graph, type Panel, stat } from './panels.ts';

const quantile = (share: number, metric: string) =>
  `histogram_quantile(${share}, sum by (instance, zone_id, le) (rate(${metric}_bucket{ZONE}[$__rate_interval])))`;

export function zone(): Dashboard {
  return dashboard({
    uid: 'darkages-zone',
    title: 'One zone',
    about: 'Where the time of a tick goes, who is in it, what becomes of inputs and requests. Choose a zone above.',
    hasZones: true,
    rows: { Now: now(), Time: time(), 'What comes and goes': traffic() },
  });
}

function now(): Panel[] {
  return [
    stat('Up', 'min(darkages_zone_up{ZONE})', { about: '1: it ticks.', badBelow: 1 }),
    stat('Players', 'sum(darkages_players{ZONE})', { about: 'Connected or lingering.' }),
    stat('Full', 'max(darkages_players{ZONE} / darkages_zone_capacity_players{ZONE})', {
      about: 'Share of its places that are taken; from 90 % on ZoneNearlyFull is told.',
      unit: 'percentunit',
      badFrom: 0.9,
    }),
    stat('Entities', 'sum(darkages_entities{ZONE})', { about: 'All that live in it.' }),
    stat('Step of overload', 'max(darkages_overload_step{ZONE})', {
      about: '0 none, 1 less_detail, 2 lower_rate, 3 time_dilation: docs/overload.md.',
      badFrom: 1,
    }),
    stat('Pace', 'min(darkages_time_pace_percent{ZONE})', {
      about: 'How fast the game’s time runs.',
      unit: 'percent',
      badBelow: 100,
    }),
  ];
}

function time(): Panel[] {
  return [
    graph(
      'Tick',
      {
        'p50, zone {{zone_id}}': quantile(0.5, 'darkages_tick_duration_seconds'),
        'p99, zone {{zone_id}}': quantile(0.99, 'darkages_tick_duration_seconds'),
        'CPU p99, zone {{zone_id}}': quantile(0.99, 'darkages_tick_cpu_seconds'),
      },
      { about: 'Wall and CPU time. Wall alone high: others have its core.', unit: 's', badFrom: 0.016 },
    ),
    graph(
      'Tick by phase',
      {
        '{{phase}}':
          'sum by (phase) (rate(darkages_tick_phase_seconds_sum{ZONE}[$__rate_interval])) / ignoring (phase) group_left sum(rate(darkages_ticks_total{ZONE}[$__rate_interval]))',
      },
      { about: 'Mean time of each phase in a tick; game_ are systems of the game.', unit: 's' },
    ),
    graph(
      'Lateness',
      {
        'p50, zone {{zone_id}}': quantile(0.5, 'darkages_tick_lateness_seconds'),
        'p99, zone {{zone_id}}': quantile(0.99, 'darkages_tick_lateness_seconds'),
      },
      { about: 'How long after its deadline a tick began.', unit: 's' },
    ),
    graph(
      'Ticks',
      {
        'run, zone {{zone_id}}': 'rate(darkages_ticks_total{ZONE}[$__rate_interval])',
        'slowed, zone {{zone_id}}': 'rate(darkages_dilated_ticks_total{ZONE}[$__rate_interval])',
        'missed, zone {{zone_id}}': 'rate(darkages_missed_ticks_total{ZONE}[$__rate_interval])',
      },
      { about: 'They add up to 60 a second.' },
    ),
    graph(
      'Collections of garbage',
      {
        '{{thread}}': 'rate(darkages_thread_gc_pause_seconds_sum{ZONE}[$__rate_interval])',
      },
      { about: 'Share of the time for which a thread stood still.', unit: 'percentunit' },
    ),
    graph(
      'Load of edges',
      { 'zone {{zone_id}}, edge {{edge}}': 'darkages_edge_load_percent{ZONE}' },
      { about: 'At 100 an edge does not keep up with its zone.', unit: 'percent' },
    ),
  ];
}

function traffic(): Panel[] {
  return [
    graph(
      'Inputs',
      {
        'taken, zone {{zone_id}}': 'rate(darkages_inputs_total{ZONE}[$__rate_interval])',
        'missing, zone {{zone_id}}': 'rate(darkages_inputs_starved_total{ZONE}[$__rate_interval])',
      },
      { about: 'A second. Missing: the last one was repeated.' },
    ),
    graph(
      'Inputs dropped',
      { '{{reason}}': 'sum by (reason) (rate(darkages_inputs_dropped_total{ZONE}[$__rate_interval]))' },
      { about: 'A second, by reason.' },
    ),
    graph(
      'Requests',
      {
        'requests, zone {{zone_id}}': 'rate(darkages_requests_total{ZONE}[$__rate_interval])',
        'refused, zone {{zone_id}}': 'rate(darkages_requests_refused_total{ZONE}[$__rate_interval])',
        'committed, zone {{zone_id}}': 'rate(darkages_commands_total{ZONE}[$__rate_interval])',
        'put off, zone {{zone_id}}': 'rate(darkages_commands_put_off_total{ZONE}[$__rate_interval])',
      },
      { about: 'A second. Put off: nothing could be promised, the journal or its ring is behind.' },
    ),
    graph(
      'Joins',
      {
        'joins, zone {{zone_id}}': 'rate(darkages_joins_total{ZONE}[$__rate_interval])',
        'leaves, zone {{zone_id}}': 'rate(darkages_leaves_total{ZONE}[$__rate_interval])',
        'refused, zone {{zone_id}}': 'rate(darkages_joins_refused_total{ZONE}[$__rate_interval])',
      },
      { about: 'A second.' },
    ),
    graph(
      'Lost on the way',
      {
        'events, zone {{zone_id}}': 'rate(darkages_zone_output_dropped_total{ZONE}[$__rate_interval])',
        'saves put off, zone {{zone_id}}': 'rate(darkages_save_dropped_total{ZONE}[$__rate_interval])',
        'ticks not recorded, zone {{zone_id}}': 'rate(darkages_ticks_unrecorded_total{ZONE}[$__rate_interval])',
      },
      { about: 'Rings that were full. All should be 0.' },
    ),
    graph(
      'Resumed',
      { 'zone {{zone_id}}': 'increase(darkages_restarts_total{ZONE}[10m])' },
      { about: 'From its last keyframe, within ten minutes; from 2 on ZoneRestarting is told.', badFrom: 2 },
    ),
  ];
}
