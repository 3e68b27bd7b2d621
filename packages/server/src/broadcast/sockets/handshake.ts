import type { IncomingMessage } from 'node:http';
import { closeCodes, pusherProtocolVersion } from '@mevrik/protocol';
import type { GatewayApp, GatewayApps } from '../gateway-deps.ts';

/** Why a client may not come in, as it is told. */
export interface Refused {
  readonly code: number;
  readonly message: string;
}

/** What a client asks for when it connects. */
export interface Handshake {
  /** `undefined` when the path names none. */
  readonly appKey: string | undefined;
  /** The version that it says it speaks. */
  readonly protocol: string | undefined;
  /** Whether the client speaks TLS, with us or with the proxy. */
  readonly isEncrypted: boolean;
  /** Where it comes from; `undefined` for programs on this machine. */
  readonly address: string | undefined;
}

/** Reads an upgrade request; `undefined` when its path is none of ours. */
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

/** What of an upgrade request Node and our WebSocket library would let pass: the status line, and further headers. */
export function httpFaultOf({ headers, method, rawHeaders }: IncomingMessage): readonly string[] | undefined {
  if (method !== 'GET') return ['405 Method Not Allowed', 'Allow: GET'];
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length !== 1) return ['400 Bad Request'];
  // What follows the headers would be a body to a proxy, and frames to us.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return ['400 Bad Request'];
  }
  const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket';
  if (isWebSocket && headers['sec-websocket-version'] !== '13') {
    return ['426 Upgrade Required', 'Sec-WebSocket-Version: 13', 'Upgrade: websocket'];
  }
  return undefined;
}

/** Decides whether a client may come in. Rejects when the app cannot be looked up. */
export async function admit(apps: GatewayApps, handshake: Handshake): Promise<GatewayApp | Refused> {
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

/** A close frame has room for 123 bytes beside its code. */
function cut(message: string): string {
  return message.length <= 123 ? message : `${message.slice(0, 120)}...`;
}

/** What the proxy next to us has written; what stands before it may be the client's own. */
function lastOf({ headers }: IncomingMessage, name: string): string | undefined {
  return headers[name]?.toString().split(',').at(-1)?.trim();
}

const longestAddress = 45;

/** A proxy that is not believed is itself the client. */
function addressOf(request: IncomingMessage, trustProxy: boolean): string | undefined {
  const forwarded = trustProxy ? lastOf(request, 'x-forwarded-for') : undefined;
  const address = (forwarded || request.socket.remoteAddress)?.slice(0, longestAddress);
  return address === undefined || isLoopback(address) ? undefined : address;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}
