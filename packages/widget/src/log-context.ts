import type { Language } from './config.ts';
import type { Conversation } from './conversation.ts';

/** What log entries are rendered with. */
export interface LogContext {
  readonly language: Language;
  readonly conversation: Conversation;
}
