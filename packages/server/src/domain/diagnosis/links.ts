import type { DiagnosisLink } from '@mevrik/protocol';
import type { DiagnosisFacts } from './facts.ts';

/** A link of a diagnosis. */
export function link(to: DiagnosisLink['to'], id: number | string | null = null): DiagnosisLink {
  return { to, id: id === null ? null : String(id) };
}

/** The link to the conversation at the desk. */
export function conversationLink({ session }: Pick<DiagnosisFacts, 'session'>): DiagnosisLink {
  return link('conversation', session.id);
}
