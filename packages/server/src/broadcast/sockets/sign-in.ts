import { closeCodes } from '@mevrik/protocol';
import { z } from 'zod';
import { isSignature, signUser } from '../access/auth-signature.ts';
import { readUserData } from '../access/user-data.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import type { ClientSocket } from './client-socket.ts';
import { markOnline, watch } from './watchlist.ts';

const signInSchema = z.object({ auth: z.string(), user_data: z.string() });

/** Handles `pusher:signin`. Closes the connection without a valid proof. */
export async function signIn(deps: ClientFrameDeps, socket: ClientSocket, data: unknown): Promise<void> {
  const request = signInSchema.safeParse(data).data;
  const isProven =
    request !== undefined &&
    Buffer.byteLength(request.user_data) <= deps.config.maxUserDataBytes &&
    isSignature(request.auth, signUser(socket.app, socket.id, request.user_data));
  const user = isProven ? readUserData(request.user_data, socket.app.id) : undefined;
  if (!request || !user || (socket.user && socket.user.id !== user.id)) {
    socket.close(closeCodes.unauthorized, 'Connection not authorized');
    return;
  }
  const isFirst = socket.user === undefined;
  socket.user = user;
  socket.isAuthorized = true;
  socket.sendEvent('pusher:signin_success', { user_data: request.user_data });
  if (isFirst) await markOnline(deps, socket, user.id);
  await watch(deps, socket, user.watchlist);
}
