// The options that say where state is kept, and what has to be true of them together. Main thread, at start. Passwords are
// no options, since others of the machine see those: they come from the environment or a file.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode, ServerError } from '../base/errors.ts';
import { isHostAndPort, numberOr, type OptionRow, splitWords } from './config-rows.ts';
import type { StoreOptions } from './open-store.ts';
import { type RedisAddress, readRedisUrl } from './redis-url.ts';

export interface StoreConfig {
  readonly store: 'embedded' | 'redis+scylla';
  readonly data: string;
  /** Undefined: none. */
  readonly redisUrl: RedisAddress | undefined;
  /** '': from the environment. */
  readonly redisPasswordFile: string;
  readonly scyllaContactPoints: readonly string[];
  /** '': without login. */
  readonly scyllaUser: string;
  /** '': from the environment. */
  readonly scyllaPasswordFile: string;
  /** Undefined: as many as there are nodes, at most three. */
  readonly scyllaReplicas: number | undefined;
  readonly storeName: string;
}

const SCYLLA_PORT = 9042;

export const STORE_OPTIONS: readonly OptionRow[] = [
  {
    key: 'store',
    argument: 'KIND',
    default: 'embedded',
    help: 'where state is kept: embedded (a file in the data folder), or redis+scylla (for several servers; docs/stores.md)',
    schema: z.enum(['embedded', 'redis+scylla'], 'embedded or redis+scylla'),
  },
  {
    key: 'redisUrl',
    argument: 'URL',
    default: '',
    defaultText: 'none',
    help:
      'redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or redis+sentinel://HOST:PORT,HOST:PORT/NAME; rediss for ' +
      'TLS; the password in DARKAGES_REDIS_PASSWORD',
    isSecret: true,
    schema: z.string().transform((text, context) => {
      const address = text === '' ? undefined : readRedisUrl(text);
      if (address === undefined && text !== '') {
        context.addIssue('redis://HOST:PORT, redis+cluster://HOST:PORT,… or redis+sentinel://HOST:PORT,…/NAME');
      }
      return address;
    }),
  },
  {
    key: 'redisPasswordFile',
    argument: 'FILE',
    default: '',
    defaultText: 'DARKAGES_REDIS_PASSWORD',
    help: 'file with the password of Redis',
    schema: z.string(),
  },
  {
    key: 'scyllaContactPoints',
    argument: 'HOSTS',
    default: '',
    defaultText: 'none',
    help: `HOST:PORT of some nodes of ScyllaDB or Cassandra, with commas between; the port is ${SCYLLA_PORT} unless said`,
    schema: z
      .string()
      .transform((text) => splitWords(text).map((point) => (isHostAndPort(point) ? point : `${point}:${SCYLLA_PORT}`)))
      .pipe(z.array(z.string().refine(isHostAndPort, 'hosts with or without a port, such as 192.0.2.1:9042'))),
  },
  {
    key: 'scyllaUser',
    argument: 'NAME',
    default: '',
    defaultText: 'no login',
    help: 'login at ScyllaDB; the password in DARKAGES_SCYLLA_PASSWORD',
    schema: z.string(),
  },
  {
    key: 'scyllaPasswordFile',
    argument: 'FILE',
    default: '',
    defaultText: 'DARKAGES_SCYLLA_PASSWORD',
    help: 'file with the password of that login',
    schema: z.string(),
  },
  {
    key: 'scyllaReplicas',
    argument: 'N',
    default: 'auto',
    help: 'nodes that keep each row, when the keyspace is made by this server; auto: all, but no more than three',
    schema: numberOr('auto', 1, 9),
  },
  {
    key: 'storeName',
    argument: 'NAME',
    default: 'darkages',
    help: 'keyspace in ScyllaDB, and what all keys in Redis begin with',
    schema: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'a lower-case letter, then up to 47 more, digits or _'),
  },
];

/** @param given `isUrlFlag`: the address of Redis was typed as a flag */
export function checkStore(config: StoreConfig, given: { readonly isUrlFlag: boolean }): void {
  const { store, redisUrl, scyllaContactPoints, scyllaUser } = config;
  const fault = (): string | undefined => {
    if (given.isUrlFlag && redisUrl?.password !== undefined) {
      return '--redis-url must not hold a password, which others of the machine would see: set DARKAGES_REDIS_PASSWORD.';
    }
    if (store === 'redis+scylla') {
      if (redisUrl === undefined) return '--store redis+scylla needs --redis-url.';
      return scyllaContactPoints.length === 0 ? '--store redis+scylla needs --scylla-contact-points.' : undefined;
    }
    if (redisUrl !== undefined) return '--redis-url needs --store redis+scylla.';
    if (scyllaContactPoints.length > 0) return '--scylla-contact-points needs --store redis+scylla.';
    return scyllaUser !== '' ? '--scylla-user needs --store redis+scylla.' : undefined;
  };
  const text = fault();
  if (text !== undefined) throw new ServerError('DARKAGES_CONFIG_INVALID', text);
}

/** With the passwords. Throws ServerError DARKAGES_KEY_INVALID with one sentence, which never holds one. */
export async function readStoreOptions(
  config: StoreConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<StoreOptions> {
  const { store, data, redisUrl, scyllaContactPoints, scyllaUser, scyllaReplicas, storeName } = config;
  if (store === 'embedded' || redisUrl === undefined) return { kind: 'embedded', folder: data };
  const read = (variable: string, flag: string, file: string) =>
    readPassword(environment[variable], variable, flag, file);
  const redisPassword = await read('DARKAGES_REDIS_PASSWORD', '--redis-password-file', config.redisPasswordFile);
  const scyllaPassword = await read('DARKAGES_SCYLLA_PASSWORD', '--scylla-password-file', config.scyllaPasswordFile);
  if (scyllaUser !== '' && scyllaPassword === undefined) {
    throw passwordError('--scylla-user needs its password: set DARKAGES_SCYLLA_PASSWORD or --scylla-password-file.');
  }
  return {
    kind: 'redis+scylla',
    folder: data,
    redis: redisPassword === undefined ? redisUrl : { ...redisUrl, password: redisPassword },
    scylla: { contactPoints: scyllaContactPoints, username: scyllaUser, password: scyllaPassword ?? '' },
    name: storeName,
    replicas: scyllaReplicas,
  };
}

/** What a line of the log must not say. */
export function secretsOf(options: StoreOptions): readonly string[] {
  if (options.kind === 'embedded') return [];
  return [options.redis.password ?? '', options.scylla.password];
}

async function readPassword(
  text: string | undefined,
  variable: string,
  flag: string,
  file: string,
): Promise<string | undefined> {
  const given = text || undefined;
  if (given !== undefined && file !== '') throw passwordError(`Give ${variable} or ${flag}, not both.`);
  if (file === '') return given;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw passwordError(`${flag} ${file} can't be read: ${errorCode(error)}.`, error);
  }
}

function passwordError(message: string, cause?: unknown): ServerError {
  return new ServerError('DARKAGES_KEY_INVALID', message, { cause });
}
