import { lookup as resolve } from 'node:dns';
import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestSafely } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What may be fetched, and from where. */
export interface FetchLimits {
  readonly maxBytes: number;
  /** For all of it, redirects included. */
  readonly timeoutMs: number;
  /** Whether addresses inside of private networks may be asked: only for stand-ins of providers. */
  readonly allowsPrivate: boolean;
  /** How names are looked up; the system's way where nothing is said. */
  readonly lookup?: LookupFunction;
  /** Which addresses are of the open Internet, where that is not `isPublic`: for tests, which have no Internet. */
  readonly isOpen?: (address: string) => boolean;
}

/** A file cannot be fetched; asking again helps only where it is temporary. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
  readonly isTemporary: boolean;

  constructor(message: string, isTemporary = false) {
    super(message);
    this.isTemporary = isTemporary;
  }
}

const maxRedirects = 3;
const temporary = new Set([408, 425, 429]);

/**
 * Fetches a file from an address that somebody else has given us. Addresses inside of private networks are not asked:
 * what a name stands for is looked up once and checked, and the connection goes to just that. `headers` go to the
 * address itself only, not to where it sends us.
 *
 * @throws FetchError
 */
export async function fetchFile(
  address: string,
  headers: Readonly<Record<string, string>>,
  limits: FetchLimits,
): Promise<Buffer> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  let url = readAddress(address);
  let sent = headers;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const response = await ask(url, sent, limits, signal);
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    if (statusCode >= 300 && statusCode < 400 && location !== undefined) {
      response.destroy();
      const next = readAddress(location, url);
      if (next.origin !== url.origin) sent = {};
      url = next;
      continue;
    }
    if (statusCode !== 200) {
      response.destroy();
      const isTemporary = statusCode >= 500 || temporary.has(statusCode);
      throw new FetchError(`The provider answered with ${statusCode}.`, isTemporary);
    }
    return read(response, limits.maxBytes, signal);
  }
  throw new FetchError('The provider sends us from one address to the next.');
}

function readAddress(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new FetchError('The address is none of the web.');
}

function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { allowsPrivate, lookup, isOpen = isPublic }: FetchLimits,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address is connected to without being looked up.
  if (!allowsPrivate && isIP(host) !== 0 && !isOpen(host)) throw forbidden();
  const request = url.protocol === 'https:' ? requestSafely : requestPlainly;
  return new Promise((done, fail) => {
    const sent = request(url, {
      headers: { accept: '*/*', 'accept-encoding': 'identity', ...headers },
      agent: false,
      signal,
      lookup: allowsPrivate ? lookup : publicOnly(isOpen, lookup),
    });
    sent.on('response', done);
    sent.on('error', (error) => fail(asFetchError(error, signal)));
    sent.end();
  });
}

function publicOnly(
  isOpen: (address: string) => boolean,
  lookup: LookupFunction = resolve as LookupFunction,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      if (error) return callback(error, address, family);
      const all = typeof address === 'string' ? [address] : address.map((one) => one.address);
      if (!all.every(isOpen)) return callback(forbidden(), '', 0);
      callback(null, address, family);
    });
  };
}

const openIpv6 = ipaddr.IPv6.parse('2000::');

/** Whether an IP address belongs to a host of the open Internet. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address in IPv6's clothes is what it is inside.
  const plain = ipaddr.process(address);
  if (plain.range() !== 'unicast') return false;
  // Of IPv6 only 2000::/3 is given out; what lies outside may be IPv4 in older clothes, such as ::7f00:1.
  return plain.kind() === 'ipv4' || plain.match(openIpv6, 3);
}

async function read(response: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > maxBytes) throw new FetchError('The file is too large.');
      parts.push(part);
    }
  } catch (error) {
    throw asFetchError(error, signal);
  }
  return Buffer.concat(parts);
}

function forbidden(): FetchError {
  return new FetchError('The address is inside of a private network.');
}

function asFetchError(error: unknown, signal: AbortSignal): FetchError {
  if (error instanceof FetchError) return error;
  if (signal.aborted) return new FetchError('The provider took too long.', true);
  return new FetchError('The provider could not be reached.', true);
}
