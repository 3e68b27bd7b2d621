/** What a machine wrote: an answer to a mail of ours, or something else that no person waits for an answer to. */
export type AutomaticKind = 'reply' | 'bulk';

/** What is looked at to see whether a machine wrote a mail. */
export interface EmailOrigin {
  /** The first value of a header, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly headerNames: readonly string[];
  /** The envelope's sender, or the `Return-Path`; `null` where neither is known. */
  readonly returnPath: string | null;
  /** The addresses in From, Sender and Reply-To. */
  readonly senders: readonly string[];
  readonly answersSomething: boolean;
}

const noPerson = /^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)(?=[+@._-])/;

/**
 * Whether a machine wrote a mail: then no machine of ours may answer it (RFC 3834, and what servers do besides).
 * `null` where a person did.
 */
export function detectAutomatic(email: EmailOrigin): AutomaticKind | null {
  const { header, headerNames, returnPath, senders, answersSomething } = email;
  const submitted = firstWord(header('auto-submitted'));
  const precedence = firstWord(header('precedence'));
  const isSubmitted = submitted !== '' && submitted !== 'no';
  if (submitted === 'auto-replied' || precedence === 'auto_reply') return 'reply';
  if (headerNames.some((name) => /^x-auto-?(reply|respond|responder)/.test(name))) return 'reply';
  if (isSubmitted) return answersSomething ? 'reply' : 'bulk';
  if (returnPath === '') return 'reply';
  if (['bulk', 'list', 'junk'].includes(precedence)) return 'bulk';
  const suppress = firstWord(header('x-auto-response-suppress'));
  if (suppress !== '' && suppress !== 'none') return 'bulk';
  if (headerNames.some((name) => name === 'x-loop' || name.startsWith('list-'))) return 'bulk';
  return senders.some((address) => noPerson.test(address)) ? 'bulk' : null;
}

function firstWord(value: string | undefined): string {
  return /^[\w-]+/.exec(value?.trim().toLowerCase() ?? '')?.[0] ?? '';
}
