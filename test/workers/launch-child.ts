// Stands for the server in test/workers/launch.test.ts: does what its first argument says, and writes a line for each
// life and signal.

import { appendFileSync } from 'node:fs';

const [what, log, ...rest] = process.argv.slice(2) as [string, string, ...string[]];
const say = (line: string): void => appendFileSync(log, `${line}\n`);

process.on('disconnect', () => {
  say('launcher gone');
  process.exit(0);
});
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    say(signal);
    signals++;
    if (what === 'drain') setTimeout(() => process.exit(0), 500);
    if (what === 'hurry' && signals === 2) process.exit(3);
  });
}
// Not before it hears signals: whoever reads this may send one.
say(`life ${process.pid} ${process.version} ${rest.join(' ')}`.trim());
if (what === 'cache') {
  say(`cache ${process.env.NODE_COMPILE_CACHE ?? ''}`);
  process.exit(0);
}
if (what.startsWith('exit')) process.exit(Number(what.slice('exit'.length)));
if (what === 'die') process.kill(process.pid, 'SIGKILL');
if (what === 'ready-live') process.send?.('ready');
if (what === 'spared' || what === 'spare-dies') {
  const isUp = (): void => ['ready', 'spare'].forEach((word) => void process.send?.(word));
  if (process.env.DARKAGES_LAUNCH_AS !== 'spare') isUp();
  else if (what === 'spare-dies') process.exit(1);
  else {
    process.once('message', (word) => {
      say(`told ${word}`);
      isUp();
    });
    process.send?.('waiting', () => say('waiting'));
  }
}
if (what === 'ready-die') process.send?.('ready', () => process.kill(process.pid, 'SIGKILL'));
setTimeout(() => process.exit(9), 30_000);
