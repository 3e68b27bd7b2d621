/** Who is asking, as proven by a token. Roles are the PRD's stakeholders plus `service` for back ends. */
export type Principal =
  | {
      readonly role: 'customer';
      readonly appId: number;
      readonly customerId: number;
      readonly contactIdentityId: number;
      readonly conversationKey: string;
    }
  | {
      readonly role: 'agent' | 'supervisor' | 'admin';
      readonly agentId: number;
      readonly name: string;
      /** The apps they work for; an admin works for all, whatever stands here. */
      readonly appIds: readonly number[];
    }
  | { readonly role: 'service'; readonly appId: number };

/** The principals that sit at the desk or above it. */
export type StaffPrincipal = Extract<Principal, { agentId: number }>;

/** Whether this principal may act for that app at all. */
export function mayActFor(principal: Principal, appId: number): boolean {
  if (principal.role === 'admin') return true;
  if ('appIds' in principal) return principal.appIds.includes(appId);
  return principal.appId === appId;
}
