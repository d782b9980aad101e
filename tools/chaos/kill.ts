// `npm run chaos:kill -- --times N --json FILE`: kills a server N times with SIGKILL while players trade, and says whether
// anything that they were told was lost or done twice. Exit codes: 0 nothing was, 1 something was, or it could not be found out.

import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { type KillReport, runKills } from './kill-run.ts';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number from 1.');
  return value;
}

const options = new Command('chaos:kill')
  .description('Kills a server again and again while players trade. docs/journal.md')
  .option('--times <n>', 'how often', wholeNumber, 20)
  .option('--players <n>', 'how many trade', wholeNumber, 20)
  .option('--seed <n>', 'of all that is drawn', wholeNumber, 7)
  .option('--transport <kind>', 'ws or udp', 'ws')
  .option('--json <file>', 'write what came out')
  .parse()
  .opts<{ times: number; players: number; seed: number; transport: string; json?: string }>();

const { times, players, seed, json } = options;
if (options.transport !== 'ws' && options.transport !== 'udp') {
  process.stderr.write('--transport is ws or udp.\n');
  process.exit(1);
}
const report: KillReport = await runKills({
  times,
  players,
  seed,
  transport: options.transport,
  say: (line) => void process.stdout.write(`${line}\n`),
});
if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(18)} ${value}\n`);
process.exitCode = report.lost + report.doubled + report.hashMismatches === 0 ? 0 : 1;
