import type { Agent } from '../../shared/sdk.ts';
import { roleLabels } from '../shared/agent-labels.ts';

/** What each role allows. */
export const roleRights: Readonly<Record<Agent['role'], string>> = {
  agent: 'Replies to customers',
  supervisor: 'Can also view the admin panel and edit canned replies',
  admin: 'Full access',
};

/** The roles of agents, to select one. */
export const roles: readonly { readonly value: Agent['role']; readonly label: string }[] = (
  ['agent', 'supervisor', 'admin'] as const
).map((value) => ({ value, label: roleLabels[value] }));
