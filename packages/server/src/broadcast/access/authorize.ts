import { isSocketId, ProblemError, parsePusherChannel } from '@mevrik/protocol';
import type { Principal } from '../../auth/principal.ts';
import type { GatewayApp, GatewayDeps } from '../gateway-deps.ts';
import { describeHearer, mayHear } from './access.ts';
import { signChannel, signUser } from './auth-signature.ts';
import { userIdOf, userInfoOf, writeUserData } from './user-data.ts';

/** What a client presents when it subscribes. */
export interface ChannelAuthorization {
  readonly auth: string;
  readonly channel_data?: string;
}

/** What a client presents when it signs in. */
export interface UserAuthorization {
  readonly auth: string;
  readonly user_data: string;
}

/**
 * Signs a subscription for somebody who may have it.
 * @throws ProblemError `invalid_input` for what is no socket or private channel, `forbidden` where the table says no.
 */
export async function authorizeChannel(
  { facts, audit }: Pick<GatewayDeps, 'facts' | 'audit'>,
  request: {
    readonly principal: Principal;
    readonly socketId: string;
    readonly channelName: string;
    readonly app: GatewayApp;
  },
): Promise<ChannelAuthorization> {
  const { principal, socketId, channelName, app } = request;
  requireSocketId(socketId);
  const channel = parsePusherChannel(channelName);
  if (channel?.kind !== 'private' && channel?.kind !== 'presence') {
    throw new ProblemError('invalid_input', 'Only private and presence channels are signed.', {
      fields: [{ path: 'channel_name', message: 'must be a name with private- or presence-' }],
    });
  }
  if (!(await mayHear({ topic: channel.topic, appId: app.id, who: principal, facts }))) {
    audit({
      appId: app.id,
      actor: describeHearer(principal),
      action: 'channel.refused',
      target: channelName,
      detail: { socketId },
    });
    throw new ProblemError('forbidden', `You may not hear ${channelName}.`);
  }
  if (channel.kind === 'private') return { auth: signChannel(app, socketId, channelName) };
  const channelData = JSON.stringify({ user_id: userIdOf(principal), user_info: userInfoOf(principal) });
  return { auth: signChannel(app, socketId, channelName, channelData), channel_data: channelData };
}

/**
 * Signs who is on a connection.
 * @throws ProblemError `invalid_input` for what is no socket's number.
 */
export function authorizeUser(principal: Principal, socketId: string, app: GatewayApp): UserAuthorization {
  requireSocketId(socketId);
  const userData = writeUserData(principal);
  return { auth: signUser(app, socketId, userData), user_data: userData };
}

function requireSocketId(socketId: string): void {
  if (isSocketId(socketId)) return;
  throw new ProblemError('invalid_input', 'There is no such connection.', {
    fields: [{ path: 'socket_id', message: 'must be two numbers with a dot between' }],
  });
}
