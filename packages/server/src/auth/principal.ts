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

/** The part of an identity that decides which apps it has access to. */
type AppAccess =
  | { readonly role: StaffPrincipal['role']; readonly appIds: readonly number[] }
  | { readonly role: 'customer' | 'service'; readonly appId: number };

/** Whether an identity has access to an app. */
export function mayActFor(who: AppAccess, appId: number): boolean {
  if (!('appIds' in who)) return who.appId === appId;
  return appIdsOf(who)?.includes(appId) ?? true;
}

/** The apps that an agent has access to; `null` means every app. */
export function appIdsOf({
  role,
  appIds,
}: Pick<StaffPrincipal, 'role' | 'appIds'>): readonly number[] | null {
  return role === 'admin' ? null : appIds;
}
