// From a fault to the call: a zone becomes slow for real, and real Prometheus and Alertmanager with the files of infra/,
// none of their waiting times changed, tell Slack and PagerDuty. How long that takes, and how long until it is told that it is over.

import type { Bench, Figure } from '../bench.ts';
import { missingProgram, openAlertStage, untilMessage } from './alert-stage.ts';

const WITHIN_S = 240;

export const bench: Bench = {
  figures: ['observe.alert.faultToAlertS', 'observe.alert.overToAlertS'],
  needs: missingProgram,
  async run(seed, isSmall) {
    const stage = await openAlertStage({ isHurried: isSmall, serverCore: 1, botsCore: 0 });
    try {
      const { monitoring } = stage;
      await stage.untilWatched(WITHIN_S);
      await stage.untilQuiet(WITHIN_S);
      const from = monitoring.receiver.messages.length;
      await stage.slowDown();
      const faultMs = performance.now();
      const alert = await untilMessage(monitoring, from, '/v2/enqueue', /^\[P1\] TickSlow /, WITHIN_S);
      await stage.recover();
      const overMs = performance.now();
      const over = await untilMessage(monitoring, from, '/slack', /^\[P1, over\] TickSlow /, WITHIN_S);
      const figure = (name: string, value: number): Figure => ({
        figure: `observe.alert.${name}`,
        value,
        unit: 's',
        seed,
        checksum: `${alert.incident === undefined ? 'none' : 'paged'}`,
      });
      return [
        figure('faultToAlertS', (alert.atMs - faultMs) / 1000),
        figure('overToAlertS', (over.atMs - overMs) / 1000),
      ];
    } finally {
      await stage.close();
    }
  },
};
