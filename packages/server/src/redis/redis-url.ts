/** One Redis or Sentinel process. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** A parsed `REDIS_URL`. */
export interface RedisTarget {
  /** One server, a master watched by Sentinels, or a cluster. */
  readonly form: 'single' | 'sentinel' | 'cluster';
  /** The server, the Sentinels, or some nodes of the cluster, which report the others. */
  readonly nodes: readonly [RedisNode, ...RedisNode[]];
  /** The Sentinels' name of the master; otherwise empty. */
  readonly service: string;
  readonly database: number;
  readonly isEncrypted: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const forms = { '': 'single', '+sentinel': 'sentinel', '+cluster': 'cluster' } as const;
const grammar =
  /^redis(?<tls>s?)(?<form>\+sentinel|\+cluster|):\/\/(?:(?<user>[^/?#]*)@)?(?<hosts>[^/?#]*)(?:\/(?<path>[^?#]*))?(?:[?#].*)?$/;

/**
 * Parses a `REDIS_URL`: `redis://`, `redis+sentinel://` or `redis+cluster://`, with `rediss` for TLS.
 *
 * @returns for an invalid address the error, as the end of a sentence that begins with its name; it never contains
 *   any part of the address, which may hold a password.
 */
export function readRedisUrl(url: string): RedisTarget | string {
  const parts = grammar.exec(url)?.groups;
  if (!parts) {
    return 'must start with redis://, rediss://, redis+sentinel:// or redis+cluster://';
  }
  const form = forms[parts.form as keyof typeof forms];
  const nodes = (parts.hosts ?? '').split(',').map((text) => readNode(text, form));
  const [first, ...others] = nodes.filter((node) => node !== undefined);
  if (!first || others.length + 1 < nodes.length) {
    return 'must have hosts such as redis.internal:6379, separated by commas';
  }
  if (form === 'single' && others.length > 0) {
    return 'has several hosts: use redis+sentinel:// or redis+cluster://';
  }
  const path = (parts.path ?? '').split('/');
  const service = form === 'sentinel' ? (path.shift() ?? '') : '';
  if (form === 'sentinel' && service === '') {
    return 'must name the master that the Sentinels watch, as in redis+sentinel://host:26379,host:26379/name';
  }
  const [database = ''] = path;
  if (path.length > 1 || !/^\d{0,5}$/.test(database)) return 'has a database that is not a number';
  if (form === 'cluster' && Number(database) !== 0)
    return 'has a database number, but a cluster has only one database';
  try {
    const [username, password] = credentialsOf(parts.user ?? '');
    const name = decodeURIComponent(service);
    const isEncrypted = parts.tls !== '';
    return {
      form,
      nodes: [first, ...others],
      service: name,
      database: Number(database),
      isEncrypted,
      username,
      password,
    };
  } catch {
    // Only decoding throws.
    return 'contains a literal %: write it as %25';
  }
}

function readNode(text: string, form: RedisTarget['form']): RedisNode | undefined {
  const found = /^(?:\[([\da-f:.]+)\]|([^\s:[\]@]+))(?::(\d{1,5}))?$/i.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3] ?? (form === 'sentinel' ? 26_379 : 6379));
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** @throws URIError */
function credentialsOf(text: string): readonly [username: string | undefined, password: string | undefined] {
  const end = text.indexOf(':');
  const [user, password] = end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
  return [decodeURIComponent(user) || undefined, decodeURIComponent(password) || undefined];
}
