import type { DatabaseTarget } from './database-target.ts';

/**
 * Parses a `DATABASE_URL`. libpq's form for a Unix socket, `postgres://user:password@/database?host=/directory`, is
 * not a valid URL to Node, so it is taken apart here.
 *
 * @returns `undefined` if it is not the address of a PostgreSQL database.
 */
export function readDatabaseUrl(url: string): DatabaseTarget | undefined {
  const withHost = url.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=\/)/, '$1socket');
  if (!URL.canParse(withHost) || !isDecodable(withHost)) return undefined;
  const { protocol, username, password, pathname, port, searchParams } = new URL(withHost);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') return undefined;
  const host = searchParams.get('host');
  if (!host?.startsWith('/')) return withHost === url ? { url } : undefined;
  return {
    host,
    port: Number(searchParams.get('port') ?? (port || 5432)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

/** A literal `%`, as in a password, must be written as `%25`. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    // A `%` that is not followed by two hexadecimal digits.
    return false;
  }
}
