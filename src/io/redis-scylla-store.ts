// The store of several nodes: ScyllaDB keeps what has to last, Redis what is in play and what nodes know of each other.
// Store thread. A character's saves go to Redis, fenced there by a script; ScyllaDB gets the last of a stay, one every
// few seconds, and every one that Redis can't tell or keep, fenced by a condition on the row. Who owns a character is
// ScyllaDB's to say: what Redis forgets or gets wrong costs a question there, not the truth.
//
//   take    1 read the row  2 raise the fence in Redis, which gives the newest save  3 write it with the next epoch, if the
//           row is still the one that was read. After 2 no earlier owner saves in Redis, after 3 none in ScyllaDB; a save in
//           ScyllaDB between the two makes 3 begin again. Another owner's taking ends it: that one's player may be in play.
//
// A save in Redis counts only within the epoch of the row: the taking of the next one has put it there.

import { setTimeout as sleep } from 'node:timers/promises';
import { ServerError } from '../base/errors.ts';
import type { Directory } from '../store/directory.ts';
import type { CharacterColumns } from '../store/records.ts';
import type { CharacterStore, FencedRecord, SaveResult, Store } from '../store/store.ts';
import { createHotCharacters, type HotCharacter, type HotCharacters, type HotResult } from './redis-characters.ts';
import { connectRedis, type RedisClient } from './redis-client.ts';
import { createRedisDirectory } from './redis-directory.ts';
import type { RedisAddress } from './redis-url.ts';
import { createSchemaLease } from './schema-lease.ts';
import { createScyllaAccounts } from './scylla-accounts.ts';
import { createDurableCharacters, type DurableCharacter, type DurableCharacters } from './scylla-characters.ts';
import { connectScylla, type ScyllaAddress, type ScyllaClient } from './scylla-client.ts';
import { createScyllaLedger } from './scylla-ledger.ts';
import { prepareSchema } from './scylla-schema.ts';
import { guarded, storeError } from './store-errors.ts';
import { type BackendGuard, createStoreTrouble, type StoreTrouble } from './store-trouble.ts';
import { wallClockS } from './system.ts';

export interface RedisScyllaOptions {
  readonly redis: RedisAddress;
  readonly scylla: ScyllaAddress;
  /** The keyspace, and what all keys in Redis begin with. */
  readonly name: string;
  /** Of rows, when the keyspace is made; undefined: as many as there are nodes, at most three. */
  readonly replicas: number | undefined;
  /** How old what ScyllaDB has of a character in play may be; 0: it has every save. */
  readonly durableEveryMs?: number;
  /** Redis did not do what ScyllaDB then did in its place; may be called for each save. */
  readonly onRedisTrouble?: (error: unknown) => void;
  /** How the services are run, where it is not as it should be: one sentence each. */
  readonly onAdvice?: (sentence: string) => void;
  /** Of the making of the schema: what comes next may take so long. */
  readonly onWorking?: (withinMs: number) => void;
  /** Breakers, budgets and counters; without it, ones of its own. */
  readonly trouble?: StoreTrouble;
}

/** Of the keys in Redis; a change that older code can't read takes the next number. */
const REDIS_SCHEMA_VERSION = 1;
const DURABLE_EVERY_MS = 5_000;
const TAKE_TRIES = 12;
const WRITES_AT_ONCE = 64;
const WRITTEN_MAX = 131_072;

/** Throws ServerError DARKAGES_STORE_… with a sentence. */
export async function openRedisScyllaStore(options: RedisScyllaOptions): Promise<Store> {
  const { name, replicas } = options;
  const { onAdvice = () => {}, onWorking = () => {}, trouble = createStoreTrouble() } = options;
  const redis = await connectRedis(options.redis, name, trouble);
  let scylla: ScyllaClient;
  const directory = createRedisDirectory(redis, name);
  try {
    await checkRedisVersion(redis, name);
    for (const sentence of await redis.advice()) onAdvice(sentence);
    const exclusive = createSchemaLease(directory, onWorking);
    const schema = { address: options.scylla, keyspace: name, replicas, exclusive, onWorking };
    const dataCenter = await prepareSchema(schema);
    scylla = await connectScylla(options.scylla, name, dataCenter, trouble);
  } catch (error) {
    await redis.close();
    if (error instanceof ServerError) throw error;
    throw storeError('it could not be made ready', error);
  }
  return createRedisScyllaStore({ redis, scylla, directory, trouble }, options);
}

export interface RedisScyllaClients {
  readonly redis: RedisClient;
  readonly scylla: ScyllaClient;
  /** In Redis. */
  readonly directory: Directory;
  readonly trouble: StoreTrouble;
}

/** On connections there are, with their schema. */
export function createRedisScyllaStore(
  { redis, scylla, directory, trouble }: RedisScyllaClients,
  options: Pick<RedisScyllaOptions, 'name' | 'durableEveryMs' | 'onRedisTrouble'>,
): Store {
  const { name, durableEveryMs = DURABLE_EVERY_MS, onRedisTrouble = () => {} } = options;
  const durable = createDurableCharacters(scylla);
  const hot = createHotCharacters(redis, name);
  const accounts = createScyllaAccounts(scylla, () => wallClockS() * 1000);
  const ledger = createScyllaLedger(scylla, async (playerId, game, epoch) => {
    await hot.raise(playerId, game, epoch).catch(onRedisTrouble);
  });
  return {
    ...accounts,
    ...createCharacterStore(hot, durable, durableEveryMs, onRedisTrouble, trouble.scylla),
    ...ledger,
    ...directory,
    /** The account last: who was cut off before can ask again. Its rows stay, so each copy is found again too. */
    async deleteAccount(playerId, nameKeptMs) {
      for (const { game } of await durable.list(playerId)) await deleteCharacter(hot, durable, playerId, game);
      await directory.clearPresence(playerId, Number.MAX_SAFE_INTEGER);
      return accounts.deleteAccount(playerId, nameKeptMs);
    },
    async ping() {
      await Promise.all([redis.ping(), durable.read(1, '')]);
    },
    async close() {
      await Promise.all([redis.close(), scylla.close()]);
    },
  };
}

/** Writes the version where there is none, and one that is older over. */
async function checkRedisVersion(redis: RedisClient, name: string): Promise<void> {
  const raise = redis.script(
    'raiseSchema',
    `local known = tonumber(redis.call('GET', KEYS[1]) or '0')
     if known < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
     return known`,
  );
  const version = Number(await raise(`${name}:schema`, REDIS_SCHEMA_VERSION));
  if (version <= REDIS_SCHEMA_VERSION) return;
  throw new ServerError(
    'DARKAGES_STORE_SCHEMA_NEWER',
    `The keys ${name}:… in Redis were written by a newer DarkAges (schema ${version}, this one knows ${REDIS_SCHEMA_VERSION}): start that version, or choose another name with --store-name.`,
  );
}

/** What holds of every `CharacterStore`, over the two that are given. */
export function createCharacterStore(
  hot: HotCharacters,
  durable: DurableCharacters,
  durableEveryMs: number,
  onTrouble: (error: unknown) => void,
  { retries }: BackendGuard,
): CharacterStore {
  /** When ScyllaDB last got a save of a character in play. */
  const writtenMs = new Map<string, number>();

  const isDue = ({ playerId, game }: FencedRecord, now: number): boolean => {
    const before = writtenMs.get(`${playerId} ${game}`);
    return before === undefined || now - before >= durableEveryMs;
  };
  const saveHot = async (record: FencedRecord, columns: string, isKnown: boolean): Promise<HotResult> => {
    try {
      return await hot.save(record, columns, isKnown);
    } catch (error) {
      // ScyllaDB keeps it instead, and says who owns it.
      onTrouble(error);
      return 'unknown';
    }
  };
  const saveOne = async (record: FencedRecord, columns: string): Promise<SaveResult> => {
    const now = performance.now();
    const hotResult = await saveHot(record, columns, false);
    if (hotResult === 'saved' && !record.final && !isDue(record, now)) return 'saved';
    const result = await durable.save(record, columns);
    const key = `${record.playerId} ${record.game}`;
    writtenMs.delete(key);
    if (result === 'fenced') return result;
    // Too many who never left: what is forgotten is written a little early.
    if (writtenMs.size >= WRITTEN_MAX) writtenMs.clear();
    if (!record.final) writtenMs.set(key, now);
    if (hotResult === 'unknown') await saveHot(record, columns, true);
    if (record.final) await hot.settle(record).catch(onTrouble);
    return result;
  };

  return {
    async takeCharacter(playerId, game, owner, isWanted = () => true) {
      let known: number | undefined;
      for (let attempt = 0; attempt < TAKE_TRIES; attempt++) {
        const row = await durable.read(playerId, game);
        const there = row?.epoch ?? 0;
        known ??= there;
        // One more, of this owner: that is its own write, whose answer was lost. Any other is somebody's who may be in play.
        const isOwn = there === known + 1 && row?.owner === owner;
        if ((there !== known && !isOwn) || !isWanted()) return undefined;
        known = there;
        const epoch = there + 1;
        // Deliberate: without Redis nobody takes anything, since it may have a save that is newer than the row.
        const columns = newest(row, await hot.raise(playerId, game, epoch));
        const text = columns === undefined ? undefined : JSON.stringify(columns);
        if (!isWanted()) return undefined;
        if (await durable.take(playerId, game, owner, row, text)) return { epoch, columns };
        if (!retries.take()) break;
        await sleep(Math.random() * 5 * 2 ** Math.min(attempt, 5));
      }
      throw new ServerError('DARKAGES_STORE_BUSY', 'Too many take one character at once.');
    },
    async loadCharacter(playerId, game) {
      return newest(...(await Promise.all([durable.read(playerId, game), hot.load(playerId, game)])));
    },
    async listCharacters(playerId) {
      const rows = (await durable.list(playerId)).filter(({ isDeleted }) => !isDeleted);
      return Promise.all(
        rows.map(async (row) => {
          const copy = await hot.load(playerId, row.game);
          const { game, epoch, version } = row;
          return {
            game,
            epoch,
            version: isNewer(row, copy) ? copy.version : version,
            columns: newest(row, copy),
          };
        }),
      );
    },
    async saveCharacters(characters) {
      const texts = guarded('characters could not be saved', () =>
        characters.map(({ columns }) => JSON.stringify(columns)),
      );
      const results: SaveResult[] = [];
      let next = 0;
      const work = async (): Promise<void> => {
        for (let index = next++; index < characters.length; index = next++) {
          results[index] = await saveOne(characters[index]!, texts[index]!);
        }
      };
      await Promise.all(Array.from({ length: Math.min(WRITES_AT_ONCE, characters.length) }, work));
      return results;
    },
  };
}

/** A row before its copy: no save is kept between the two. Whoever does it again does what was left of it. */
async function deleteCharacter(hot: HotCharacters, durable: DurableCharacters, playerId: number, game: string) {
  for (let attempt = 0; attempt < TAKE_TRIES; attempt++) {
    const row = await durable.read(playerId, game);
    const isDeleted = row === undefined || row.isDeleted;
    // Redis before anything is changed: where it is away, all is as it was.
    if (!isDeleted) await hot.raise(playerId, game, row.epoch + 1);
    if (isDeleted || (await durable.delete(playerId, game, row))) return hot.forget(playerId, game);
  }
  throw new ServerError('DARKAGES_STORE_BUSY', 'Too much happens to one character at once.');
}

function isNewer(row: DurableCharacter | undefined, copy: HotCharacter | undefined): copy is HotCharacter {
  return copy !== undefined && copy.epoch === row?.epoch && copy.version > row.version;
}

function newest(row: DurableCharacter | undefined, copy: HotCharacter | undefined): CharacterColumns | undefined {
  if (isNewer(row, copy)) return copy.columns;
  return row?.columns === undefined ? undefined : (JSON.parse(row.columns) as CharacterColumns);
}
