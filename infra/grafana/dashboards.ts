// All dashboards, and the text of the file of each. Pure.

import { fairness } from './fairness.ts';
import { health } from './health.ts';
import { network } from './network.ts';
import { store } from './store.ts';
import { zone } from './zone.ts';

const DASHBOARDS = [health, zone, network, store, fairness];

/** Name of the file, and what is in it. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    DASHBOARDS.map((build) => {
      const built = build();
      return [`${built.uid}.json`, `${JSON.stringify(built, undefined, 2)}\n`];
    }),
  );
}
