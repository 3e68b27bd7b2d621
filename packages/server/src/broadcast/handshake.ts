import { closeCodes, pusherProtocolVersion } from '@mevrik/protocol';
import type { GatewayApp, GatewayApps } from './gateway-dependencies.ts';

/** Why a client may not come in, as it is told. */
export interface Refused {
  readonly code: number;
  readonly message: string;
}

/** What a client asks for when it connects. */
export interface Handshake {
  readonly appKey: string;
  readonly query: URLSearchParams;
}

/** Reads the address of an upgrade request; `undefined` when it is none of ours. */
export function readHandshake(url: string | undefined): Handshake | undefined {
  const match = /^\/app\/([A-Za-z0-9_-]{1,200})\/?(?:\?([^#]*))?$/.exec(url ?? '');
  if (!match?.[1]) return undefined;
  return { appKey: match[1], query: new URLSearchParams(match[2] ?? '') };
}

/** Decides whether a client may come in. Rejects when the app cannot be looked up. */
export async function admit(apps: GatewayApps, { appKey, query }: Handshake): Promise<GatewayApp | Refused> {
  const protocol = query.get('protocol');
  if (protocol === null || protocol === '') {
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
  if (!app) return { code: closeCodes.unknownApp, message: `App key ${appKey} does not exist` };
  return app.enabled ? app : { code: closeCodes.appDisabled, message: 'Application is disabled' };
}
