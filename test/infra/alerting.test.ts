// The files of infra/alerting and infra/prometheus as Prometheus and Alertmanager read them: promtool and amtool check them
// and run the tests of every rule; a real Alertmanager says who is told, what inhibits what, and what a silence does.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAlertmanager } from '../../tools/services/alertmanager.ts';
import type { Program } from '../../tools/services/prometheus.ts';
import { needs } from '../needs.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const ALERTING = join(ROOT, 'infra', 'alerting');
const CONFIG = join(ALERTING, 'alertmanager.yml');
const WITHIN_MS = 20_000;

interface Rule {
  readonly alert: string;
  readonly file: string;
  readonly text: string;
}

const RULES: readonly Rule[] = readdirSync(join(ALERTING, 'rules')).flatMap((file) =>
  readFileSync(join(ALERTING, 'rules', file), 'utf8')
    .split(/^(?= +- alert: )/m)
    .slice(1)
    .map((text) => ({ alert: /- alert: (\w+)/.exec(text)![1]!, file, text })),
);

/** A duration of Prometheus in seconds. */
function seconds(duration: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(duration)!;
  return Number(count) * { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }[unit as 'ms' | 's' | 'm' | 'h' | 'd'];
}

async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: ALERTING });
  return stdout;
}

test('there are alerts of every severity, each says all that is needed', () => {
  expect(RULES.length).toBeGreaterThanOrEqual(12);
  expect(new Set(RULES.map(({ alert }) => alert)).size).toBe(RULES.length);
  const severities = new Set<string>();
  for (const { alert, text } of RULES) {
    for (const key of ['expr', 'for', 'summary', 'description', 'runbook']) {
      expect([alert, text]).toEqual([alert, expect.stringMatching(new RegExp(`^ +${key}: \\S`, 'm'))]);
    }
    severities.add(/^ +severity: (P[0-3])$/m.exec(text)![1]!);
  }
  expect([...severities].sort()).toEqual(['P0', 'P1', 'P2', 'P3']);
});

// A label that an expression has summed away is an empty word in the message, and nothing else would tell.
test('messages name labels that their alerts have', () => {
  for (const { alert, text } of RULES) {
    const by = [...text.matchAll(/\bby \(([\w, ]+)\)/g)].map(([, labels]) => labels!.split(/, */));
    for (const [, label] of text.matchAll(/\$labels\.(\w+)/g)) {
      for (const labels of by) expect([alert, labels]).toEqual([alert, expect.arrayContaining([label])]);
    }
  }
});

/** How long after a fault that stays what a rule looks at is over its mark: a rate fills its window first, unless anything is too much. */
function windowS(text: string): number {
  const expression = text.slice(text.indexOf('expr:'), text.indexOf('for:'));
  if (/> 0\s*$/.test(expression)) return 0;
  return Math.max(0, ...[...expression.matchAll(/\brate\([^[]*\[(\w+)\]/g)].map(([, window]) => seconds(window!)));
}

test('what wakes somebody does so within a minute: scrape, judgement, window, `for` and group_wait leave room for it', () => {
  const prometheus = readFileSync(join(ROOT, 'infra', 'prometheus', 'prometheus.yml'), 'utf8');
  const period = (name: string, text: string) => seconds(new RegExp(`^ +${name}: (\\w+)$`, 'm').exec(text)![1]!);
  const config = readFileSync(CONFIG, 'utf8');
  const waitS = period('group_wait', config);
  const looksS = period('scrape_interval', prometheus) + 2 * period('evaluation_interval', prometheus);
  for (const { alert, text } of RULES) {
    if (!/severity: P[01]$/m.test(text)) continue;
    expect([alert, looksS + windowS(text) + period('for', text) + waitS <= 60]).toEqual([alert, true]);
  }
  // A second zone of a node waits for no group_interval.
  expect(config).toContain('group_by: [alertname, instance, zone_id]');
});

describe.skipIf(needs('promtool') === undefined)('promtool (needs promtool)', () => {
  test('takes the configuration and the rules', async () => {
    const config = await run('promtool', 'check', 'config', join('..', 'prometheus', 'prometheus.yml'));
    expect(config.match(/SUCCESS: \d+ rules found/g)).toHaveLength(new Set(RULES.map(({ file }) => file)).size);
    await run('promtool', 'check', 'rules', ...new Set(RULES.map(({ file }) => join('rules', file))));
  });

  test('every rule has a test, with what sets it off and what is just short of it', () => {
    for (const { alert, file } of RULES) {
      const tests = readFileSync(join(ALERTING, 'tests', file), 'utf8').split(/^(?= {2}- name: )/m);
      const own = tests.find((text) => text.startsWith(`  - name: ${alert}\n`)) ?? '';
      expect([alert, own]).toEqual([alert, expect.stringContaining('instance="below"')]);
      expect([alert, own]).toEqual([alert, expect.stringMatching(/exp_samples: \[\]/)]);
      const fired = new RegExp(`labels: ALERTS\\{alertname="${alert}",alertstate="firing".*instance="over"`);
      expect([alert, own]).toEqual([alert, expect.stringMatching(fired)]);
      expect(own).not.toMatch(/labels: ALERTS.*instance="below"/);
    }
  });

  test.for(readdirSync(join(ALERTING, 'tests')))('tests of rules: %s', async (file) => {
    expect(await run('promtool', 'test', 'rules', join('tests', file))).toMatch(/SUCCESS/);
  });
});

describe.skipIf(needs('amtool') === undefined)('amtool (needs amtool)', () => {
  test('takes the configuration', async () => {
    expect(await run('amtool', 'check-config', CONFIG)).toMatch(/SUCCESS/);
  });

  test.for([
    ['P0', 'page-at-once'],
    ['P1', 'page'],
    ['P2', 'chat'],
    ['P3', 'chat'],
    ['none', 'page'],
  ])('%s goes to %s', async ([severity, receiver]) => {
    const labels = [`severity=${severity}`, 'alertname=Any', 'instance=a:1'];
    expect((await run('amtool', 'config', 'routes', 'test', '--config.file', CONFIG, ...labels)).trim()).toBe(receiver);
  });
});

const cannotRun = needs('alertmanager') === undefined || needs('amtool') === undefined;

describe.skipIf(cannotRun)('a real Alertmanager (needs alertmanager, amtool)', () => {
  let alertmanager: Program;

  // With the file itself: nothing is sent, since no group here waits as long as its first message does.
  beforeAll(async () => {
    alertmanager = await startAlertmanager(CONFIG);
  });

  afterAll(async () => {
    await alertmanager?.stop();
  });

  /** As Prometheus does when they fire; of P3, whose group nobody is told of while this lasts. */
  async function fire(alerts: readonly Record<string, string>[]): Promise<void> {
    const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts.map((labels) => ({ labels: { severity: 'P3', ...labels } }))),
    });
    expect(answer.status).toBe(200);
  }

  interface Alert {
    readonly labels: Readonly<Record<string, string>>;
    readonly status: {
      readonly state: string;
      readonly inhibitedBy: readonly string[];
      readonly silencedBy: readonly string[];
    };
  }

  async function readAlerts(instance: string): Promise<readonly Alert[]> {
    const filter = encodeURIComponent(`instance="${instance}"`);
    return (await (await fetch(`${alertmanager.url}/api/v2/alerts?filter=${filter}`)).json()) as Alert[];
  }

  /** Whether it is told, by name and zone, once that is as it shall be. */
  async function expectTold(instance: string, told: Readonly<Record<string, boolean>>): Promise<void> {
    const read = async () =>
      Object.fromEntries(
        (await readAlerts(instance)).map(({ labels: { alertname, zone_id: zone }, status }) => [
          zone === undefined ? alertname : `${alertname} ${zone}`,
          status.state === 'active',
        ]),
      );
    const deadlineMs = performance.now() + WITHIN_MS;
    while (JSON.stringify(Object.entries(await read()).sort()) !== JSON.stringify(Object.entries(told).sort())) {
      if (performance.now() > deadlineMs) break;
      await sleep(50);
    }
    expect(await read()).toEqual(told);
  }

  test('a zone that stands still hides its slow ticks, not those of another zone', async () => {
    const on = (alertname: string, zone?: string) => ({
      alertname,
      instance: 'b:1',
      ...(zone !== undefined && { zone_id: zone }),
    });
    await fire([on('TickSlow', '1'), on('TickSlow', '2'), on('TimeSlowed', '2'), on('MemoryHigh')]);
    await expectTold('b:1', { 'TickSlow 1': true, 'TickSlow 2': true, 'TimeSlowed 2': false, MemoryHigh: true });
    await fire([on('ZoneDown', '1'), on('NodeNotReady')]);
    await expectTold('b:1', {
      'ZoneDown 1': true,
      NodeNotReady: false,
      'TickSlow 1': false,
      'TickSlow 2': true,
      'TimeSlowed 2': false,
      MemoryHigh: true,
    });
  });

  test('a node that is down hides all else of it, and nothing of another node', async () => {
    const of = (instance: string, alertname: string) => ({ alertname, instance });
    await fire([of('c:1', 'NodeDown'), of('c:1', 'ErrorsLogged'), of('d:1', 'ErrorsLogged')]);
    await expectTold('c:1', { NodeDown: true, ErrorsLogged: false });
    await expectTold('d:1', { ErrorsLogged: true });
  });

  test('a database that is away hides what fails because of it', async () => {
    const of = (alertname: string) => ({ alertname, instance: 'e:1' });
    await fire(['StoreBreakerOpen', 'StoreErrors', 'LoginsRefused', 'JournalFailing', 'DiskFilling'].map(of));
    await expectTold('e:1', {
      StoreBreakerOpen: true,
      StoreErrors: false,
      LoginsRefused: false,
      JournalFailing: true,
      DiskFilling: true,
    });
    await fire([of('DiskNearlyFull')]);
    const now = { StoreBreakerOpen: true, StoreErrors: false, LoginsRefused: false, JournalFailing: true };
    await expectTold('e:1', { ...now, DiskFilling: false, DiskNearlyFull: true });
  });

  test('the silences of the runbook', async () => {
    await fire([
      { alertname: 'TickSlow', instance: '127.0.0.1:8080', zone_id: '3' },
      { alertname: 'TickSlow', instance: '127.0.0.1:8080', zone_id: '4' },
    ]);
    const page = readFileSync(join(ROOT, 'infra', 'runbooks', 'README.md'), 'utf8');
    const commands = [...page.matchAll(/^amtool .* silence add (.+)$/gm)].map(([, args]) =>
      args!.replaceAll("'", '').replace('new version', 'new-version').split(' '),
    );
    expect(commands).toHaveLength(2);
    const amtool = (...args: string[]) => run('amtool', `--alertmanager.url=${alertmanager.url}`, 'silence', ...args);
    const [all, one] = commands as [string[], string[]];
    const id = (await amtool('add', ...one)).trim();
    await expectTold('127.0.0.1:8080', { 'TickSlow 3': false, 'TickSlow 4': true });
    expect(await amtool('query')).toContain(id);
    await amtool('expire', id);
    await expectTold('127.0.0.1:8080', { 'TickSlow 3': true, 'TickSlow 4': true });
    await amtool('add', ...all);
    await expectTold('127.0.0.1:8080', { 'TickSlow 3': false, 'TickSlow 4': false });
  });
});
