// The flags of `npm run bench:players`: read, checked, explained. Pure.

import { Command } from 'commander';
import { readCommand } from '../../src/io/command-line.ts';

/** One run: a server of its own, so many players, so long. */
export interface Load {
  readonly players: number;
  readonly seconds: number;
  readonly seed: number;
  readonly transport: 'udp' | 'ws';
  readonly isPeaceful: boolean;
  /** Percent of the bots that read their own entity alone. */
  readonly lightPercent: number;
  /** All stay within so many metres; 0: each sees about 50 others. */
  readonly withinM: number;
  /** Percent of datagrams or messages lost, each way. */
  readonly lossPercent: number;
  readonly rampUpMsEach: number;
  /** From the last bot's start until measuring begins: they go to their places, code is being optimised still. */
  readonly settleS: number;
  readonly botProcesses: number;
  /** Clients that look at all they are sent and note how old it is. */
  readonly watchers: number;
  /** For the server, as they are. */
  readonly serverFlags: readonly string[];
}

export interface Options {
  readonly load: Load;
  readonly jsonFile: string | undefined;
  readonly mode: 'once' | 'findLimit' | 'curve';
  /** Sizes of the curve, ascending. */
  readonly curve: readonly number[];
  /** Where the curve goes. */
  readonly outFolder: string;
  /** The limit's search goes no further, and is exact to this share. */
  readonly limitMax: number;
  readonly precision: number;
}

export type ParsedOptions = { readonly options: Options } | { readonly text: string } | { readonly problem: string };

export const CROWD_M = 50;
const CROWD_WATCHERS = 4;
const LIGHT_PERCENT = 90;

type Row = readonly [flag: string, argument: string, fallback: string, min: number, max: number, help: string];

const NUMBERS: Readonly<Record<string, Row>> = {
  players: ['--players', 'N', '1000', 1, 4096, 'how many; for --find-limit where the search begins'],
  seconds: ['--seconds', 'N', '60', 1, 3600, 'measured, after all are in and settled'],
  light: [
    '--light',
    'PERCENT',
    String(LIGHT_PERCENT),
    0,
    100,
    'of the bots, which read their own entity alone (docs/bots.md)',
  ],
  loss: ['--packet-loss', 'PERCENT', '0', 0, 50, 'lost each way'],
  rampUp: ['--ramp-up', 'MS', '20', 0, 1000, 'between two bots that join'],
  settle: ['--settle', 'SECONDS', '12', 0, 600, 'between the last join and measuring'],
  botProcesses: ['--bot-processes', 'N', '1', 1, 64, 'the bots are shared between so many'],
  watchers: ['--watchers', 'N', '0', 0, 64, 'clients that note how old the state of who they see gets'],
  zones: ['--zones', 'N', '0', 0, 64, 'of the server; 0: what it does by itself'],
  edges: ['--edges', 'N', '0', 0, 64, 'of the server, per zone; 0: what it does by itself'],
  seed: ['--seed', 'N', '7', 0, 0xffff_ffff, 'of all that is random'],
  limitMax: ['--limit-max', 'N', '4096', 1, 4096, 'of --find-limit: it tries no more players'],
  precision: ['--precision', 'PERCENT', '5', 1, 50, 'of --find-limit: between what holds and what does not'],
};

export function parseOptions(argv: readonly string[]): ParsedOptions {
  const command = new Command('npm run bench:players --')
    .description('A server on one core, bots on the other: what a zone full of players costs. docs/performance.md')
    .option('--transport <kind>', 'udp or ws', 'udp')
    .option('--fight', 'the bots fight each other and creatures; so they do unless --peaceful or --crowd')
    .option('--peaceful', 'the bots only wander')
    .option('--crowd', `all within ${CROWD_M} m, wandering, with watchers: how old what they see gets`)
    .option('--server <flags>', 'further flags of the server, in one argument', '')
    .option('--find-limit', 'search the largest number of players that the zone holds')
    .option('--curve <sizes>', 'measure each of these numbers of players, write a picture and a table')
    .option('--out <folder>', 'where the curve goes', 'docs')
    .option('--json <file>', 'write what was measured');
  for (const [flag, argument, fallback, , , help] of Object.values(NUMBERS)) {
    command.option(`${flag} <${argument}>`, help, fallback);
  }
  const read = readCommand<Record<string, string | boolean | undefined>>(command, argv);
  return 'flags' in read ? check(read.flags) : read;
}

function check(flags: Readonly<Record<string, string | boolean | undefined>>): ParsedOptions {
  const values: Record<string, number> = {};
  for (const [key, [flag, , , min, max]] of Object.entries(NUMBERS)) {
    // Commander names an option by its flag.
    const text = String(flags[flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]);
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max || !isWhole(key, value)) {
      return { problem: `${flag} must be a number from ${min} to ${max}, not "${text}".` };
    }
    values[key] = value;
  }
  const { transport, fight, peaceful, crowd, findLimit, curve, json } = flags;
  if (transport !== 'udp' && transport !== 'ws')
    return { problem: `--transport must be udp or ws, not "${transport}".` };
  if (fight && peaceful) return { problem: 'Leave --fight or --peaceful out: the bots do one of the two.' };
  if (findLimit && curve !== undefined) return { problem: 'Leave --find-limit or --curve out: they are two runs.' };
  const sizes = curve === undefined ? [] : String(curve).split(',').map(Number);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1 || size > NUMBERS.players![4])) {
    return { problem: `--curve must be numbers of players with commas between, not "${curve}".` };
  }
  const isCrowd = crowd === true;
  return {
    options: {
      load: {
        players: values.players!,
        seconds: values.seconds!,
        seed: values.seed!,
        transport,
        isPeaceful: peaceful === true || (isCrowd && fight !== true),
        lightPercent: values.light!,
        withinM: isCrowd ? CROWD_M : 0,
        lossPercent: values.loss!,
        rampUpMsEach: values.rampUp!,
        settleS: values.settle!,
        botProcesses: values.botProcesses!,
        watchers: isCrowd && values.watchers === 0 ? CROWD_WATCHERS : values.watchers!,
        serverFlags: serverFlags(values, String(flags.server)),
      },
      jsonFile: json === undefined ? undefined : String(json),
      mode: findLimit === true ? 'findLimit' : curve !== undefined ? 'curve' : 'once',
      curve: sizes.sort((a, b) => a - b),
      outFolder: String(flags.out),
      limitMax: values.limitMax!,
      precision: values.precision! / 100,
    },
  };
}

function isWhole(key: string, value: number): boolean {
  return ['light', 'loss', 'rampUp', 'settle', 'seconds', 'precision'].includes(key) || Number.isInteger(value);
}

function serverFlags({ zones, edges }: Readonly<Record<string, number>>, further: string): string[] {
  return [
    ...(zones! > 0 ? ['--zones', String(zones)] : []),
    ...(edges! > 0 ? ['--edges', String(edges)] : []),
    ...further.split(/\s+/).filter((word) => word !== ''),
  ];
}
