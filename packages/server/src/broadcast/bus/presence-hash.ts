import type { PresenceMember, UserId } from '@mevrik/protocol';
import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { ListedMember, MemberList, PresenceMembers } from './presence.ts';

/**
 * A channel's members are a hash in Redis: node and socket → the user's id as text, and the member, two lines of JSON. Each script
 * performs one join or leave atomically, so that exactly one node learns that a connection was a user's first or last,
 * and announces it: in the order in which it was decided.
 *
 * The field `order` is the order of the last change: the time of Redis in microseconds, or one more than the last. It
 * goes on from there when Redis has lost the hash.
 */
const orderField = 'order';

const functions = `
local function values()
  local all, found = redis.call('HGETALL', KEYS[1]), {}
  for i = 1, #all, 2 do
    if all[i] ~= '${orderField}' then found[#found + 1] = all[i + 1] end
  end
  return found
end
local function userOf(value) return string.match(value, '^(.-)\\n') end
local function change(publish, name, head, tail)
  local time = redis.call('TIME')
  local last = tonumber(redis.call('HGET', KEYS[1], '${orderField}') or '0')
  local order = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
  redis.call('HSET', KEYS[1], '${orderField}', order)
  redis.call(publish, name, head .. order .. tail)
  return order
end`;

const joinScript = `${functions}
local field, user, info, maxMembers, expiry = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local isNew, users, count = 1, {}, 0
for _, value in ipairs(values()) do
  local other = userOf(value)
  if other == user then isNew = 0 end
  if not users[other] then users[other] = true; count = count + 1 end
end
if isNew == 1 and count >= maxMembers then return false end
redis.call('HSET', KEYS[1], field, user .. '\\n' .. info)
redis.call('PEXPIRE', KEYS[1], expiry)
local order = redis.call('HGET', KEYS[1], '${orderField}') or '0'
if isNew == 1 then order = change(ARGV[6], ARGV[7], ARGV[8], ARGV[9]) end
return { isNew, order, values() }`;

const leaveScript = `${functions}
local gone, left = {}, {}
for i = 4, #ARGV, 3 do
  local value, user = redis.call('HGET', KEYS[1], ARGV[i]), ARGV[i + 1]
  if value then user = userOf(value) end
  if user ~= '' then gone[user] = ARGV[i + 2] end
  redis.call('HDEL', KEYS[1], ARGV[i])
end
for _, value in ipairs(values()) do gone[userOf(value)] = nil end
for user, tail in pairs(gone) do left[#left + 1] = { user, change(ARGV[1], ARGV[2], ARGV[3], tail) } end
if redis.call('HLEN', KEYS[1]) == redis.call('HEXISTS', KEYS[1], '${orderField}') then redis.call('DEL', KEYS[1]) end
return left`;

const renewScript = `
local missing = {}
for i = 2, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then missing[#missing + 1] = ARGV[i] end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return missing`;

/** What is published with a change of the members: `head`, the change's order, and `tail`. */
export interface MemberPublication {
  /** The name that it is published under; in a cluster, in the slot of the hash. */
  readonly name: string;
  readonly head: string;
  readonly tail: string;
}

/** A connection that joins a channel. */
export interface JoiningConnection {
  readonly key: string;
  readonly field: string;
  readonly member: PresenceMember;
  readonly maxMembers: number;
  /** The hash expires when it is not renewed for this long. */
  readonly expiryMs: number;
  /** Published if the user was not a member before. */
  readonly publication: MemberPublication;
}

/** A connection that leaves a channel. */
export interface LeavingConnection {
  readonly field: string;
  /** The user, if this node knows it: the connection counts even if Redis has lost it. */
  readonly known: UserId | undefined;
  /** Published if it was the user's last connection. */
  readonly publication: MemberPublication;
}

/** Adds a connection. `null` when the channel is full. Rejects when Redis does not answer. */
export async function enterHash(
  link: RedisLink,
  { key, field, member, maxMembers, expiryMs, publication }: JoiningConnection,
): Promise<({ readonly isNew: boolean } & MemberList) | null> {
  const user = JSON.stringify(String(member.user_id));
  const info = JSON.stringify({ id: member.user_id, info: member.user_info ?? null } satisfies ListedMember);
  const { name, head, tail } = publication;
  const answer = (await withTimeout(
    link.eval(joinScript, {
      keys: [key],
      arguments: [
        field,
        user,
        info,
        String(maxMembers),
        String(expiryMs),
        link.publishCommand,
        name,
        head,
        tail,
      ],
    }),
  )) as [number, string, string[]] | null;
  if (!answer) return null;
  const [isNew, at, values] = answer;
  return { isNew: isNew === 1, at: Number(at), members: membersOf(values) };
}

/**
 * Removes connections of one channel. Resolves to the users whose last connection left, with the order of that change.
 * Rejects when Redis does not answer.
 */
export async function leaveHash(
  link: RedisLink,
  key: string,
  leaving: readonly LeavingConnection[],
): Promise<{ readonly userId: string; readonly order: number }[]> {
  const [first] = leaving;
  if (!first) return [];
  const { name, head } = first.publication;
  const fields = leaving.flatMap(({ field, known, publication }) => [
    field,
    known === undefined ? '' : JSON.stringify(String(known)),
    publication.tail,
  ]);
  const gone = (await withTimeout(
    link.eval(leaveScript, { keys: [key], arguments: [link.publishCommand, name, head, ...fields] }),
  )) as [string, string][];
  return gone.map(([user, order]) => ({ userId: JSON.parse(user) as string, order: Number(order) }));
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
export async function readHash(link: RedisLink, key: string): Promise<MemberList> {
  const { [orderField]: order, ...connections } = await withTimeout(link.hGetAll(key));
  return { members: membersOf(Object.values(connections)), at: Number(order ?? 0) };
}

/** The users of those of the connections that are members, by field. Rejects when Redis does not answer. */
export async function readUsers(
  link: RedisLink,
  key: string,
  fields: string[],
): Promise<ReadonlyMap<string, UserId>> {
  const values = await withTimeout(link.hmGet(key, fields));
  return new Map(fields.flatMap((field, at) => (values[at] ? [[field, memberOf(values[at]).id]] : [])));
}

/** The connections of a node on a channel. Rejects when Redis does not answer. */
export async function readNode(link: RedisLink, key: string, node: string): Promise<readonly string[]> {
  return (await withTimeout(link.hKeys(key))).filter((field) => field.startsWith(`${node}/`));
}

function membersOf(values: readonly string[]): PresenceMembers {
  return new Map(values.map(memberOf).map((member) => [String(member.id), member]));
}

function memberOf(value: string): ListedMember {
  return JSON.parse(value.slice(value.indexOf('\n') + 1)) as ListedMember;
}
