/** An authenticated caller. Roles are the PRD's stakeholders plus `service` for back ends. */
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
      /** The apps they have access to; administrators have access to all apps regardless. */
      readonly appIds: readonly number[];
    }
  | { readonly role: 'service'; readonly appId: number };

/** Agents, supervisors and administrators. */
export type StaffPrincipal = Extract<Principal, { agentId: number }>;

/** Whether a principal has access to an app. */
export function mayActFor(principal: Principal, appId: number): boolean {
  if (principal.role === 'admin') return true;
  if ('appIds' in principal) return principal.appIds.includes(appId);
  return principal.appId === appId;
}
