import { expect, test } from 'vitest';
import { runKills } from '../../tools/chaos/kill-run.ts';

test('twenty times SIGKILL while players trade: nothing that they were told is lost or done twice, and every zone comes back as it was', async () => {
  const said: string[] = [];
  const report = await runKills({
    times: 20,
    players: 12,
    seed: 5,
    transport: 'ws',
    say: (line) => void said.push(line),
  });
  expect(report, said.join('\n')).toMatchObject({ kills: 20, lost: 0, doubled: 0, hashMismatches: 0 });
  expect(report.acknowledged).toBeGreaterThan(20);
}, 600_000);
