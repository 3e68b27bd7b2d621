import { linkToCluster } from './cluster-link.ts';
import { linkToMaster } from './master-link.ts';
import type { LinkOptions, RedisLink } from './redis-link.ts';
import { readRedisUrl } from './redis-url.ts';

/**
 * Connects in the background; commands fail at once while Redis is unreachable.
 *
 * @throws Error when `readRedisUrl` rejects the address.
 */
export function connectRedis(options: LinkOptions): RedisLink {
  const target = readRedisUrl(options.url);
  if (typeof target === 'string') throw new Error(`The address of Redis ${target}.`);
  return target.form === 'cluster' ? linkToCluster(target, options) : linkToMaster(target, options);
}
