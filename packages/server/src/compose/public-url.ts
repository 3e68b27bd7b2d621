import type { Server } from 'node:http';
import type { Config } from '../config/config.ts';

/**
 * Returns the URL at which a server is reached, without a trailing slash: `PUBLIC_URL`, or else `HOST` and the port that
 * the server listens on. With `PORT=0` there is no port before it listens.
 */
export function publicUrlOf(
  { PUBLIC_URL: configured, HOST: host, PORT: port }: Config,
  server: Pick<Server, 'address'>,
): () => string {
  return () => configured?.replace(/\/$/, '') ?? `http://${displayHost(host)}:${portOf(server) ?? port}`;
}

function portOf(server: Pick<Server, 'address'>): number | undefined {
  const address = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

/** A host name that a browser on this machine can open. */
function displayHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
