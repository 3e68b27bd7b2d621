import type { ConversationState } from './conversation-state.ts';
import { h } from './dom.ts';
import type { LogContext } from './log-context.ts';
import type { LogEntry } from './message-log.ts';
import { logEntries } from './message-view.ts';

/** Elements that the widget keeps between renderings. */
interface KeptElements {
  readonly hello: HTMLElement;
  readonly loading: HTMLElement;
  /** The open survey's card. */
  readonly rating: HTMLElement | undefined;
  readonly isOpen: boolean;
}

/** The entries of the log while no form is shown: the conversation with its survey, or a greeting. */
export function conversationEntries(
  context: LogContext,
  state: ConversationState,
  { hello, loading, rating, isOpen }: KeptElements,
): LogEntry[] {
  const { messages, unsent, uploads, phase, hasDiscarded } = state;
  const discarded = {
    key: 'discarded',
    make: () => h('div', { class: 'sys', role: 'alert' }, context.language.words.discardedUnsent),
  };
  const footer = hasDiscarded ? [discarded] : [];
  if (messages.length + unsent.length + uploads.length > 0) {
    const survey = { key: `rating ${messages.at(-1)?.sessionId}`, make: () => rating ?? h('div') };
    return [...logEntries(context, state), ...(rating ? [survey] : []), ...footer];
  }
  const isLoading = phase === 'loading' || (phase === 'idle' && isOpen);
  const empty = isLoading ? { key: 'loading', make: () => loading } : { key: 'hello', make: () => hello };
  return [empty, ...footer];
}
