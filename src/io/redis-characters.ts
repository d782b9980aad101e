// The newest state of characters in play, in Redis: cheap to write each second, and fenced by the epoch of its owner. Store
// thread. Redis may forget: io/redis-scylla-store asks ScyllaDB whatever isn't known here, and writes there what has to
// last. Epochs are made there too; here they only come to be known.
//
//   NAME:character:GAME:PLAYER  hash: fence (the latest epoch that was heard of); epoch, version, columns (JSON)

import type { CharacterColumns } from '../store/records.ts';
import type { FencedRecord } from '../store/store.ts';
import type { RedisClient } from './redis-client.ts';

export interface HotCharacter {
  readonly epoch: number;
  readonly version: number;
  readonly columns: CharacterColumns;
}

/** `unknown`: Redis has not heard of the character's epoch, so it can't tell. */
export type HotResult = 'saved' | 'fenced' | 'unknown';

export interface HotCharacters {
  /** From now on saves of earlier epochs are refused here; resolves to what was saved before. */
  raise(playerId: number, game: string, epoch: number): Promise<HotCharacter | undefined>;
  load(playerId: number, game: string): Promise<HotCharacter | undefined>;
  /** `isKnown`: ScyllaDB has just taken it for this epoch, so it is kept even where the epoch is unknown. */
  save(record: FencedRecord, columns: string, isKnown: boolean): Promise<HotResult>;
  /** ScyllaDB has this save: it may be forgotten here soon, unless a newer one comes. Where this fails, it is a day later. */
  settle(record: FencedRecord): Promise<void>;
  forget(playerId: number, game: string): Promise<void>;
}

/** What ScyllaDB has, and fences of which there is nothing else. */
const FORGET_MS = 60_000;
/**
 * From each save on, of which there is one a second while somebody plays: so long ScyllaDB and the node that had the character may be
 * away together, and what only Redis has is found. A copy whose settling failed is gone after it. Whatever expires costs a
 * question, as what Redis forgets by itself: the next save is of an epoch that is unknown here.
 */
const KEEP_MS = 24 * 60 * 60_000;

const RAISE = `local fence = redis.call('HGET', KEYS[1], 'fence')
if not fence then redis.call('HSET', KEYS[1], 'fence', ARGV[1]) redis.call('PEXPIRE', KEYS[1], ${FORGET_MS})
elseif tonumber(fence) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'fence', ARGV[1]) end
return redis.call('HMGET', KEYS[1], 'epoch', 'version', 'columns')`;

const LOAD = `return redis.call('HMGET', KEYS[1], 'epoch', 'version', 'columns')`;

const SAVE = `local old = redis.call('HMGET', KEYS[1], 'fence', 'epoch', 'version')
local epoch, version = tonumber(ARGV[1]), tonumber(ARGV[2])
local fence = tonumber(old[1] or '0')
if fence > epoch then return 'fenced' end
if (not old[1] or fence < epoch) and ARGV[4] == '0' then return 'unknown' end
if not old[2] or tonumber(old[2]) ~= epoch or tonumber(old[3]) < version then
  redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'epoch', ARGV[1], 'version', ARGV[2], 'columns', ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], ${KEEP_MS})
return 'saved'`;

const SETTLE = `local old = redis.call('HMGET', KEYS[1], 'epoch', 'version')
if old[1] == ARGV[1] and old[2] == ARGV[2] then redis.call('PEXPIRE', KEYS[1], ${FORGET_MS}) end
return 1`;

/** @param name what all keys begin with */
export function createHotCharacters(redis: RedisClient, name: string): HotCharacters {
  const raise = redis.script('raiseCharacter', RAISE);
  const load = redis.script('loadCharacter', LOAD);
  const save = redis.script('saveCharacter', SAVE);
  const settle = redis.script('settleCharacter', SETTLE);
  const forget = redis.script('forgetCharacter', `return redis.call('DEL', KEYS[1])`);
  const keyOf = (playerId: number, game: string) => `${name}:character:${game}:${playerId}`;

  return {
    raise: async (playerId, game, epoch) => readHot(await raise(keyOf(playerId, game), epoch)),
    load: async (playerId, game) => readHot(await load(keyOf(playerId, game))),
    async save({ playerId, game, epoch, version }, columns, isKnown) {
      return (await save(keyOf(playerId, game), epoch, version, columns, isKnown ? 1 : 0)) as HotResult;
    },
    async settle({ playerId, game, epoch, version }) {
      await settle(keyOf(playerId, game), epoch, version);
    },
    async forget(playerId, game) {
      await forget(keyOf(playerId, game));
    },
  };
}

function readHot(reply: unknown): HotCharacter | undefined {
  const [epoch, version, columns] = reply as (string | null)[];
  if (typeof columns !== 'string') return undefined;
  return { epoch: Number(epoch), version: Number(version), columns: JSON.parse(columns) as CharacterColumns };
}
