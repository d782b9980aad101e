// The dashboards as files, and what Grafana and Docker are told of them. What their queries give is looked at by
// test/e2e/dashboards.test.ts.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboardFiles } from '../../infra/grafana/dashboards.ts';

const INFRA = join(import.meta.dirname, '..', '..', 'infra');
const FOLDER = join(INFRA, 'grafana', 'dashboards');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly exemplar?: boolean;
  }[];
}

interface DashboardFile {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

const DASHBOARDS = [...dashboardFiles().values()].map((text) => JSON.parse(text) as DashboardFile);
const panelsOf = ({ panels }: DashboardFile) => panels.filter(({ type }) => type !== 'row');

test('the files are what the builders give now: npm run dashboards', () => {
  const built = dashboardFiles();
  expect(readdirSync(FOLDER).sort()).toEqual([...built.keys()].sort());
  for (const [name, text] of built) expect([name, readFileSync(join(FOLDER, name), 'utf8')]).toEqual([name, text]);
});

test('there are five, the first with eight panels or more', () => {
  expect(DASHBOARDS.map(({ title }) => title)).toEqual(['Server health', 'One zone', 'Network', 'Store', 'Fairness']);
  expect(new Set(DASHBOARDS.map(({ uid }) => uid)).size).toBe(DASHBOARDS.length);
  for (const dashboard of DASHBOARDS) expect(panelsOf(dashboard).length).toBeGreaterThanOrEqual(8);
});

test('each panel says what it means, and asks for chosen nodes of the chosen source alone', () => {
  for (const dashboard of DASHBOARDS) {
    const known = new Set(dashboard.templating.list.map(({ name }) => name));
    const panels = panelsOf(dashboard);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    for (const { title, description, datasource, targets } of panels) {
      const name = `${dashboard.title}: ${title}`;
      expect([name, description.length > 3, datasource.uid]).toEqual([name, true, '$source']);
      expect([name, new Set(targets.map(({ refId }) => refId)).size]).toEqual([name, targets.length]);
      for (const { expr } of targets) {
        const selectors = [...expr.matchAll(/\{([^}]*)\}/g)].map(([, labels]) => labels!);
        expect([name, selectors.length > 0]).toEqual([name, true]);
        for (const labels of selectors) {
          expect([name, labels]).toEqual([name, expect.stringContaining('job="darkages",instance=~"$instance"')]);
        }
        for (const [, word] of expr.matchAll(/\$(\w+)/g)) {
          expect([name, word, known.has(word!) || word === '__rate_interval']).toEqual([name, word, true]);
        }
      }
    }
  }
});

test('no panel lies on another, and all are in the grid', () => {
  for (const { title, panels } of DASHBOARDS) {
    const taken = new Set<string>();
    for (const { gridPos } of panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, x, y, taken.has(`${x} ${y}`)]).toEqual([title, x, y, false]);
          taken.add(`${x} ${y}`);
        }
      }
    }
  }
});

test('panels of histograms with exemplars show them', () => {
  const listed = readFileSync(join(INFRA, '..', 'docs', 'metrics.md'), 'utf8');
  const withTraces = new Set([...listed.matchAll(/`(\w+)` \| histogram, with exemplars/g)].map(([, name]) => name!));
  const shown = new Set<string>();
  for (const { title, targets } of DASHBOARDS.flatMap(panelsOf)) {
    const names = targets.flatMap(({ expr }) => [...expr.matchAll(/\b(\w+)_bucket\b/g)].map(([, name]) => name!));
    const expected = names.filter((name) => withTraces.has(name));
    for (const name of expected) shown.add(name);
    const count = targets.filter(({ exemplar }) => exemplar === true).length;
    expect([title, count]).toEqual([title, expected.length > 0 ? 1 : 0]);
  }
  expect([...shown].sort()).toEqual([...withTraces].sort());
});

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly command?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly ports?: readonly string[];
        readonly secrets?: readonly string[];
        readonly volumes?: readonly string[];
      }
    >
  >;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const readYaml = (...path: string[]): unknown => parse(readFileSync(join(INFRA, ...path), 'utf8'));

/** Where a path in a container comes from in infra/, by the volumes of a service; undefined: not from there. */
function findSource(volumes: readonly string[] | undefined, path: string): string | undefined {
  for (const volume of volumes ?? []) {
    const [from, to] = volume.split(':') as [string, string];
    if (from.startsWith('..') && (path === to || path.startsWith(`${to}/`))) {
      return join(INFRA, 'compose', from, posix.relative(to, path));
    }
  }
  return undefined;
}

test('the compose file: versions are pinned, what it mounts and names is there', () => {
  const { services, volumes } = readYaml('compose', 'monitoring.yml') as Compose;
  expect(Object.keys(services).sort()).toEqual(['alertmanager', 'grafana', 'jaeger', 'prometheus']);
  for (const [name, service] of Object.entries(services)) {
    expect([name, service.image]).toEqual([name, expect.stringMatching(/^[\w/-]+:v?\d+\.\d+\.\d+$/)]);
    for (const volume of service.volumes ?? []) {
      const from = volume.split(':')[0]!;
      const isThere = from.startsWith('..') ? existsSync(join(INFRA, 'compose', from)) : Object.hasOwn(volumes, from);
      expect([name, from, isThere]).toEqual([name, from, true]);
    }
  }
  for (const name of ['prometheus', 'alertmanager']) {
    const { command = [], volumes: mounted } = services[name]!;
    const file = /^--config\.file=(.+)$/.exec(command[0]!)![1]!;
    expect([name, existsSync(findSource(mounted, file) ?? '')]).toEqual([name, true]);
  }
});

test('each service is given the secrets that it reads, and no other', () => {
  const { services, secrets } = readYaml('compose', 'monitoring.yml') as Compose;
  const named = (text: string) => [
    ...new Set([...text.matchAll(/\/run\/secrets\/([\w-]+)/g)].map(([, name]) => name!)),
  ];
  const read: Readonly<Record<string, string>> = {
    alertmanager: readFileSync(join(INFRA, 'alerting', 'alertmanager.yml'), 'utf8'),
    grafana: Object.values(services.grafana!.environment!).join(' '),
  };
  for (const [name, service] of Object.entries(services)) {
    expect([name, [...(service.secrets ?? [])].sort()]).toEqual([name, named(read[name] ?? '').sort()]);
  }
  for (const [name, { file }] of Object.entries(secrets)) {
    expect(file).toMatch(new RegExp(`^\\$\\{DARKAGES_SECRETS(:\\?[^}]*)?\\}/${name}$`));
  }
});

test('Grafana is provisioned with where Prometheus listens and where the dashboards are', () => {
  const { services } = readYaml('compose', 'monitoring.yml') as Compose;
  const sources = readYaml('grafana', 'provisioning', 'datasources', 'prometheus.yml') as {
    readonly datasources: readonly {
      readonly type: string;
      readonly uid: string;
      readonly url: string;
      readonly jsonData?: { readonly exemplarTraceIdDestinations?: readonly Readonly<Record<string, string>>[] };
    }[];
  };
  for (const { type, uid, url, jsonData } of sources.datasources) {
    const flag = services[type]!.command?.find((text) => text.startsWith('--web.listen-address='));
    const listens = [flag?.split('=')[1], ...(services[type]!.ports ?? []).map((port) => /^(.+):\d+$/.exec(port)![1])];
    expect([type, listens.map((address) => `http://${address}`)]).toEqual([type, expect.arrayContaining([url])]);
    if (type !== 'prometheus') continue;
    const jaeger = sources.datasources.find((source) => source.type === 'jaeger');
    expect([uid, jsonData?.exemplarTraceIdDestinations]).toEqual([
      uid,
      [{ name: 'trace_id', datasourceUid: jaeger?.uid }],
    ]);
  }
  const { providers } = readYaml('grafana', 'provisioning', 'dashboards', 'darkages.yml') as {
    readonly providers: readonly { readonly options: { readonly path: string } }[];
  };
  const { volumes } = services.grafana!;
  expect(findSource(volumes, providers[0]!.options.path)).toBe(FOLDER);
  expect(findSource(volumes, '/etc/grafana/provisioning')).toBe(join(INFRA, 'grafana', 'provisioning'));
});

test('Prometheus looks where the compose file has Alertmanager listen', () => {
  const { services } = readYaml('compose', 'monitoring.yml') as Compose;
  const targets = readYaml('prometheus', 'targets', 'alertmanager.yml') as { readonly targets: readonly string[] }[];
  expect(services.alertmanager!.command).toContain(`--web.listen-address=${targets[0]!.targets[0]}`);
});
