import type { PresenceMember } from '@mevrik/protocol';
import type { GatewayLog } from './gateway-dependencies.ts';
import { createLocalPresence, type Members, type Presence, type PresencePlace } from './presence.ts';
import { patiently, type RedisLink } from './redis-link.ts';

/** What presence over Redis is given. */
export interface RedisPresenceOptions {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  /** This process's own name. */
  readonly node: string;
  /** How often this node says that it lives; three missed ones, and the others count its members out. */
  readonly heartbeatMs: number;
  /** Tells everybody who came or went without a connection of this node having done so. */
  readonly announce: (
    change: 'member_added' | 'member_removed',
    at: Whereabouts,
    member: PresenceMember,
  ) => void;
}

/** A presence channel of an app. */
export type Whereabouts = Pick<PresencePlace, 'appId' | 'channel'>;

/** Presence that also has a heart, which beats until it is stopped. */
export interface RedisPresence extends Presence {
  /** Enters this node's members again, after Redis was away. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A channel's members are a hash in Redis: node and socket → user and information, two lines of JSON. Each script does one step of
 * coming and going at once, so that exactly one node learns that a user was the first or the last connection.
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

/** Removes fields; answers with the users that are then gone altogether. */
const leaveScript = `
local gone, left = {}, {}
for i = 1, #ARGV do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  if value then gone[string.match(value, '^(.-)\\n')] = true; redis.call('HDEL', KEYS[1], ARGV[i]) end
end
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do gone[string.match(value, '^(.-)\\n')] = nil end
for user in pairs(gone) do left[#left + 1] = user end
return left`;

/** Leavings that Redis did not learn of are kept for later, up to this many. */
const maxOverdue = 100_000;

/** Who is where, over all nodes. While Redis is gone each node knows its own members. */
export function createRedisPresence(options: RedisPresenceOptions): RedisPresence {
  const { link, log, prefix, node, heartbeatMs, announce } = options;
  const local = createLocalPresence();
  const overdue = new Map<string, Set<string>>();
  const aliveMs = heartbeatMs * 3;
  const keyOfChannel = ({ appId, channel }: Whereabouts) => `${prefix}:presence:${appId}:${channel}`;
  const keyOfNode = (name: string) => `${prefix}:node:${name}`;
  const fieldOf = (socketId: string) => `${node}/${socketId}`;

  async function enter(place: PresencePlace, member: PresenceMember, maxMembers: number) {
    const info = JSON.stringify(member.user_info ?? null);
    const answer = (await patiently(
      link.eval(joinScript, {
        keys: [keyOfChannel(place)],
        arguments: [
          fieldOf(place.socketId),
          JSON.stringify(member.user_id),
          info,
          String(maxMembers),
          String(aliveMs * 4),
        ],
      }),
    )) as [number, string[]] | null;
    return answer && { isNew: answer[0] === 1, members: readMembers(answer[1]) };
  }

  async function remove(key: string, fields: string[]): Promise<string[]> {
    const gone = (await patiently(link.eval(leaveScript, { keys: [key], arguments: fields }))) as string[];
    return gone.map((user) => JSON.parse(user) as string);
  }

  async function catchUp(): Promise<void> {
    for (const [key, fields] of overdue) {
      overdue.delete(key);
      await remove(key, [...fields]);
    }
  }

  /** Counts out the members of nodes that no longer beat. */
  async function bury(at: Whereabouts): Promise<void> {
    const key = keyOfChannel(at);
    const fields = await patiently(link.hKeys(key));
    const nodes = new Set(fields.map((field) => field.slice(0, field.indexOf('/'))));
    nodes.delete(node);
    for (const other of nodes) {
      if ((await patiently(link.exists(keyOfNode(other)))) === 1) continue;
      const gone = await remove(
        key,
        fields.filter((field) => field.startsWith(`${other}/`)),
      );
      for (const user_id of gone) announce('member_removed', at, { user_id });
    }
  }

  async function restore(tellOthers: boolean): Promise<void> {
    await patiently(link.set(keyOfNode(node), '1', { PX: aliveMs }));
    for (const [place, member] of local.entries()) {
      const entered = await enter(place, member, Number.MAX_SAFE_INTEGER);
      if (tellOthers && entered?.isNew) announce('member_added', place, member);
    }
  }

  async function beat(): Promise<void> {
    if (!link.isReady) return;
    const before = await patiently(link.set(keyOfNode(node), '1', { PX: aliveMs, GET: true }));
    // We were taken for dead, and our members were counted out.
    if (before === null) await restore(true);
    await catchUp();
    const channels = new Map([...local.entries()].map(([place]) => [keyOfChannel(place), place]));
    for (const [key, place] of channels) {
      await patiently(link.pExpire(key, aliveMs * 4));
      await bury(place);
    }
  }

  let beating: Promise<void> | undefined;
  const heart = setInterval(() => {
    beating ??= beat()
      .catch((error: unknown) => log.warn({ error: String(error) }, 'presence could not be renewed'))
      .finally(() => {
        beating = undefined;
      });
  }, heartbeatMs).unref();

  return {
    async join(place, member, maxMembers) {
      const here = local.join(place, member, maxMembers);
      if (here.full) return here;
      const everywhere = await enter(place, member, maxMembers).catch(() => undefined);
      if (everywhere === undefined) return here;
      if (everywhere) return { full: false, ...everywhere };
      local.leave(place);
      return { full: true };
    },
    async leave(place) {
      const goneHere = local.leave(place);
      const key = keyOfChannel(place);
      const field = fieldOf(place.socketId);
      try {
        return (await remove(key, [field]))[0];
      } catch {
        if (overdue.size < maxOverdue) overdue.set(key, (overdue.get(key) ?? new Set()).add(field));
        return goneHere;
      }
    },
    async members(appId, channel) {
      try {
        const at = { appId, channel };
        await bury(at);
        return readMembers(await patiently(link.hVals(keyOfChannel(at))));
      } catch {
        return local.members(appId, channel);
      }
    },
    restore: () => restore(false),
    async stop() {
      clearInterval(heart);
      await beating;
      if (link.isReady) await patiently(link.del(keyOfNode(node))).catch(() => {});
    },
  };
}

function readMembers(values: readonly string[]): Members {
  return new Map(
    values.map((value) => {
      const end = value.indexOf('\n');
      return [JSON.parse(value.slice(0, end)) as string, JSON.parse(value.slice(end + 1)) as unknown];
    }),
  );
}
