import { setTimeout as delay } from 'node:timers/promises';
import { closeCodes } from '@mevrik/protocol';
import type { TerminateMessage } from '../bus/broadcast-message.ts';
import type { GatewayApps } from '../gateway-deps.ts';
import type { ClientSocket } from './client-socket.ts';
import type { Connections } from './connections.ts';

type Sockets = Connections['sockets'];

/** The reason with which connections are closed when this node stops. */
export const goingAway = 'The server is going away';

/** Closes all connections of a user, as the app's back end asked. */
export function terminateUser(sockets: Sockets, { appId, terminateUser: userId }: TerminateMessage): void {
  for (const socket of sockets.values()) {
    if (socket.app.id !== appId || socket.user?.id !== userId) continue;
    socket.close(closeCodes.unauthorized, 'Disconnected by the application');
  }
}

/** Asks a client to reconnect and authorize again. @returns `false` when it has gone already. */
export function revokeSocket(sockets: Sockets, appId: number, socketId: string): boolean {
  const socket = sockets.get(socketId);
  if (socket?.app.id !== appId || !socket.isOpen) return false;
  socket.close(closeCodes.reconnect, 'Your access has ended: authorize again');
  return true;
}

/** Closes the connections of apps that were disabled or deleted. */
export async function closeOfDisabledApps(sockets: Sockets, apps: GatewayApps): Promise<void> {
  const appIds = new Set([...sockets.values()].map(({ app }) => app.id));
  for (const appId of appIds) {
    const app = await apps.byId(appId);
    if (app?.enabled) continue;
    for (const socket of sockets.values()) {
      if (socket.app.id === appId) socket.close(closeCodes.appDisabled, 'Application is disabled');
    }
  }
}

/** A rate of reconnections per millisecond that does not burden the other nodes. */
const unnoticedPerMs = 0.2;

/** Clients reconnect immediately, so they are disconnected a few at a time, within `withinMs`. */
export async function disconnectGradually(
  sockets: readonly ClientSocket[],
  withinMs: number,
  reason = goingAway,
): Promise<void> {
  const overMs = Math.min(withinMs, sockets.length / unnoticedPerMs);
  const steps = Math.max(1, Math.min(sockets.length, Math.ceil(overMs / 50)));
  const perStep = Math.ceil(sockets.length / steps);
  for (let at = 0; at < sockets.length; at += perStep) {
    if (at > 0) await delay(overMs / steps);
    for (const socket of sockets.slice(at, at + perStep)) socket.close(closeCodes.reconnect, reason);
  }
}
