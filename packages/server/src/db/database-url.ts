import type { DatabaseTarget } from './database.ts';

/**
 * Reads a `DATABASE_URL`. The form with a Unix socket, `postgres://user:password@/database?host=/directory`, is
 * libpq's, and no URL to Node: it is taken apart here.
 *
 * @returns `undefined` where it is no address of a PostgreSQL.
 */
export function readDatabaseUrl(url: string): DatabaseTarget | undefined {
  const standIn = url.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)(?=\/)/, '$1socket');
  if (!URL.canParse(standIn) || !isDecodable(standIn)) return undefined;
  const { protocol, username, password, pathname, port, searchParams } = new URL(standIn);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') return undefined;
  const host = searchParams.get('host');
  if (!host?.startsWith('/')) return standIn === url ? { url } : undefined;
  return {
    host,
    port: Number(searchParams.get('port') ?? (port || 5432)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

/** A `%` that stands for itself, as in a password, must be written as `%25`. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}
