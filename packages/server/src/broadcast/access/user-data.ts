import { z } from 'zod';
import type { Principal } from '../../auth/principal.ts';
import type { SubscriberIdentity } from './access.ts';

/** Our addition to the signed user data, so that any node can identify the user. */
const claimSchema = z.discriminatedUnion('role', [
  z.object({ role: z.literal('customer'), customerId: z.int().positive() }),
  z.object({ role: z.enum(['agent', 'supervisor', 'admin']), agentId: z.int().positive() }),
  z.object({ role: z.literal('service') }),
]);

const userIdSchema = z.union([z.string().min(1).max(128), z.number()]).transform(String);

const userDataSchema = z.object({
  id: userIdSchema,
  mevrik: claimSchema.optional(),
  watchlist: z.array(userIdSchema).max(10_000).default([]),
});

/** The id under which a principal is known to other clients: `customer-12`, `agent-7`. */
export function userIdOf(principal: Principal): string {
  if (principal.role === 'customer') return `customer-${principal.customerId}`;
  return principal.role === 'service' ? `app-${principal.appId}` : `agent-${principal.agentId}`;
}

/** What other members of a presence channel see of a principal. */
export function userInfoOf(principal: Principal): Record<string, unknown> {
  return 'name' in principal ? { role: principal.role, name: principal.name } : { role: principal.role };
}

/** The user data that is signed when this principal signs in. */
export function writeUserData(principal: Principal): string {
  const { role } = principal;
  const claim =
    role === 'customer'
      ? { role, customerId: principal.customerId }
      : role === 'service'
        ? { role }
        : { role, agentId: principal.agentId };
  return JSON.stringify({ id: userIdOf(principal), user_info: userInfoOf(principal), mevrik: claim });
}

/**
 * Reads signed user data. The app's back end may have written it, so it is valid for that app only.
 * @returns `undefined` when it names no user.
 */
export function readUserData(
  text: string,
  appId: number,
): { id: string; identity: SubscriberIdentity | undefined; watchlist: readonly string[] } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Not JSON: the client receives an error frame.
    return undefined;
  }
  const parsed = userDataSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { id, mevrik: claim } = parsed.data;
  const watchlist = [...new Set(parsed.data.watchlist)];
  if (!claim) return { id, identity: undefined, watchlist };
  return {
    id,
    identity: 'agentId' in claim ? { ...claim, appIds: [appId] } : { ...claim, appId },
    watchlist,
  };
}
