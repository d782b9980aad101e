// The flags of `npm run profile`: read, checked, explained. Pure.

import { Command } from 'commander';
import { readCommand } from '../../src/io/command-line.ts';
import { PROFILE_SECONDS_MAX } from '../../src/io/profiler.ts';
import type { ProfileKind } from '../../src/observe/profile.ts';

export interface ProfileOptions {
  /** Undefined: list those there are. */
  readonly thread: string | undefined;
  readonly kind: ProfileKind;
  readonly seconds: number;
  /** Undefined: as the server has it. */
  readonly data: string | undefined;
  readonly out: string;
}

export type ParsedProfile =
  | { readonly options: ProfileOptions }
  | { readonly text: string }
  | { readonly problem: string };

export function parseProfileOptions(argv: readonly string[]): ParsedProfile {
  const command = new Command('npm run profile --')
    .description('What a thread of a running server spends its time on, or allocates. docs/profiling.md')
    .option('--thread <name>', 'main, store, zone-1, edge-1, udp-edge-1, …; without it: lists them')
    .option('--seconds <n>', `1 to ${PROFILE_SECONDS_MAX}`, '10')
    .option('--kind <kind>', 'cpu or allocation', 'cpu')
    .option('--data <folder>', 'data folder of the server (default: as for npm start)')
    .option('--out <folder>', 'where the files go', 'out');
  const read = readCommand<{ thread?: string; seconds: string; kind: string; data?: string; out: string }>(
    command,
    argv,
  );
  if ('text' in read) return read;
  if ('problem' in read) return { problem: read.problem };
  const { thread, seconds, kind, data, out } = read.flags;
  if (!/^\d{1,2}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > PROFILE_SECONDS_MAX) {
    return { problem: `--seconds must be a whole number from 1 to ${PROFILE_SECONDS_MAX}.` };
  }
  if (kind !== 'cpu' && kind !== 'allocation') return { problem: '--kind must be cpu or allocation.' };
  return { options: { thread, kind, seconds: Number(seconds), data, out } };
}
