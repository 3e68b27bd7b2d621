import type { Agent } from '../../shared/sdk.ts';

/** The roles of agents, with what they allow. */
export const roles: readonly { readonly value: Agent['role']; readonly label: string }[] = [
  { value: 'agent', label: 'Agent: replies to customers' },
  { value: 'supervisor', label: 'Supervisor: can also view the admin panel and edit canned replies' },
  { value: 'admin', label: 'Admin: full access' },
];
