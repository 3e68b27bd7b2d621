import {
  isSocketId,
  ProblemError,
  type PusherSubscriptionAuth,
  type PusherUserAuth,
  parsePusherChannel,
} from '@mevrik/protocol';
import type { Principal } from '../../auth/principal.ts';
import type { GatewayApp, GatewayDeps } from '../gateway-deps.ts';
import { describeIdentity, maySubscribe } from './access.ts';
import { signSubscription, signUser } from './auth-signature.ts';
import type { RejectionAudit } from './rejection-audit.ts';
import { userIdOf, userInfoOf, writeUserData } from './user-data.ts';

/**
 * Signs a subscription for a principal who is allowed to subscribe.
 * @throws ProblemError `invalid_input` for an invalid socket id or a public channel, `forbidden` without access.
 */
export async function authorizeSubscription(
  { facts, rejections }: Pick<GatewayDeps, 'facts'> & { readonly rejections: RejectionAudit },
  request: {
    readonly principal: Principal;
    readonly socketId: string;
    readonly channelName: string;
    readonly app: GatewayApp;
  },
): Promise<PusherSubscriptionAuth> {
  const { principal, socketId, channelName, app } = request;
  requireSocketId(socketId);
  const channel = parsePusherChannel(channelName);
  if (channel?.kind !== 'private' && channel?.kind !== 'presence') {
    throw new ProblemError('invalid_input', 'Only private and presence channels can be authorized.', {
      fields: [{ path: 'channel_name', message: 'must start with private- or presence-' }],
    });
  }
  if (!(await maySubscribe({ topic: channel.topic, appId: app.id, who: principal, facts }))) {
    rejections.identify(app.id, socketId, describeIdentity(principal));
    rejections.record({ appId: app.id, socketId, channel: channelName, reason: 'Not allowed' });
    throw new ProblemError('forbidden', `You don't have permission to subscribe to ${channelName}.`);
  }
  if (channel.kind === 'private') return { auth: signSubscription(app, socketId, channelName) };
  const channelData = JSON.stringify({ user_id: userIdOf(principal), user_info: userInfoOf(principal) });
  return { auth: signSubscription(app, socketId, channelName, channelData), channel_data: channelData };
}

/**
 * Signs in the user of a connection.
 * @throws ProblemError `invalid_input` for an invalid socket id.
 */
export function authorizeUser(principal: Principal, socketId: string, app: GatewayApp): PusherUserAuth {
  requireSocketId(socketId);
  const userData = writeUserData(principal);
  return { auth: signUser(app, socketId, userData), user_data: userData };
}

function requireSocketId(socketId: string): void {
  if (isSocketId(socketId)) return;
  throw new ProblemError('invalid_input', 'Invalid socket id.', {
    fields: [{ path: 'socket_id', message: 'must be two numbers separated by a dot' }],
  });
}
