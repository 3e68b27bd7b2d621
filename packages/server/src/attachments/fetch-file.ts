import { lookup as resolve } from 'node:dns';
import { type IncomingMessage, request as requestPlainly } from 'node:http';
import { request as requestSafely } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Limits of a download. */
export interface FetchLimits {
  readonly maxBytes: number;
  /** The timeout of the whole download, including redirects. */
  readonly timeoutMs: number;
  /** Whether private addresses are allowed: only for stand-ins of providers. */
  readonly allowsPrivate: boolean;
  /** Resolves host names; defaults to the system's resolver. */
  readonly lookup?: LookupFunction;
  /** Whether an address is public; defaults to `isPublic`. For tests, which have no Internet access. */
  readonly isOpen?: (address: string) => boolean;
}

/** A download failed; retrying only helps if it is temporary. */
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
 * Downloads a file from a URL that a third party supplied. Private addresses are rejected: the host name is resolved once,
 * the address is checked, and the connection goes to that address. `headers` are not sent to other origins after a
 * redirect.
 *
 * @throws FetchError
 */
export async function fetchFile(
  address: string,
  headers: Readonly<Record<string, string>>,
  limits: FetchLimits,
): Promise<Buffer> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  let url = parseUrl(address);
  let sent = headers;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const response = await ask(url, sent, limits, signal);
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    if (statusCode >= 300 && statusCode < 400 && location !== undefined) {
      response.destroy();
      const next = parseUrl(location, url);
      if (next.origin !== url.origin) sent = {};
      url = next;
      continue;
    }
    if (statusCode !== 200) {
      response.destroy();
      const isTemporary = statusCode >= 500 || temporary.has(statusCode);
      throw new FetchError(`The provider responded with status ${statusCode}.`, isTemporary);
    }
    return read(response, limits.maxBytes, signal);
  }
  throw new FetchError('The download was redirected too often.');
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new FetchError('The URL is not an HTTP or HTTPS URL.');
}

function ask(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { allowsPrivate, lookup, isOpen = isPublic }: FetchLimits,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal IP address is not resolved, so it is checked here.
  if (!allowsPrivate && isIP(host) !== 0 && !isOpen(host)) throw privateAddress();
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
      if (!all.every(isOpen)) return callback(privateAddress(), '', 0);
      callback(null, address, family);
    });
  };
}

const globalIpv6 = ipaddr.IPv6.parse('2000::');

/** Whether an IP address is public. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4-mapped IPv6 address is checked as the IPv4 address.
  const plain = ipaddr.process(address);
  if (plain.range() !== 'unicast') return false;
  // Only 2000::/3 is allocated; other ranges include deprecated IPv4-compatible addresses such as ::7f00:1.
  return plain.kind() === 'ipv4' || plain.match(globalIpv6, 3);
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

function privateAddress(): FetchError {
  return new FetchError('The URL points to a private network.');
}

function asFetchError(error: unknown, signal: AbortSignal): FetchError {
  if (error instanceof FetchError) return error;
  if (signal.aborted) return new FetchError('The download timed out.', true);
  return new FetchError('The provider could not be reached.', true);
}
