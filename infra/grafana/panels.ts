// What the dashboards are built of: a graph, a single figure, and a dashboard of rows of them, with the same looks
// everywhere. Pure; `npm run dashboards` turns them into the JSON that Grafana reads.

import { VisibilityMode } from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

export type Panel = GraphBuilder | StatBuilder;

/**
 * Expression by what its lines are called. `NODE` and `ZONE` stand for the labels that the reader has chosen; what is added up
 * over the zones of a node (docs/metrics.md) has no `ZONE`.
 */
export type Queries = Readonly<Record<string, string>>;

export interface PanelOptions {
  /** Of Grafana: s, bytes, percentunit, … */
  readonly unit?: string;
  /** What it means, and from where on it is bad. */
  readonly about: string;
  /** From here on it is drawn red. */
  readonly badFrom?: number;
  readonly badBelow?: number;
  readonly max?: number;
  /** Its histogram names traces: they are drawn as points, each one click from its trace (docs/traces.md). */
  readonly hasTraces?: boolean;
}

export interface DashboardOptions {
  /** In its address, and the name of its file. */
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  /** Whether one zone can be chosen. */
  readonly hasZones: boolean;
  readonly rows: Readonly<Record<string, readonly Panel[]>>;
}

/** Of the grid's 24. */
const COLUMNS = { graph: 8, stat: 4 };
const HEIGHTS = { graph: 8, stat: 4 };
const SOURCE = { type: 'prometheus', uid: '$source' };
const NODE = 'job="darkages",instance=~"$instance"';

const LABELS: readonly [RegExp, string][] = [
  [/\bNODE\b/g, NODE],
  [/\bZONE\b/g, `${NODE},zone_id=~"$zone"`],
];

/** A second, by a label. */
export function rateBy(label: string, metric: string, of: 'ZONE' | 'NODE' = 'ZONE'): string {
  return `sum by (${label}) (rate(darkages_${metric}{${of}}[$__rate_interval]))`;
}

function expand(expression: string): string {
  return LABELS.reduce((text, [word, labels]) => text.replace(word, labels), expression);
}

function fill<B extends Panel>(panel: B, title: string, queries: Queries, options: PanelOptions): B {
  const { about, unit, badFrom, badBelow, max, hasTraces = false } = options;
  panel.title(title).description(about).datasource(SOURCE).min(0);
  if (unit !== undefined) panel.unit(unit);
  if (max !== undefined) panel.max(max);
  const steps =
    badBelow === undefined
      ? [{ value: null, color: 'green' }, ...(badFrom === undefined ? [] : [{ value: badFrom, color: 'red' }])]
      : [
          { value: null, color: 'red' },
          { value: badBelow, color: 'green' },
        ];
  panel.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
  for (const [index, [legend, expression]] of Object.entries(queries).entries()) {
    const query = new DataqueryBuilder().expr(expand(expression)).legendFormat(legend);
    // Of the first alone: all quantiles of a histogram have the same ones.
    if (hasTraces && index === 0) query.exemplar(true);
    panel.withTarget(query.refId(String.fromCharCode(65 + index)).datasource(SOURCE));
  }
  return panel;
}

export function graph(title: string, queries: Queries, options: PanelOptions): Panel {
  const panel = new GraphBuilder().span(COLUMNS.graph).height(HEIGHTS.graph);
  return fill(panel, title, queries, options).lineWidth(1).fillOpacity(10).showPoints(VisibilityMode.Never);
}

/** One figure, now. */
export function stat(title: string, query: string, options: PanelOptions): Panel {
  return fill(new StatBuilder().span(COLUMNS.stat).height(HEIGHTS.stat), title, { [title]: query }, options);
}

function choice(name: string, label: string, values: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(SOURCE)
    .query(values)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .includeAll(true)
    .allValue('.*')
    .multi(true)
    .current({ text: 'All', value: '$__all' });
}

export function dashboard({ uid, title, about, hasZones, rows }: DashboardOptions): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags(['darkages'])
    .readonly()
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('DarkAges')
        .type(DashboardLinkType.Dashboards)
        .tags(['darkages'])
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(new DatasourceVariableBuilder('source').label('Source').type('prometheus'))
    .withVariable(choice('instance', 'Node', 'label_values(up{job="darkages"}, instance)'));
  if (hasZones) {
    const values = 'label_values(darkages_players{job="darkages",instance=~"$instance"}, zone_id)';
    builder.withVariable(choice('zone', 'Zone', values));
  }
  for (const [name, panels] of Object.entries(rows)) {
    builder.withRow(new RowBuilder(name));
    for (const panel of panels) builder.withPanel(panel);
  }
  return builder.build();
}
