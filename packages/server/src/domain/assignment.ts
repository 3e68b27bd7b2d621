/** How waiting conversations are assigned. With `manual`, agents take them themselves. */
export type AssignmentStrategy = 'manual' | 'round_robin' | 'least_busy' | 'skill';

/** An agent who could be assigned a conversation. */
export interface Candidate {
  readonly agentId: number;
  readonly availability: 'online' | 'away' | 'offline';
  /** The most conversations assigned at a time, and how many are assigned now. */
  readonly capacity: number;
  readonly assigned: number;
  readonly skills: readonly string[];
  /** ISO 8601; `null` if the agent was never assigned a conversation. */
  readonly lastAssignedAt: string | null;
}

/**
 * Chooses the agent for a conversation, or `null` when no agent is available: only agents who are online and below
 * capacity are. `round_robin` chooses the agent whose last assignment is longest ago, `least_busy` the one with the
 * lowest load, `skill` the least busy agent with all required skills. The others ignore skills.
 */
export function chooseAgent(
  strategy: AssignmentStrategy,
  candidates: readonly Candidate[],
  need: { readonly skills: readonly string[] },
): number | null {
  if (strategy === 'manual') return null;
  const available = candidates.filter(
    (one) =>
      one.availability === 'online' &&
      one.assigned < one.capacity &&
      (strategy !== 'skill' || need.skills.every((skill) => one.skills.includes(skill))),
  );
  const byLoad = (one: Candidate) => (strategy === 'round_robin' ? 0 : one.assigned / one.capacity);
  const [chosen] = available.sort(
    (a, b) => byLoad(a) - byLoad(b) || lastAssignedMs(a) - lastAssignedMs(b) || a.agentId - b.agentId,
  );
  return chosen?.agentId ?? null;
}

function lastAssignedMs({ lastAssignedAt }: Candidate): number {
  return lastAssignedAt === null ? 0 : Date.parse(lastAssignedAt);
}
