// Fairness: what the guard corrects and refuses, and how far back hits are judged.

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, graph, type Panel, rateBy, stat } from './panels.ts';

export function fairness(): Dashboard {
  return dashboard({
    uid: 'darkages-fairness',
    title: 'Fairness',
    about: 'What the guard corrects and refuses (docs/guard.md), and whether all get the same game.',
    hasZones: true,
    rows: { Now: now(), Guard: guard(), 'The same game for all': sameness() },
  });
}

function sum(metric: string): string {
  return `sum(rate(darkages_${metric}{ZONE}[$__rate_interval]))`;
}

function now(): Panel[] {
  return [
    stat('Corrected inputs', `${sum('guard_violations_total')} / ${sum('inputs_total')}`, {
      about: 'Share of all inputs that the guard corrected or counted.',
      unit: 'percentunit',
      badFrom: 0.05,
    }),
    stat('Suspects', 'sum(increase(darkages_guard_suspects_total{ZONE}[1h]))', {
      about: 'Players whose points passed the mark, within an hour.',
      badFrom: 1,
    }),
    stat('Closed', 'sum(increase(darkages_guard_closed_total{ZONE}[1h]))', {
      about: 'Connections that the guard closed, within an hour.',
      badFrom: 1,
    }),
    stat('Floods', `${sum('floods_held_total')}`, {
      about: 'Seconds a second in which a flooding client was not read.',
    }),
    stat('Inputs missing', `${sum('inputs_starved_total')} / ${sum('ticks_total')}`, {
      about: 'Players a tick whose input had not come, so that the last one was repeated.',
    }),
    stat('Full views', `${sum('snapshot_omitted_total')} / ${sum('snapshots_total')}`, {
      about: 'Entities a snapshot that had no room in it.',
    }),
  ];
}

function guard(): Panel[] {
  return [
    graph(
      'Violations',
      { '{{rule}}': rateBy('rule', 'guard_violations_total') },
      { about: 'A second, by rule; ViolationsSurge is told of all but facing_rate and view_age.' },
    ),
    graph(
      'Inputs corrected',
      {
        'zone {{zone_id}}':
          'sum by (zone_id) (rate(darkages_guard_violations_total{ZONE}[$__rate_interval])) / sum by (zone_id) (rate(darkages_inputs_total{ZONE}[$__rate_interval]))',
      },
      { about: 'Share of the inputs of a zone.', unit: 'percentunit' },
    ),
    graph(
      'Texts',
      { '{{rule}}': rateBy('rule', 'guard_texts_total', 'NODE') },
      { about: 'Refused, masked or corrected, a second.' },
    ),
    graph(
      'Refused by the game',
      { '{{rule}}': `topk(10, ${rateBy('rule', 'game_refused_total', 'NODE')})` },
      { about: 'A second, by rule; the ten most frequent.' },
    ),
    graph(
      'Frames and acknowledgements',
      {
        'frames: {{reason}}': rateBy('reason', 'client_frames_dropped_total'),
        'acknowledgements unknown': sum('acks_unknown_total'),
      },
      { about: 'What no client of ours sends, a second.' },
    ),
    graph(
      'Refused at the door',
      { '{{reason}}': rateBy('reason', 'connections_refused_total') },
      { about: 'A second, by reason.' },
    ),
  ];
}

function sameness(): Panel[] {
  return [
    graph(
      'Rewinds',
      {
        'view_age, zone {{zone_id}}': 'rate(darkages_guard_violations_total{ZONE,rule="view_age"}[$__rate_interval])',
      },
      { about: 'Inputs a second that asked to be judged further back than is allowed.' },
    ),
    graph(
      'Clocks',
      {
        'time_warp, zone {{zone_id}}': 'rate(darkages_guard_violations_total{ZONE,rule="time_warp"}[$__rate_interval])',
        'early, zone {{zone_id}}': 'rate(darkages_inputs_dropped_total{ZONE,reason="early"}[$__rate_interval])',
        'stale, zone {{zone_id}}': 'rate(darkages_inputs_dropped_total{ZONE,reason="stale"}[$__rate_interval])',
      },
      { about: 'Inputs a second that came from another time than there is.' },
    ),
    graph(
      'Detail',
      { 'zone {{zone_id}}': 'darkages_overload_step{ZONE}' },
      { about: 'Step of overload: all in a zone get less at once, nobody alone.' },
    ),
  ];
}
