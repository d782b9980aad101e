// A real server watched by a real Prometheus and Alertmanager, and a way to make it slow: what a test and a bench of alerts
// look at together. The game burns more CPU than a tick has for each player that there is (bench/overload/burning-game.ts).

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../tools/services/alertmanager.ts';
import { type Monitoring, startMonitoring } from '../../tools/services/monitoring.ts';
import { CAPACITY_VARIABLE } from '../overload/burning-game.ts';
import { findOnPath, readMetrics, type ServerProcess, startBots, startServer } from '../server.ts';

export interface AlertStage {
  readonly server: ServerProcess;
  readonly monitoring: Monitoring;
  /** Until Prometheus has what a rule needs of the server. */
  untilWatched(withinS: number): Promise<void>;
  /** Until no alert is told or about to be; those that still are. */
  untilQuiet(withinS: number): Promise<readonly string[]>;
  /** A player comes: too much for the zone. Resolves when the first slow tick may have been. */
  slowDown(): Promise<void>;
  /** It leaves. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

export interface AlertStageOptions {
  readonly isHurried: boolean;
  readonly serverCore?: number;
  readonly botsCore?: number;
}

/** One player is twice what there is time for: 20 ms of each tick's 16.7. */
const CAPACITY = 0.5;
const BOT_S_MAX = 500;
const LOOK_MS = 100;

/** Which of the programs this machine lacks. */
export function missingProgram(): string | undefined {
  return ['prometheus', 'prometheus-alertmanager'].find((program) => findOnPath([program]) === undefined);
}

export async function openAlertStage({ isHurried, serverCore, botsCore }: AlertStageOptions): Promise<AlertStage> {
  process.env[CAPACITY_VARIABLE] = String(CAPACITY);
  const game = join(import.meta.dirname, '..', 'overload', 'burning-game.ts');
  const server = await startServer({
    args: ['--game', game, '--seed', '7'],
    ...(serverCore !== undefined && { core: serverCore }),
  });
  const monitoring = await startMonitoring({ nodes: [server.url], isHurried }).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  const { prometheus } = monitoring;
  let leave = async (): Promise<void> => {};
  return {
    server,
    monitoring,
    untilWatched: (withinS) =>
      until('ticks are counted', withinS, async () => {
        const rates = await prometheus.query('rate(darkages_tick_duration_seconds_count[30s])');
        return rates.some(({ value }) => value > 0);
      }),
    async untilQuiet(withinS) {
      let alerts: string[] = [];
      const look = async (): Promise<boolean> => {
        alerts = (await prometheus.query('ALERTS')).map(({ labels }) => labels.alertname!);
        return alerts.length === 0;
      };
      await until('no alert', withinS, look).catch(() => undefined);
      return alerts;
    },
    async slowDown() {
      leave = startBot(server.url, botsCore);
      await until('the player is in', 60, async () => (await readConnections(server.url)) === 1);
    },
    async recover() {
      await leave();
      await until('the player is out', 60, async () => (await readConnections(server.url)) === 0);
    },
    async close() {
      await leave();
      await monitoring.stop();
      await server.stop();
    },
  };
}

function startBot(url: string, core: number | undefined): () => Promise<void> {
  // It does not fare well, which is what it is here for.
  const bot = startBots(['--url', url, '--bots', '1', '--duration', String(BOT_S_MAX), '--seed', '7'], core);
  return async () => {
    await bot.stop();
  };
}

async function readConnections(url: string): Promise<number> {
  const { values } = await readMetrics(url);
  let sum = 0;
  for (const [name, value] of values) if (name.startsWith('darkages_connections{')) sum += value;
  return sum;
}

/** What one message says, whoever it was for. */
export interface Told {
  readonly atMs: number;
  readonly title: string;
  readonly text: string;
  /** PagerDuty alone: trigger or resolve, how bad, the integration's key, and which incident. */
  readonly action: string | undefined;
  readonly severity: string | undefined;
  readonly key: string | undefined;
  readonly incident: string | undefined;
}

interface Body {
  readonly attachments?: readonly { readonly title: string; readonly text: string }[];
  readonly routing_key?: string;
  readonly event_action?: string;
  readonly dedup_key?: string;
  readonly payload?: {
    readonly summary: string;
    readonly severity: string;
    readonly custom_details: { readonly text: string };
  };
}

function read({ atMs, body }: Message): Told {
  const { attachments, payload, event_action: action, dedup_key: incident, routing_key: key } = body as Body;
  const title = attachments?.[0]?.title ?? payload?.summary ?? '';
  const text = attachments?.[0]?.text ?? payload?.custom_details.text ?? '';
  return { atMs, title, text, action, severity: payload?.severity, key, incident };
}

/** The first message to `path`, of those after the first `from`, whose title is like that. */
export async function untilMessage(
  { receiver, alertmanager, prometheus }: Monitoring,
  from: number,
  path: string,
  title: RegExp,
  withinS: number,
  action?: string,
): Promise<Told> {
  const find = () =>
    receiver.messages
      .slice(from)
      .filter((message) => message.path === path)
      .map(read)
      .find((told) => title.test(told.title) && (action === undefined || told.action === action));
  await until(`${title} at ${path}`, withinS, async () => find() !== undefined).catch(async (cause: unknown) => {
    const alerts = JSON.stringify(await prometheus.query('ALERTS'));
    const said = JSON.stringify(receiver.messages);
    throw new Error(`${alerts}\n${said}\n${prometheus.output()}${alertmanager.output()}`, { cause });
  });
  return find()!;
}

async function until(what: string, seconds: number, isTrue: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + seconds * 1000;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await sleep(LOOK_MS);
  }
}
