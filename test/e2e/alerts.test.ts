// The whole way of an alert: a server that is slow for real, and then gone, a real Prometheus with our rules, a real
// Alertmanager with our routes, and what Slack and PagerDuty would be sent; and that it is over. Nothing but waiting times
// differs from infra/ (tools/services/monitoring.ts). How long it takes with the real ones is measured by bench/observe.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AlertStage, openAlertStage, untilMessage } from '../../bench/observe/alert-stage.ts';
import { needs } from '../needs.ts';

const isMissing = needs('prometheus') === undefined || needs('alertmanager') === undefined;
/** Wide: other processes share the machine, and rates look half a minute back. */
const WITHIN_S = 120;
/** For all that a test waits for, one after the other. */
const TEST_MS = 8 * WITHIN_S * 1000;

describe.skipIf(isMissing)('alerts, end to end (needs prometheus, alertmanager)', { timeout: TEST_MS }, () => {
  let stage: AlertStage;

  beforeAll(async () => {
    stage = await openAlertStage({ isHurried: true });
  });

  afterAll(() => stage?.close());

  test('a zone that is slow is told to Slack and PagerDuty, and that it is over', async () => {
    const { monitoring } = stage;
    await stage.untilWatched(WITHIN_S);
    // Whatever a start on a busy machine may have set off is over before anything is looked for.
    const quiet = await stage.untilQuiet(WITHIN_S);
    expect(quiet).toEqual([]);
    const before = monitoring.receiver.messages.length;

    await stage.slowDown();
    const told = await untilMessage(monitoring, before, '/slack', /^\[P1\] TickSlow /, WITHIN_S);
    expect(told.text).toMatch(/stutters\. Tick p99 is over 16 ms, .*What to do: infra\/runbooks\/tick-slow\.md/s);
    const paged = await untilMessage(monitoring, before, '/v2/enqueue', /^\[P1\] TickSlow /, WITHIN_S);
    expect(paged).toMatchObject({ action: 'trigger', severity: 'error', key: 'key-of-a-test' });

    await stage.recover();
    const over = await untilMessage(monitoring, before, '/slack', /^\[P1, over\] TickSlow /, WITHIN_S);
    expect(over.atMs).toBeGreaterThan(told.atMs);
    const closed = await untilMessage(monitoring, before, '/v2/enqueue', /TickSlow /, WITHIN_S, 'resolve');
    expect(closed.incident).toBe(paged.incident);
  });

  test('a node that ends is told, as worse', async () => {
    const { monitoring, server } = stage;
    const before = monitoring.receiver.messages.length;
    await server.stop();
    const paged = await untilMessage(monitoring, before, '/v2/enqueue', /^\[P0\] NodeDown /, WITHIN_S);
    expect(paged).toMatchObject({ action: 'trigger', severity: 'critical' });
    expect(paged.text).toMatch(/thrown out.*What to do: infra\/runbooks\/node-down\.md/s);
    const told = await untilMessage(monitoring, before, '/slack', /^\[P0\] NodeDown /, WITHIN_S);
    expect(told.text).toBe(paged.text);
  });
});
