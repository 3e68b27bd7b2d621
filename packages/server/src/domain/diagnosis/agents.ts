import type { DiagnosisAuthor } from '@mevrik/protocol';
import type { AppAgent, DiagnosedReply, DiagnosisFacts } from './facts.ts';

/** The names of some agents. */
export function namesOf(agents: readonly Pick<AppAgent, 'name'>[]): string[] {
  return agents.map(({ name }) => name);
}

/** The name of an agent of the app; `null` if the app has no such agent (anymore). */
export function agentName({ agents }: Pick<DiagnosisFacts, 'agents'>, agentId: number | null): string | null {
  return agents.find((one) => one.agentId === agentId)?.name ?? null;
}

/** Who wrote a reply. */
export function authorOf({ message: { sender } }: Pick<DiagnosedReply, 'message'>): DiagnosisAuthor {
  return { type: sender.type, name: sender.name ?? null };
}
