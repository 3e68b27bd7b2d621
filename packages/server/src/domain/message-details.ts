import type { EmailDetails, MessageContent } from '@mevrik/protocol';

// Only emails have these details today. Everything outside the email channel reads them here, and need not know that.

/** The subject of a message; `null` if it has none. */
export function subjectOf({ email }: Pick<MessageContent, 'email'>): string | null {
  return email?.subject ?? null;
}

/** The same content with a subject. */
export function withSubject(content: MessageContent, subject: string): MessageContent {
  return { ...content, email: { ...content.email, subject } };
}

/** Why a message was written by a machine: it answers one of ours, or it is bulk mail. `undefined` if a person wrote it. */
export function automaticOf({ email }: Pick<MessageContent, 'email'>): EmailDetails['automatic'] {
  return email?.automatic;
}
