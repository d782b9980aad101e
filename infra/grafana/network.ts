// Network: connections, traffic, and how the lines of those by UDP are.

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, graph, type Panel, rateBy, stat } from './panels.ts';

const rate = (metric: string, labels = '') => `sum(rate(darkages_${metric}{ZONE${labels}}[$__rate_interval]))`;
const bands = (metric: string, of = 'ZONE') => `sum by (le) (darkages_udp_connections_by_${metric}{${of}})`;

export function network(): Dashboard {
  return dashboard({
    uid: 'darkages-network',
    title: 'Network',
    about: 'Connections, traffic, drops, and how the lines of players by UDP are. One player’s line: /connections.',
    hasZones: true,
    rows: { Connections: connections(), Traffic: traffic(), UDP: udp() },
  });
}

function connections(): Panel[] {
  return [
    graph(
      'Open',
      { 'zone {{zone_id}}': 'sum by (zone_id) (darkages_connections{ZONE})' },
      { about: 'Connections of players; the half gone within a minute is told as PlayersLost.' },
    ),
    graph(
      'Refused',
      { '{{reason}}': rateBy('reason', 'connections_refused_total') },
      { about: 'A second, by reason.' },
    ),
    graph(
      'Ended by us',
      { '{{reason}}': rateBy('reason', 'connections_closed_total') },
      { about: 'A second: too much sent, nothing sent, or too slow to be sent to.' },
    ),
    graph(
      'Join, p50 and p99',
      {
        p50: 'histogram_quantile(0.5, sum by (le) (rate(darkages_join_seconds_bucket{ZONE}[$__rate_interval])))',
        p99: 'histogram_quantile(0.99, sum by (le) (rate(darkages_join_seconds_bucket{ZONE}[$__rate_interval])))',
      },
      {
        about: 'From the accepted connection to the first snapshot. Empty while nobody joins.',
        unit: 's',
        hasTraces: true,
      },
    ),
    graph(
      'Logins',
      {
        opened: 'sum(rate(darkages_sessions_total{NODE}[$__rate_interval]))',
        'refused: {{reason}}': 'sum by (reason) (rate(darkages_sessions_refused_total{NODE}[$__rate_interval]))',
      },
      { about: 'A second.' },
    ),
    graph(
      'HTTP, p99',
      {
        '{{route}}':
          'histogram_quantile(0.99, sum by (route, le) (rate(darkages_http_request_seconds_bucket{NODE}[$__rate_interval])))',
      },
      { about: 'Time to answer.', unit: 's', hasTraces: true },
    ),
  ];
}

function traffic(): Panel[] {
  return [
    graph(
      'Bytes',
      {
        'snapshots to clients': rate('snapshot_bytes_total'),
        'events to clients': rate('event_bytes_total'),
        'from clients': rate('client_bytes_total'),
        'UDP out': rate('udp_bytes_out_total'),
        'UDP in': rate('udp_bytes_in_total'),
      },
      {
        about: 'A second. UDP: packets as they are sent, of which the rest is a part for who plays by it.',
        unit: 'Bps',
      },
    ),
    graph(
      'Snapshots',
      { sent: rate('snapshots_total'), 'skipped, socket behind': rate('snapshots_skipped_total') },
      { about: 'A second; 20 for each player.' },
    ),
    graph(
      'Frames dropped',
      { '{{reason}}': rateBy('reason', 'client_frames_dropped_total') },
      { about: 'Frames of clients, a second, by reason.' },
    ),
    graph(
      'Left out of snapshots',
      { omitted: rate('snapshot_omitted_total'), 'in full: {{reason}}': rateBy('reason', 'snapshot_full_total') },
      { about: 'Entities a second, for lack of room; and those sent in full instead of as a delta.' },
    ),
    stat('Bytes a snapshot', `${rate('snapshot_bytes_total')} / ${rate('snapshots_total')}`, {
      about: 'On average.',
      unit: 'bytes',
      badFrom: 900,
    }),
    stat('Edges started anew', 'sum(increase(darkages_edge_starts_total{ZONE}[10m]))', {
      about: 'Within ten minutes.',
      badFrom: 1,
    }),
  ];
}

function udp(): Panel[] {
  return [
    graph(
      'Round trip',
      { '≤ {{le}} s': bands('rtt_seconds', 'NODE') },
      { about: 'Connections, each band with those below it.' },
    ),
    graph('Loss to clients', { '≤ {{le}}': bands('loss_out') }, { about: 'Connections, by share of lost packets.' }),
    graph('Loss from clients', { '≤ {{le}}': bands('loss_in') }, { about: 'Connections, by share of lost packets.' }),
    graph(
      'Jitter',
      { '≤ {{le}} s': bands('jitter_seconds', 'NODE') },
      { about: 'Connections, each band with those below it.' },
    ),
    graph(
      'Snapshots a second',
      { '≤ {{le}}': bands('snapshot_hz', 'NODE') },
      { about: 'Connections: fewer than 20 a second for lack of bandwidth.' },
    ),
    graph(
      'Packets dropped',
      { '{{reason}}': `topk(8, ${rateBy('reason', 'udp_packets_dropped_total', 'NODE')})` },
      { about: 'A second, by reason; most are of strangers.' },
    ),
  ];
}
