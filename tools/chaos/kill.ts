// `npm run chaos:kill -- --times N --store KIND --json FILE`: kills a server N times with SIGKILL while players trade, and says
// whether anything that they were told was lost or done twice, and whether the ledger adds up. Exit codes: 0 all is well; 1 it
// isn't, or it could not be found out.

import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { isFaultless, type KillReport } from './kill-report.ts';
import { runKills } from './kill-run.ts';
import { STORE_KINDS, type StoreKind } from './kill-stores.ts';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number from 1.');
  return value;
}

interface Options {
  readonly times: number;
  readonly players: number;
  readonly seed: number;
  readonly transport: 'ws' | 'udp';
  readonly store: StoreKind;
  readonly spare: boolean;
  readonly json?: string;
}

const { json, ...options } = new Command('chaos:kill')
  .description('Kills a server again and again while players trade. docs/journal.md')
  .option('--times <n>', 'how often', wholeNumber, 20)
  .option('--players <n>', 'how many trade', wholeNumber, 20)
  .option('--seed <n>', 'of all that is drawn', wholeNumber, 7)
  .addOption(new Option('--transport <kind>', 'of the players').choices(['ws', 'udp']).default('ws'))
  .addOption(
    new Option('--store <kind>', 'of the server; its Redis and Cassandra are started for it')
      .choices(STORE_KINDS)
      .default('embedded'),
  )
  .option('--spare', 'the server has a spare: each kill waits until it does', false)
  .option('--json <file>', 'write what came out')
  .parse()
  .opts<Options>();

const report: KillReport = await runKills({ ...options, say: (line) => void process.stdout.write(`${line}\n`) });
if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(18)} ${value}\n`);
process.exitCode = isFaultless(report) ? 0 : 1;
