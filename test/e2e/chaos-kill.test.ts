import { expect, test } from 'vitest';
import { runKills } from '../../tools/chaos/kill-run.ts';
import type { StoreKind } from '../../tools/chaos/kill-stores.ts';
import { needs } from '../needs.ts';

const PLAYERS = 12;
const isMissing = needs('redis') === undefined || needs('cassandra') === undefined;

async function expectNothingLost(store: StoreKind, times: number, spare = false): Promise<void> {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const options = { store, times, players: PLAYERS, seed: 5, transport: 'ws', spare, say } as const;
  const report = await runKills(options).catch((error: unknown) => {
    throw new Error(said.join('\n'), { cause: error });
  });
  const none = { lost: 0, doubled: 0, contradictions: 0, hashMismatches: 0, crashes: 0 };
  const spares = spare ? times : 0;
  expect(report, said.join('\n')).toMatchObject({ store, kills: times, ...none, spares });
  // Each player again after each kill, and some of it both ways.
  expect(report.done).toBeGreaterThan(times * PLAYERS);
  expect(report.exchanges).toBeGreaterThan(report.done / 10);
}

test('twenty times SIGKILL while players trade: nothing that they were told is lost or done twice, the ledger adds up, and every zone comes back as it was', async () => {
  await expectNothingLost('embedded', 20);
}, 600_000);

test('with a spare the same, which takes over each time', async () => {
  await expectNothingLost('embedded', 3, true);
}, 600_000);

test.skipIf(isMissing)(
  'three times SIGKILL, and what was promised comes from the journal into the ledger in Cassandra, and once',
  async () => {
    await expectNothingLost('redis+scylla', 3);
  },
  600_000,
);
