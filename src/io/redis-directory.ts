// The directory in Redis. Store thread. Each change is one Lua script on one key, so that nobody comes in between, and does
// no harm when it is sent twice. Time is the server's own.
//
//   NAME:token:TOKEN      string: who used it, until it expires
//   NAME:presence:PLAYER  hash: node, zone, epoch; until nobody says it again
//   NAME:zones            hash: node → until when, and its zones as JSON
//   NAME:lease:LEASE      hash: holder, epoch, until; never removed, so that epochs don't begin again

import { randomUUID } from 'node:crypto';
import { byNodeAndZone, type Directory, type ZoneRecord } from '../store/directory.ts';
import type { RedisClient } from './redis-client.ts';

const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Answers by who is asking, so that the same question sent twice has the same answer. */
const USE_TOKEN = `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0`;

const SET_PRESENCE = `local epoch = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if epoch > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'zone', ARGV[2], 'epoch', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`;

const FIND_PRESENCE = `return redis.call('HMGET', KEYS[1], 'node', 'zone', 'epoch')`;

const CLEAR_PRESENCE = `local epoch = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if epoch <= tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end
return 1`;

const ANNOUNCE_ZONES = `${NOW}
if ARGV[2] == '[]' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now + ARGV[3]) .. ARGV[2])`;

/** Those of nodes that are silent are removed here: somebody asks as long as anybody plays. */
const LIST_ZONES = `${NOW}
local all = redis.call('HGETALL', KEYS[1])
local alive = {}
for index = 1, #all, 2 do
  local till, zones = string.match(all[index + 1], '^(%d+) (.*)$')
  if tonumber(till) > now then alive[#alive + 1] = zones else redis.call('HDEL', KEYS[1], all[index]) end
end
return alive`;

/**
 * Deliberate: the epoch is the time where that is more than one more than the last. A replica that became master without
 * the last taking would give out the same epoch twice if it only counted.
 */
const TAKE_LEASE = `${NOW}
local old = redis.call('HMGET', KEYS[1], 'holder', 'epoch', 'till')
if old[1] and old[1] ~= ARGV[1] and tonumber(old[3]) > now then return false end
local epoch = string.format('%.0f', math.max(tonumber(old[2] or '0') + 1, now))
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'epoch', epoch, 'till', string.format('%.0f', now + ARGV[2]))
return epoch`;

const IF_HELD = `${NOW}
local old = redis.call('HMGET', KEYS[1], 'holder', 'epoch', 'till')
if old[1] ~= ARGV[1] or tonumber(old[2]) ~= tonumber(ARGV[2]) or tonumber(old[3]) <= now then return 0 end
`;

const RENEW_LEASE = `${IF_HELD}
redis.call('HSET', KEYS[1], 'till', string.format('%.0f', now + ARGV[3]))
return 1`;

const RELEASE_LEASE = `${IF_HELD}
redis.call('HSET', KEYS[1], 'till', '0')
return 1`;

/** @param name what all keys begin with */
export function createRedisDirectory(redis: RedisClient, name: string): Directory {
  const useToken = redis.script('useToken', USE_TOKEN);
  const setPresence = redis.script('setPresence', SET_PRESENCE);
  const findPresence = redis.script('findPresence', FIND_PRESENCE);
  const clearPresence = redis.script('clearPresence', CLEAR_PRESENCE);
  const announceZones = redis.script('announceZones', ANNOUNCE_ZONES);
  const listZones = redis.script('listZones', LIST_ZONES);
  const takeLease = redis.script('takeLease', TAKE_LEASE);
  const renewLease = redis.script('renewLease', RENEW_LEASE);
  const releaseLease = redis.script('releaseLease', RELEASE_LEASE);
  const presenceKey = (playerId: number) => `${name}:presence:${playerId}`;
  const leaseKey = (lease: string) => `${name}:lease:${lease}`;
  const whole = Math.ceil;

  return {
    useToken: async (tokenId, keepMs) =>
      (await useToken(`${name}:token:${tokenId}`, randomUUID(), whole(keepMs))) === 1,
    async setPresence(playerId, { nodeId, zoneId, epoch }, keepMs) {
      return (await setPresence(presenceKey(playerId), nodeId, zoneId, epoch, whole(keepMs))) === 1;
    },
    async findPresence(playerId) {
      const [nodeId, zoneId, epoch] = (await findPresence(presenceKey(playerId))) as (string | null)[];
      if (nodeId === null || nodeId === undefined) return undefined;
      return { nodeId, zoneId: Number(zoneId), epoch: Number(epoch) };
    },
    async clearPresence(playerId, epoch) {
      await clearPresence(presenceKey(playerId), epoch);
    },
    async announceZones(nodeId, zones, keepMs) {
      await announceZones(`${name}:zones`, nodeId, JSON.stringify(zones), whole(keepMs));
    },
    async listZones() {
      const lists = (await listZones(`${name}:zones`)) as string[];
      return lists.flatMap((text) => JSON.parse(text) as ZoneRecord[]).sort(byNodeAndZone);
    },
    async takeLease(lease, holder, keepMs) {
      const epoch = await takeLease(leaseKey(lease), holder, whole(keepMs));
      return epoch === null ? undefined : Number(epoch);
    },
    renewLease: async (lease, holder, epoch, keepMs) =>
      (await renewLease(leaseKey(lease), holder, epoch, whole(keepMs))) === 1,
    async releaseLease(lease, holder, epoch) {
      await releaseLease(leaseKey(lease), holder, epoch);
    },
  };
}
