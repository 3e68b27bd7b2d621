import type { PresenceMember } from '@mevrik/protocol';
import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { PresenceMembers } from './presence.ts';

/**
 * A channel's members are a hash in Redis: node and socket → user id and user info, two lines of JSON. Each script
 * performs one join or leave atomically, so that exactly one node learns that a connection was a user's first or last.
 */
const joinScript = `
local isNew, users, count = 1, {}, 0
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
  local user = string.match(value, '^(.-)\\n')
  if user == ARGV[2] then isNew = 0 end
  if not users[user] then users[user] = true; count = count + 1 end
end
if isNew == 1 and count >= tonumber(ARGV[4]) then return false end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '\\n' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return { isNew, redis.call('HVALS', KEYS[1]) }`;

const leaveScript = `
local gone, left = {}, {}
for i = 1, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  if value then gone[string.match(value, '^(.-)\\n')] = true; redis.call('HDEL', KEYS[1], ARGV[i]) end
end
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do gone[string.match(value, '^(.-)\\n')] = nil end
for user in pairs(gone) do left[#left + 1] = user end
return left`;

const renewScript = `
local missing = {}
for i = 2, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then missing[#missing + 1] = ARGV[i] end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return missing`;

/** A connection that joins a channel. */
export interface JoiningConnection {
  readonly key: string;
  readonly field: string;
  readonly member: PresenceMember;
  readonly maxMembers: number;
  /** The hash expires when it is not renewed for this long. */
  readonly expiryMs: number;
}

/** Adds a connection. `null` when the channel is full. Rejects when Redis does not answer. */
export async function enterHash(
  link: RedisLink,
  { key, field, member, maxMembers, expiryMs }: JoiningConnection,
): Promise<{ readonly isNew: boolean; readonly members: PresenceMembers } | null> {
  const user = JSON.stringify(member.user_id);
  const info = JSON.stringify(member.user_info ?? null);
  const answer = (await withTimeout(
    link.eval(joinScript, {
      keys: [key],
      arguments: [field, user, info, String(maxMembers), String(expiryMs)],
    }),
  )) as [number, string[]] | null;
  return answer && { isNew: answer[0] === 1, members: membersOf(answer[1]) };
}

/** Removes connections. Resolves to the users whose last connection left. Rejects when Redis does not answer. */
export async function leaveHash(link: RedisLink, key: string, fields: string[]): Promise<string[]> {
  const gone = (await withTimeout(link.eval(leaveScript, { keys: [key], arguments: fields }))) as string[];
  return gone.map((user) => JSON.parse(user) as string);
}

/** Renews the expiry of a channel. Resolves to those of the fields that it lacks. Rejects when Redis does not answer. */
export async function renewHash(
  link: RedisLink,
  key: string,
  fields: readonly string[],
  expiryMs: number,
): Promise<string[]> {
  const given = { keys: [key] as [string], arguments: [String(expiryMs), ...fields] };
  return (await withTimeout(link.eval(renewScript, given))) as string[];
}

/** The users of a channel. Rejects when Redis does not answer. */
export async function readHash(link: RedisLink, key: string): Promise<PresenceMembers> {
  return membersOf(await withTimeout(link.hVals(key)));
}

function membersOf(values: readonly string[]): PresenceMembers {
  return new Map(
    values.map((value) => {
      const end = value.indexOf('\n');
      return [JSON.parse(value.slice(0, end)) as string, JSON.parse(value.slice(end + 1))];
    }),
  );
}
