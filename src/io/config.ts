// Configuration from flags and environment, checked before anything starts. Main thread. One table of options makes
// the flags, the environment variables, the help and the defaults; a flag wins over its variable.

import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { ServerError } from '../base/errors.ts';
import { EDGES_MAX, MAP_SEED_DEFAULT, PLAYERS_PER_ADDRESS_DEFAULT } from '../base/limits.ts';
import { type Advertised, advertisedOrigins, readAdvertised } from '../gateway/advertise.ts';
import { readCommand } from './command-line.ts';
import {
  hostText,
  isHost,
  isHostAndPort,
  numberOr,
  type OptionRow,
  splitWords,
  wholeNumber,
  yesOrNo,
} from './config-rows.ts';
import { checkStore, STORE_OPTIONS, type StoreConfig } from './config-store.ts';
import { checkTracing, TRACING_OPTIONS, type TracingConfig } from './config-tracing.ts';
import { LOG_LEVELS, type LogThreshold } from './log.ts';

export interface Config extends StoreConfig, TracingConfig {
  readonly zones: number;
  /** Of each kind, WebSocket and UDP, in each zone. */
  readonly edges: number;
  readonly httpPort: number;
  /** Undefined: no TLS. */
  readonly httpsPort: number | undefined;
  /** Both '': a self-signed certificate. */
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly requirePq: boolean;
  readonly allowPlainHttp: boolean;
  /** Port of the first zone's first edge; 0 gives each any free port. */
  readonly port: number;
  readonly ws: 'auto' | 'ws' | 'uws';
  readonly udp: 'auto' | 'portable' | 'off';
  /** Of UDP, all zones together; undefined: no limit but that of each client. */
  readonly bandwidthMbit: number | undefined;
  readonly data: string;
  /** '': from the environment, or kept in the data folder. */
  readonly tokenKeyFile: string;
  readonly connectKeyFile: string;
  readonly production: boolean;
  readonly spare: boolean;
  readonly host: string;
  readonly advertise: Advertised | undefined;
  /** '': as `advertise` has it. */
  readonly advertiseUdp: string;
  /** Host and port of the rendezvous point; '': none. */
  readonly rendezvous: string;
  /** '': from the environment. */
  readonly rendezvousKeyFile: string;
  readonly gameUrl: string;
  /** Undefined: the usual map, and chances that nobody can compute. */
  readonly seed: number | undefined;
  /** Beside its own; the page's behind the advertised proxy included. */
  readonly allowOrigin: readonly string[];
  readonly trustProxy: boolean;
  readonly sessionsPerMinute: number;
  /** 0: no limit; undefined: the usual one, but for this machine itself. */
  readonly playersPerAddress: number | undefined;
  readonly logLevel: LogThreshold;
  /** '': to stdout and stderr. */
  readonly logFile: string;
  readonly logFileMb: number;
  readonly logTotalMb: number;
}

/** `text` is what --help or --version asked for. */
export type ConfigResult = { readonly config: Config } | { readonly text: string };

const ZONES_MAX = 16;

const DEFAULT_GAME = fileURLToPath(new URL('../game/game.ts', import.meta.url));

const isOrigin = (text: string) => URL.canParse(text) && /^https?:\/\//.test(text) && new URL(text).origin === text;

const OPTIONS: readonly OptionRow[] = [
  {
    key: 'zones',
    argument: 'N',
    default: '1',
    help: `zones to run, 1 to ${ZONES_MAX}`,
    schema: wholeNumber(1, ZONES_MAX),
  },
  {
    key: 'edges',
    argument: 'N',
    default: '1',
    help:
      `threads of a zone that hold its WebSocket players, each at a port of its own, and as many for UDP; 1 to ${EDGES_MAX}: ` +
      'players are sent to the one with the fewest',
    schema: wholeNumber(1, EDGES_MAX),
  },
  {
    key: 'httpPort',
    argument: 'PORT',
    default: '8080',
    help: 'HTTP: page, metrics, health; sessions for this machine alone',
    schema: wholeNumber(0, 65_535),
  },
  {
    key: 'httpsPort',
    argument: 'PORT',
    default: 'off',
    help: 'the same over TLS, sessions for everybody; the zones then speak wss too; off',
    schema: numberOr('off', 0, 65_535, 'a port'),
  },
  {
    key: 'tlsCert',
    argument: 'FILE',
    default: '',
    defaultText: 'a self-signed one, kept in the data folder',
    help: 'certificate for --https-port in PEM, with its chain',
    schema: z.string(),
  },
  {
    key: 'tlsKey',
    argument: 'FILE',
    default: '',
    defaultText: 'of the self-signed one',
    help: 'its private key in PEM',
    schema: z.string(),
  },
  {
    key: 'requirePq',
    argument: 'YES|NO',
    default: 'no',
    isSwitch: true,
    help: 'TLS only with the post-quantum key exchange X25519MLKEM768',
    schema: yesOrNo,
  },
  {
    key: 'allowPlainHttp',
    argument: 'YES|NO',
    default: 'no',
    isSwitch: true,
    help: 'open sessions over plain HTTP for other machines too: whoever listens reads tokens and passwords',
    schema: yesOrNo,
  },
  {
    key: 'port',
    argument: 'PORT',
    default: '7777',
    help: "WebSocket port of the first zone's first edge, its other ones and the next zones count up",
    schema: wholeNumber(0, 65_535),
  },
  {
    key: 'ws',
    argument: 'KIND',
    default: 'auto',
    help: 'WebSocket server of the edges: ws; uws (uWebSockets.js, if installed; without TLS); auto: uws where it can be',
    schema: z.enum(['auto', 'ws', 'uws'], 'auto, ws or uws'),
  },
  {
    key: 'udp',
    argument: 'KIND',
    default: 'auto',
    help: "UDP beside WebSocket, at the same port numbers: auto, portable (Node's own sockets) or off",
    schema: z.enum(['auto', 'portable', 'off'], 'auto, portable or off'),
  },
  {
    key: 'bandwidthMbit',
    argument: 'N',
    default: 'off',
    help: 'megabits a second that all players by UDP may get together, headers of packets included; off',
    schema: numberOr('off', 1, 100_000),
  },
  {
    key: 'data',
    argument: 'FOLDER',
    default: './data',
    help: 'folder of accounts and characters, made if missing',
    schema: z.string().min(1, 'a folder'),
  },
  {
    key: 'tokenKeyFile',
    argument: 'FILE',
    default: '',
    defaultText: 'DARKAGES_TOKEN_KEY, else kept in the data folder',
    help: 'key that signs join tokens and resume tickets: 32 bytes in hex or base64url',
    schema: z.string(),
  },
  {
    key: 'connectKeyFile',
    argument: 'FILE',
    default: '',
    defaultText: 'DARKAGES_CONNECT_KEY, else kept in the data folder',
    help: 'key that seals the tokens of UDP: the same',
    schema: z.string(),
  },
  {
    key: 'production',
    argument: 'YES|NO',
    default: 'no',
    isSwitch: true,
    help: 'nothing is made up: without both keys, or with --https-port and no certificate, it does not start',
    schema: yesOrNo,
  },
  {
    key: 'spare',
    argument: 'YES|NO',
    default: 'no',
    isSwitch: true,
    help: 'a second process, which has loaded all its code, waits to take over when this one dies (some 200 MB)',
    schema: yesOrNo,
  },
  {
    key: 'host',
    argument: 'ADDRESS',
    default: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 for all',
    schema: hostText,
  },
  {
    key: 'advertise',
    argument: 'ADDRESS',
    default: '',
    defaultText: "the request's own host",
    help:
      'where players are told to connect: host, or ws:// or wss:// with it for a TLS proxy; with :port zone 1 is there ' +
      'and the next ones count up, each edge of a zone in turn; with {zone} in it, as in ' +
      'wss://play.example/zone/{zone}, it stands for the number, and so does {edge} for that of the edge',
    schema: z.string().transform((text, context) => {
      const advertised = text === '' ? undefined : readAdvertised(text);
      if (advertised === undefined && text !== '') {
        context.addIssue('a host, host:port or ws:// or wss:// with it, and with a path only if {zone} is in it');
      }
      return advertised;
    }),
  },
  {
    key: 'advertiseUdp',
    argument: 'HOST',
    default: '',
    defaultText: 'the host of --advertise',
    help: 'where UDP of players goes, if not there: a proxy passes on WebSockets alone',
    schema: z.string().refine((text) => text === '' || isHost(text), 'a host name or an IP address, without a port'),
  },
  {
    key: 'rendezvous',
    argument: 'HOST:PORT',
    default: '',
    defaultText: 'none',
    help: 'rendezvous point that introduces players by UDP to a server behind a NAT (tools/rendezvous)',
    schema: z
      .string()
      .refine((text) => text === '' || isHostAndPort(text), 'a host and a port, such as 192.0.2.1:9000'),
  },
  {
    key: 'rendezvousKeyFile',
    argument: 'FILE',
    default: '',
    defaultText: 'DARKAGES_RENDEZVOUS_KEY',
    help: 'key shared with the point: 32 bytes in hex or base64url',
    schema: z.string(),
  },
  ...STORE_OPTIONS,
  {
    key: 'game',
    argument: 'FILE',
    default: DEFAULT_GAME,
    defaultText: 'the game that ships',
    help: 'game module to run',
    schema: z.string().min(1, 'a file'),
  },
  {
    key: 'seed',
    argument: 'N',
    default: 'auto',
    help:
      "seed of the zones' worlds, chance included, so that a run can be repeated; clients are told it. auto: the maps of " +
      `${MAP_SEED_DEFAULT}, with chances that nobody can compute`,
    schema: numberOr('auto', 0, 0xffff_ffff),
  },
  {
    key: 'allowOrigin',
    argument: 'ORIGIN...',
    default: '',
    defaultText: 'only its own',
    help: 'further web origins that may open sessions',
    schema: z
      .string()
      .transform(splitWords)
      .pipe(z.array(z.string().refine(isOrigin, 'web origins such as https://play.example.org'))),
  },
  {
    key: 'trustProxy',
    argument: 'YES|NO',
    default: 'no',
    isSwitch: true,
    help:
      "take clients' addresses from the proxy's X-Forwarded-For, and from X-Forwarded-Proto that they came by https; " +
      'only if nobody gets past the proxy',
    schema: yesOrNo,
  },
  {
    key: 'sessionsPerMinute',
    argument: 'N',
    default: '600',
    help: 'sessions that one address may open in a minute',
    schema: wholeNumber(1, 1_000_000),
  },
  {
    key: 'playersPerAddress',
    argument: 'N',
    default: 'auto',
    help:
      `players from one address that a zone takes at once, each by WebSocket and by UDP; 0: no limit; auto: ` +
      `${PLAYERS_PER_ADDRESS_DEFAULT}, but no limit for this machine itself; not counted behind --trust-proxy`,
    schema: numberOr('auto', 0, 100_000),
  },
  {
    key: 'logLevel',
    argument: 'LEVEL',
    default: 'info',
    help: LOG_LEVELS.join(', '),
    schema: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`),
  },
  {
    key: 'logFile',
    argument: 'FILE',
    default: '',
    defaultText: 'stdout and stderr',
    help: 'where the log goes; begun anew each day, packed after 7 days, deleted after 30 (docs/logs.md)',
    schema: z.string(),
  },
  {
    key: 'logFileMb',
    argument: 'MB',
    default: '100',
    help: 'at which size that file is begun anew',
    schema: wholeNumber(1, 100_000),
  },
  {
    key: 'logTotalMb',
    argument: 'MB',
    default: '2000',
    help: 'that it and the older ones may have together: beyond, the oldest go',
    schema: wholeNumber(1, 1_000_000),
  },
  ...TRACING_OPTIONS,
];

function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function environmentName(key: string): string {
  return `DARKAGES_${flagName(key).slice(2).replaceAll('-', '_').toUpperCase()}`;
}

/**
 * @param argv arguments behind the script's name.
 * Throws ServerError DARKAGES_CONFIG_… with one sentence.
 */
export function parseConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
): ConfigResult {
  const parsed = parseFlags(argv, version);
  if ('text' in parsed) return parsed;
  const values: Record<string, unknown> = {};
  for (const row of OPTIONS) {
    const flag = parsed.flags[row.key];
    // An empty variable counts as unset: compose files and shells pass those for "no value".
    const variable = environment[environmentName(row.key)] || undefined;
    const source = flag !== undefined || variable === undefined ? flagName(row.key) : environmentName(row.key);
    values[row.key] = readValue(row, source, flag ?? variable ?? row.default);
  }
  const { game, ...rest } = values;
  const gameUrl = pathToFileURL(resolve(String(game))).href;
  const config = { ...rest, data: resolve(String(rest.data)), gameUrl } as Config;
  checkPorts(config);
  checkTls(config);
  checkStore(config, { isUrlFlag: parsed.flags.redisUrl !== undefined });
  checkTracing(config);
  const { advertise, allowOrigin } = config;
  if (advertise === undefined) return { config };
  return { config: { ...config, allowOrigin: [...allowOrigin, ...advertisedOrigins(advertise)] } };
}

function readValue(row: OptionRow, source: string, text: string): unknown {
  const result = row.schema.safeParse(text);
  if (result.success) return result.data;
  const must = result.error.issues[0]?.message ?? 'something else';
  const given = row.isSecret === true ? '' : `, not "${text}"`;
  throw new ServerError('DARKAGES_CONFIG_INVALID', `${source} must be ${must}${given}.`);
}

function checkPorts({ port, httpPort, httpsPort, zones, edges, advertise }: Config): void {
  const who = edges === 1 ? `${zones} zones` : `${zones} zones of ${edges} edges`;
  const advertisedLast = (advertise?.port ?? 0) + zones * edges - 1;
  if (advertisedLast > 65_535) {
    const text = `${who} from the port of --advertise on need ports up to ${advertisedLast}, and there are only 65535.`;
    throw new ServerError('DARKAGES_CONFIG_INVALID', text);
  }
  if (port === 0) return;
  const last = port + zones * edges - 1;
  if (last > 65_535) {
    const text = `${who} from --port ${port} on need ports up to ${last}, and there are only 65535.`;
    throw new ServerError('DARKAGES_CONFIG_INVALID', text);
  }
  for (const [flag, used] of [['--http-port', httpPort] as const, ['--https-port', httpsPort] as const]) {
    if (used === undefined || used < port || used > last) continue;
    const text = `${flag} ${used} is one of the zones' ports ${port} to ${last}: choose another.`;
    throw new ServerError('DARKAGES_CONFIG_INVALID', text);
  }
}

function checkTls({ httpPort, httpsPort, tlsCert, tlsKey, requirePq, production, ws }: Config): void {
  const fault = (): string | undefined => {
    if ((tlsCert === '') !== (tlsKey === '')) return '--tls-cert and --tls-key go together.';
    if (httpsPort === undefined) {
      if (tlsCert !== '') return '--tls-cert needs --https-port.';
      return requirePq ? '--require-pq needs --https-port.' : undefined;
    }
    if (ws === 'uws') return '--ws uws takes no TLS beside plain connections: leave out --ws, or --https-port.';
    if (httpsPort !== 0 && httpsPort === httpPort) return `--http-port and --https-port are both ${httpPort}.`;
    if (production && tlsCert === '') return '--production needs --tls-cert and --tls-key for its --https-port.';
    return undefined;
  };
  const text = fault();
  if (text !== undefined) throw new ServerError('DARKAGES_CONFIG_INVALID', text);
}

type Flags = { readonly flags: Readonly<Record<string, string | undefined>> } | { readonly text: string };

function parseFlags(argv: readonly string[], version: string): Flags {
  const command = new Command('npm start --');
  command
    .description('Runs a DarkAges world: zones, their WebSocket edges, the store and an HTTP page.')
    .version(version)
    .addHelpText('after', '\nA flag wins over its environment variable. Documentation: README.md and docs/.');
  for (const row of OPTIONS) {
    const shown = row.defaultText ?? row.default;
    const help = `${row.help} (default: ${shown}; ${environmentName(row.key)})`;
    const argument = row.isSwitch ? `[${row.argument}]` : `<${row.argument}>`;
    command.addOption(new Option(`${flagName(row.key)} ${argument}`, help).preset('yes'));
  }
  const read = readCommand<Record<string, string | string[]>>(command, argv);
  if ('text' in read) return read;
  if ('problem' in read) {
    const isUnknown = read.code === 'commander.unknownOption';
    throw new ServerError(isUnknown ? 'DARKAGES_CONFIG_UNKNOWN_FLAG' : 'DARKAGES_CONFIG_INVALID', read.problem);
  }
  const flags: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(read.flags)) {
    flags[key] = Array.isArray(value) ? value.join(' ') : value;
  }
  return { flags };
}
