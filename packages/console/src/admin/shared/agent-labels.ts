/** The label of each availability of an agent. */
export const availabilityLabels = { online: 'Online', away: 'Away', offline: 'Offline' } as const;

/** The label of each role of an agent. */
export const roleLabels = { agent: 'Agent', supervisor: 'Supervisor', admin: 'Admin' } as const;
