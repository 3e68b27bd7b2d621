import { closeCodes } from '@mevrik/protocol';
import { z } from 'zod';
import { isSignature, signUser } from './auth-signature.ts';
import type { ClientSocket } from './client-socket.ts';
import { readUserData } from './user-data.ts';

const signInSchema = z.object({ auth: z.string(), user_data: z.string().max(10_240) });

/** Acts on `pusher:signin`. Whoever cannot prove who they are is sent away. */
export function signIn(socket: ClientSocket, data: unknown): void {
  const request = signInSchema.safeParse(data).data;
  const isProven =
    request !== undefined && isSignature(request.auth, signUser(socket.app, socket.id, request.user_data));
  const user = isProven ? readUserData(request.user_data, socket.app.id) : undefined;
  if (!request || !user || (socket.user && socket.user.id !== user.id)) {
    socket.close(closeCodes.unauthorized, 'Connection not authorized');
    return;
  }
  socket.user = user;
  socket.tell('pusher:signin_success', { user_data: request.user_data });
}
