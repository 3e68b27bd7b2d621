import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';

/**
 * The subscriber counts of an app's channels in Redis: a hash of counts per node, a hash of the sums, and the last
 * heartbeat of each node. Every step is one script, so that exactly one node observes each change of a sum. `life`
 * changes whenever Redis has lost its data.
 */
export interface OccupancyKeys {
  readonly sums: string;
  readonly own: string;
  readonly nodes: string;
  readonly life: string;
}

/** A change of a channel's total. */
export interface SumChange {
  readonly channel: string;
  readonly before: number;
  readonly now: number;
}

const changeSum = `
local function changeSum(sums, channel, by, changes)
  if by == 0 then return end
  local now = redis.call('HINCRBY', sums, channel, by)
  if now <= 0 then redis.call('HDEL', sums, channel) end
  changes[#changes + 1] = { channel, now - by, now }
end
`;

/**
 * Keys: sums, own, nodes, life. Arguments: node, a new life, the life known, then channel and count in turn. Times are
 * those of Redis: the clocks of the nodes differ.
 */
const countScript = `${changeSum}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[4], ARGV[2], 'NX')
local life = redis.call('GET', KEYS[4])
if ARGV[3] ~= '' and ARGV[3] ~= life then return { life, now } end
redis.call('ZADD', KEYS[3], now, ARGV[1])
local changes = {}
for i = 4, #ARGV, 2 do
  local channel, count = ARGV[i], tonumber(ARGV[i + 1])
  local by = count - tonumber(redis.call('HGET', KEYS[2], channel) or 0)
  if count > 0 then redis.call('HSET', KEYS[2], channel, count) else redis.call('HDEL', KEYS[2], channel) end
  changeSum(KEYS[1], channel, by, changes)
end
return { life, now, changes }`;

/** Keys: sums, the dead node's own, nodes. Arguments: the dead node, the time before which it must have died. */
const removeNodeScript = `${changeSum}
local seen = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not seen or tonumber(seen) >= tonumber(ARGV[2]) then return { 0, {} } end
local changes = {}
local counts = redis.call('HSCAN', KEYS[2], 0, 'COUNT', 500)[2]
for i = 1, #counts, 2 do
  redis.call('HDEL', KEYS[2], counts[i])
  changeSum(KEYS[1], counts[i], -tonumber(counts[i + 1]), changes)
end
local left = redis.call('HLEN', KEYS[2])
if left == 0 then redis.call('ZREM', KEYS[3], ARGV[1]) end
return { left, changes }`;

type Changed = [channel: string, before: number, now: number];

/**
 * Writes a node's counts. `at` is the time of Redis, in milliseconds since 1970; `changes` is absent when Redis has lost
 * its data since `knownLife`.
 */
export async function writeCounts(
  link: RedisLink,
  keys: OccupancyKeys,
  given: {
    readonly node: string;
    readonly newLife: string;
    readonly knownLife: string;
    readonly counts: Iterable<readonly [channel: string, count: number]>;
  },
): Promise<{ readonly life: string; readonly at: number; readonly changes?: readonly SumChange[] }> {
  const { node, newLife, knownLife, counts } = given;
  const pairs = [...counts].flatMap(([channel, count]) => [channel, String(count)]);
  const [life, at, changes] = (await withTimeout(
    link.eval(countScript, {
      keys: [keys.sums, keys.own, keys.nodes, keys.life],
      arguments: [node, newLife, knownLife, ...pairs],
    }),
  )) as [string, number, Changed[] | undefined];
  return { life, at, ...(changes ? { changes: changes.map(changeOf) } : {}) };
}

/** Removes some counts of a node without a heartbeat since `since`; `left` is the number that remain. */
export async function removeNodeCounts(
  link: RedisLink,
  { sums, nodes }: OccupancyKeys,
  dead: { readonly node: string; readonly own: string; readonly since: number },
): Promise<{ readonly left: number; readonly changes: readonly SumChange[] }> {
  const [left, changes] = (await withTimeout(
    link.eval(removeNodeScript, {
      keys: [sums, dead.own, nodes],
      arguments: [dead.node, String(dead.since)],
    }),
  )) as [number, Changed[]];
  return { left, changes: changes.map(changeOf) };
}

function changeOf([channel, before, now]: Changed): SumChange {
  return { channel, before, now };
}
