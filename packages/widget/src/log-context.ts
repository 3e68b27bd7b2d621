import type { Speech } from './config.ts';
import type { Conversation } from './conversation.ts';

/** What the lines of the log are made with. */
export interface LogContext {
  readonly speech: Speech;
  readonly conversation: Conversation;
}
