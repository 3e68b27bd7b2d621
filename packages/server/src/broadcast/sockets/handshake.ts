import type { IncomingMessage } from 'node:http';
import { closeCodes, pusherProtocolVersion } from '@mevrik/protocol';
import type { GatewayApp, GatewayApps } from '../gateway-deps.ts';

/** The close code and message for a rejected client. */
export interface ConnectionRejection {
  readonly code: number;
  readonly message: string;
}

/** The parameters of a client's connection request. */
export interface Handshake {
  /** `undefined` when the path has no valid key. */
  readonly appKey: string | undefined;
  /** The protocol version that the client requests. */
  readonly protocol: string | undefined;
  /** Whether the client uses TLS, to us or to the proxy. */
  readonly isEncrypted: boolean;
  /** The client's address; `undefined` for programs on this machine. */
  readonly address: string | undefined;
}

/** Reads an upgrade request; `undefined` for an unknown path. */
export function readHandshake(request: IncomingMessage, trustProxy: boolean): Handshake | undefined {
  const match = /^\/app(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(request.url ?? '');
  if (!match) return undefined;
  const key = match[1]?.replace(/\/$/, '') ?? '';
  return {
    appKey: /^[A-Za-z0-9_-]{1,200}$/.test(key) ? key : undefined,
    protocol: /(?:^|&)protocol=([^&]*)/.exec(match[2] ?? '')?.[1],
    isEncrypted:
      'encrypted' in request.socket || (trustProxy && lastOf(request, 'x-forwarded-proto') === 'https'),
    address: addressOf(request, trustProxy),
  };
}

/** Finds errors in an upgrade request that Node and the WebSocket library accept. Returns the status line and headers. */
export function httpErrorOf({ headers, method, rawHeaders }: IncomingMessage): readonly string[] | undefined {
  if (method !== 'GET') return ['405 Method Not Allowed', 'Allow: GET'];
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length !== 1) return ['400 Bad Request'];
  // Bytes after the headers would be a body to a proxy, but frames to us.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return ['400 Bad Request'];
  }
  const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket';
  if (isWebSocket && headers['sec-websocket-version'] !== '13') {
    return ['426 Upgrade Required', 'Sec-WebSocket-Version: 13', 'Upgrade: websocket'];
  }
  return undefined;
}

/** Decides whether a client may connect. Rejects when the app cannot be looked up. */
export async function admit(
  apps: GatewayApps,
  handshake: Handshake,
): Promise<GatewayApp | ConnectionRejection> {
  const { appKey, protocol, isEncrypted } = handshake;
  if (appKey === undefined) return { code: closeCodes.pathNotFound, message: 'Connect to /app/{key}' };
  if (!protocol) {
    return { code: closeCodes.noProtocol, message: 'No protocol version supplied' };
  }
  if (!/^\d{1,4}$/.test(protocol)) {
    return { code: closeCodes.badVersion, message: 'Invalid version string format' };
  }
  if (Number(protocol) !== pusherProtocolVersion) {
    return {
      code: closeCodes.unsupportedProtocol,
      message: `Unsupported protocol version: this server speaks ${pusherProtocolVersion}`,
    };
  }
  const app = await apps.byKey(appKey);
  if (!app) return { code: closeCodes.unknownApp, message: cut(`App key ${appKey} does not exist`) };
  if (!app.enabled) return { code: closeCodes.appDisabled, message: 'Application is disabled' };
  if (app.settings.realtime.tlsOnly && !isEncrypted) {
    return {
      code: closeCodes.tlsOnly,
      message: 'Application only accepts TLS connections: connect with wss://',
    };
  }
  return app;
}

/** A close frame has room for 123 bytes besides its code. */
function cut(message: string): string {
  return message.length <= 123 ? message : `${message.slice(0, 120)}...`;
}

/** The value written by the proxy next to us; earlier values may be forged by the client. */
function lastOf({ headers }: IncomingMessage, name: string): string | undefined {
  return headers[name]?.toString().split(',').at(-1)?.trim();
}

const longestAddress = 45;

/** Without `trustProxy`, the proxy counts as the client. */
function addressOf(request: IncomingMessage, trustProxy: boolean): string | undefined {
  const forwarded = trustProxy ? lastOf(request, 'x-forwarded-for') : undefined;
  const address = (forwarded || request.socket.remoteAddress)?.slice(0, longestAddress);
  return address === undefined || isLoopback(address) ? undefined : address;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}
