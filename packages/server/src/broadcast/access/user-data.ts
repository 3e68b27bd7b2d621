import { z } from 'zod';
import type { Principal } from '../../auth/principal.ts';
import type { Hearer } from './access.ts';

/** What we add to the signed user data, so that any node knows whom it has on the line. */
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

/** What other members of a presence channel are told of a principal. */
export function userInfoOf(principal: Principal): Record<string, unknown> {
  return 'name' in principal ? { role: principal.role, name: principal.name } : { role: principal.role };
}

/** The text that we sign for a connection on which this principal signs in. */
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
 * Reads signed user data. Whoever holds the app's secret may have written it, so it counts for that app alone.
 * @returns `undefined` when it names no user.
 */
export function readUserData(
  text: string,
  appId: number,
): { id: string; hearer: Hearer | undefined; watchlist: readonly string[] } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = userDataSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { id, mevrik: claim } = parsed.data;
  const watchlist = [...new Set(parsed.data.watchlist)];
  if (!claim) return { id, hearer: undefined, watchlist };
  return { id, hearer: 'agentId' in claim ? { ...claim, appIds: [appId] } : { ...claim, appId }, watchlist };
}
