import type { Config } from '../config/config.ts';

/** The URL at which this server is reached. */
export interface PublicUrl {
  /** The URL without a trailing slash. With `PORT=0` its port is known once the server listens. */
  current(): string;
  /** Call when the server listens. */
  listening(port: number): void;
}

/** Creates the URL from `PUBLIC_URL`, or else from `HOST` and the port. */
export function createPublicUrl({ PUBLIC_URL: configured, HOST: host, PORT }: Config): PublicUrl {
  let port = PORT;
  return {
    current: () => configured?.replace(/\/$/, '') ?? `http://${displayHost(host)}:${port}`,
    listening(actual) {
      port = actual;
    },
  };
}

/** A host name that a browser on this machine can open. */
function displayHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
