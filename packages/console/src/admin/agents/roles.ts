/** The roles of agents, with what they allow. */
export const roles = [
  { value: 'agent', label: 'Agent: replies to customers' },
  { value: 'supervisor', label: 'Supervisor: can also view this panel' },
  { value: 'admin', label: 'Admin: full access' },
];
