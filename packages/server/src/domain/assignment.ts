/** How waiting conversations come to agents. With `manual` they take them themselves. */
export type AssignmentStrategy = 'manual' | 'round_robin' | 'least_busy' | 'skill';

/** An agent who might take a conversation. */
export interface Candidate {
  readonly agentId: number;
  readonly availability: 'online' | 'away' | 'offline';
  /** Conversations that they can serve at a time, and do. */
  readonly capacity: number;
  readonly assigned: number;
  readonly skills: readonly string[];
  /** ISO 8601; `null` where they never got one. */
  readonly lastAssignedAt: string | null;
}

/**
 * Chooses who gets a conversation, or `null` when nobody can take it. Only agents who are online and have a free
 * place are chosen. `round_robin` takes whoever has waited longest, `least_busy` whose places are the least taken,
 * `skill` the least busy of those who have all the skills that are needed; the others do not look at skills.
 */
export function chooseAgent(
  strategy: AssignmentStrategy,
  candidates: readonly Candidate[],
  need: { readonly skills: readonly string[] },
): number | null {
  if (strategy === 'manual') return null;
  const free = candidates.filter(
    (one) =>
      one.availability === 'online' &&
      one.assigned < one.capacity &&
      (strategy !== 'skill' || need.skills.every((skill) => one.skills.includes(skill))),
  );
  const byLoad = (one: Candidate) => (strategy === 'round_robin' ? 0 : one.assigned / one.capacity);
  const [chosen] = free.sort(
    (a, b) => byLoad(a) - byLoad(b) || waitedSince(a) - waitedSince(b) || a.agentId - b.agentId,
  );
  return chosen?.agentId ?? null;
}

function waitedSince({ lastAssignedAt }: Candidate): number {
  return lastAssignedAt === null ? 0 : Date.parse(lastAssignedAt);
}
