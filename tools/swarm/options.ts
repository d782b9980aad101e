// The flags of `npm run bots`: read, checked, explained. Pure.

import { Command } from 'commander';
import { readCommand } from '../../src/io/command-line.ts';
import type { LinkConditions } from './link.ts';
import type { Transport } from './report.ts';

export interface SwarmOptions {
  /** Without a slash at the end. */
  readonly url: string;
  readonly bots: number;
  /** Which zone they join; undefined: where the server sends them. */
  readonly zoneId: number | undefined;
  readonly durationS: number;
  readonly rampUpS: number;
  readonly transport: Transport;
  readonly conditions: LinkConditions;
  readonly processes: number;
  /** They only wander, also where the game has something to fight with. */
  readonly isPeaceful: boolean;
  /** All stay within so many metres of one spot; 0: as far apart as it takes to see about 50 others. */
  readonly withinM: number;
  /** So many read only their own entity, predict nothing, decide less often: the same load, from less of a machine. */
  readonly lightShare: number;
  /** So many buy, sell and trade with each other beside a vendor, and don't fight. */
  readonly tradeShare: number;
  readonly seed: number;
  /** To which each command that the server has answered is appended, as a line of JSON. */
  readonly acknowledgedFile: string | undefined;
  readonly gameFile: string;
  /** Where the report goes; undefined: only what is printed. */
  readonly reportFile: string | undefined;
}

/** `text` is what --help asked for; `problem` one sentence of what is wrong. */
export type ParsedOptions =
  | { readonly options: SwarmOptions }
  | { readonly text: string }
  | { readonly problem: string };

interface NumberRow {
  readonly flag: string;
  readonly argument: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
  readonly help: string;
}

const number = (
  flag: string,
  argument: string,
  fallback: number,
  [min, max]: readonly [number, number],
  help: string,
  isWhole = false,
): NumberRow => ({ flag, argument, default: fallback, min, max, isWhole, help });

const NUMBERS: Readonly<Record<string, NumberRow>> = {
  bots: number('--bots', 'N', 20, [1, 20_000], 'how many', true),
  zone: number('--zone', 'N', 0, [0, 65_535], 'zone to join; 0: where the server sends each, the emptiest', true),
  duration: number('--duration', 'SECONDS', 30, [1, 86_400], 'how long they play once all have started'),
  rampUp: number('--ramp-up', 'SECONDS', 5, [0, 3_600], 'they start one after the other within this time'),
  latency: number('--latency', 'MS', 0, [0, 2_000], 'simulated round trip, half of it each way'),
  jitter: number('--jitter', 'MS', 0, [0, 2_000], 'by which a round trip is longer or shorter, at most'),
  packetLoss: number('--packet-loss', 'PERCENT', 0, [0, 50], 'messages lost each way: over ws they come later'),
  processes: number('--processes', 'N', 1, [1, 64], 'share the bots between so many processes', true),
  light: number(
    '--light',
    'PERCENT',
    0,
    [0, 100],
    'so many read only themselves, predict nothing, decide 20 times a second',
  ),
  trade: number('--trade', 'PERCENT', 0, [0, 100], 'so many buy, sell and trade instead of fighting'),
  within: number('--within', 'METRES', 0, [0, 10_000], 'all stay within so far of one spot; 0: each sees about 50'),
  seed: number('--seed', 'N', 1, [0, 0xffff_ffff], 'of all that is random', true),
};

const URL_DEFAULT = 'http://127.0.0.1:8080';
const GAME_DEFAULT = 'src/game/game.ts';

export function parseOptions(argv: readonly string[]): ParsedOptions {
  const command = new Command('npm run bots --')
    .description('Bots that join a running server and play. Exit code 1 when one of them failed. docs/bots.md')
    .option('--url <url>', 'HTTP address of the server', URL_DEFAULT)
    .option('--transport <kind>', 'ws, WebSocket, or udp, where the server has it', 'ws')
    .option('--game <file>', 'game module, the same that the server runs', GAME_DEFAULT)
    .option('--peaceful', 'they wander about and do not fight')
    .option('--acknowledged <file>', 'append each answered command: playerId, key, request, refused, as a line of JSON')
    .option('--report <file>', 'write what was measured as JSON');
  for (const row of Object.values(NUMBERS)) {
    command.option(`${row.flag} <${row.argument}>`, row.help, String(row.default));
  }
  const read = readCommand<Record<string, string | undefined> & { peaceful?: boolean }>(command, argv);
  if (!('flags' in read)) return read;
  const { peaceful, ...flags } = read.flags;
  return readOptions(flags, peaceful === true);
}

function readOptions(flags: Readonly<Record<string, string | undefined>>, isPeaceful: boolean): ParsedOptions {
  const values: Record<string, number> = {};
  for (const [key, row] of Object.entries(NUMBERS)) {
    const value = readNumber(row, flags[key]!);
    if (value === undefined) {
      const kind = row.isWhole ? 'a whole number' : 'a number';
      return { problem: `${row.flag} must be ${kind} from ${row.min} to ${row.max}, not "${flags[key]}".` };
    }
    values[key] = value;
  }
  const url = flags.url!.replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:\/\//.test(url)) {
    return { problem: `--url must be an address such as ${URL_DEFAULT}, not "${flags.url}".` };
  }
  const { transport } = flags;
  if (transport !== 'ws' && transport !== 'udp') {
    return { problem: `--transport must be ws or udp, not "${transport}".` };
  }
  const { bots, zone, duration, rampUp, latency, jitter, packetLoss, processes, light, trade, within, seed } =
    values as Record<keyof typeof NUMBERS, number>;
  if (jitter! > latency!) return { problem: `--jitter must be at most --latency, which is ${latency}.` };
  if (processes! > bots!) return { problem: `--processes must be at most --bots, which is ${bots}.` };
  return {
    options: {
      url,
      bots: bots!,
      zoneId: zone === 0 ? undefined : zone,
      durationS: duration!,
      rampUpS: rampUp!,
      transport,
      conditions: { latencyMs: latency!, jitterMs: jitter!, lossShare: packetLoss! / 100 },
      processes: processes!,
      isPeaceful,
      withinM: within!,
      lightShare: light! / 100,
      tradeShare: trade! / 100,
      seed: seed!,
      gameFile: flags.game!,
      reportFile: flags.report,
      acknowledgedFile: flags.acknowledged,
    },
  };
}

function readNumber({ min, max, isWhole }: NumberRow, text: string): number | undefined {
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max && (!isWhole || Number.isInteger(value)) ? value : undefined;
}
