// Prometheus and Alertmanager with the files of infra/ for tests and benches: a copy of them, in which nothing differs but
// where nodes are, where messages go, and, for who is in a hurry, how long things are waited for.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessageReceiver, startAlertmanager, startMessageReceiver } from './alertmanager.ts';
import { type Program, type Prometheus, startPrometheus } from './prometheus.ts';

const INFRA = join(import.meta.dirname, '..', '..', 'infra');
const SECRETS = '/run/secrets';
const PAGERDUTY = 'https://events.pagerduty.com';

export interface MonitoringOptions {
  /** Of nodes: `http://host:port`. */
  readonly nodes: readonly string[];
  /** Scrapes, rules and groups wait for a second alone. */
  readonly isHurried?: boolean;
}

export interface Monitoring {
  readonly prometheus: Prometheus;
  readonly alertmanager: Program;
  readonly receiver: MessageReceiver;
  stop(): Promise<void>;
}

export async function startMonitoring({ nodes, isHurried = false }: MonitoringOptions): Promise<Monitoring> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-monitoring-'));
  const stops: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true })];
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one();
  };
  try {
    const receiver = await startMessageReceiver();
    stops.push(receiver.stop);
    copyInfra(folder, receiver.url, isHurried);
    const alertmanager = await startAlertmanager(join(folder, 'alerting', 'alertmanager.yml'));
    stops.push(alertmanager.stop);
    const prometheus = await startPrometheus(writeTargets(folder, nodes, alertmanager.url));
    stops.push(prometheus.stop);
    return { prometheus, alertmanager, receiver, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A Prometheus with the files of infra/ alone. */
export async function startWatchingPrometheus(nodes: readonly string[]): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'darkages-monitoring-'));
  copyInfra(folder, 'http://127.0.0.1:9', true);
  const prometheus = await startPrometheus(writeTargets(folder, nodes, 'http://127.0.0.1:9'));
  return {
    ...prometheus,
    async stop() {
      await prometheus.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function copyInfra(folder: string, receiverUrl: string, isHurried: boolean): void {
  for (const name of ['alerting', 'prometheus']) cpSync(join(INFRA, name), join(folder, name), { recursive: true });
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets);
  writeFileSync(join(secrets, 'slack-url'), `${receiverUrl}/slack\n`);
  writeFileSync(join(secrets, 'pagerduty-key'), 'key-of-a-test\n');
  change(join(folder, 'alerting', 'alertmanager.yml'), (text) =>
    text.replaceAll(SECRETS, secrets).replace(PAGERDUTY, receiverUrl),
  );
  if (!isHurried) return;
  const rules = join(folder, 'alerting', 'rules');
  for (const file of readdirSync(rules))
    change(join(rules, file), (text) => text.replace(/^( +for:) [1-9]\w*$/gm, '$1 1s'));
  for (const file of [join('alerting', 'alertmanager.yml'), join('prometheus', 'prometheus.yml')]) {
    change(join(folder, file), (text) =>
      text.replace(/^( +(?:group_wait|group_interval|scrape_\w+|evaluation_interval):) \w+$/gm, '$1 1s'),
    );
  }
}

/** @returns prometheus.yml */
function writeTargets(folder: string, nodes: readonly string[], alertmanager: string): string {
  const hosts = (urls: readonly string[]) => JSON.stringify([{ targets: urls.map((url) => new URL(url).host) }]);
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus', 'targets', 'darkages.yml'), hosts(nodes));
  writeFileSync(join(folder, 'prometheus', 'targets', 'alertmanager.yml'), hosts([alertmanager]));
  return join(folder, 'prometheus', 'prometheus.yml');
}

function change(file: string, by: (text: string) => string): void {
  writeFileSync(file, by(readFileSync(file, 'utf8')));
}
