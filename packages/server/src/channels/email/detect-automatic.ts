/** The kinds of automatic emails: replies to ours, such as out-of-office notices, and bulk mail such as newsletters. */
export type AutomaticKind = 'reply' | 'bulk';

/** The properties of an email that show whether it is automatic. */
export interface EmailOrigin {
  /** The first value of a header, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly headerNames: readonly string[];
  /** The envelope sender or the `Return-Path`, empty for bounces; `null` if unknown. */
  readonly returnPath: string | null;
  /** The addresses in From, Sender and Reply-To. */
  readonly senders: readonly string[];
  readonly isReply: boolean;
}

const machineAddress = /^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)(?=[+@._-])/;

/**
 * Detects automatic emails, which the bot and the system must not reply to, by RFC 3834 and by headers that mail servers
 * commonly add. `null` for an email that a person wrote.
 */
export function detectAutomatic(email: EmailOrigin): AutomaticKind | null {
  const { header, headerNames, returnPath, senders, isReply } = email;
  const submitted = firstWord(header('auto-submitted'));
  const precedence = firstWord(header('precedence'));
  const isSubmitted = submitted !== '' && submitted !== 'no';
  if (submitted === 'auto-replied' || precedence === 'auto_reply') return 'reply';
  if (headerNames.some((name) => /^x-auto-?(reply|respond|responder)/.test(name))) return 'reply';
  if (isSubmitted) return isReply ? 'reply' : 'bulk';
  if (returnPath === '') return 'reply';
  if (['bulk', 'list', 'junk'].includes(precedence)) return 'bulk';
  const suppress = firstWord(header('x-auto-response-suppress'));
  if (suppress !== '' && suppress !== 'none') return 'bulk';
  if (headerNames.some((name) => name === 'x-loop' || name.startsWith('list-'))) return 'bulk';
  return senders.some((address) => machineAddress.test(address)) ? 'bulk' : null;
}

function firstWord(value: string | undefined): string {
  return /^[\w-]+/.exec(value?.trim().toLowerCase() ?? '')?.[0] ?? '';
}
