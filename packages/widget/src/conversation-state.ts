import type { AssignedAgent, Message, QueuePosition, Session, TeamAvailability } from '@mevrik/protocol';
import type { UnsentMessage } from './storage.ts';

/** What the page has said of the visitor. */
export interface Identity {
  readonly userId?: string;
  /** The HMAC-SHA256 of the user's id under the app's secret, in hex: it proves who it is. */
  readonly hmac?: string;
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly attributes?: Readonly<Record<string, boolean | number | string>>;
}

/** What of it is told to the server. */
export function profileOf({ name, email, phone, attributes }: Identity) {
  return {
    ...(name ? { name } : {}),
    ...(email ? { email } : {}),
    ...(phone ? { phone } : {}),
    ...(attributes ? { attributes: { ...attributes } } : {}),
  };
}

/** A message on its way; `refused` when only the visitor can have it tried again. */
export interface OutboxMessage extends UnsentMessage {
  readonly failed?: boolean;
  readonly refused?: boolean;
}

/** A file on its way; `fault` is why it did not arrive. */
export interface Upload {
  readonly key: string;
  readonly file: File;
  /** How much of it has gone out, from 0 to 1. */
  readonly progress: number;
  readonly fault?: string;
}

/** Everything that the widget shows. */
export interface ConversationState {
  readonly phase: 'failed' | 'idle' | 'loading' | 'ready';
  readonly messages: readonly Message[];
  readonly unsent: readonly OutboxMessage[];
  readonly uploads: readonly Upload[];
  /** What was unsent was another person's, and is gone. */
  readonly hasDiscarded: boolean;
  readonly session: Session | undefined;
  /** Who answers, as far as it is known. */
  readonly agent: AssignedAgent | undefined;
  /** Where the conversation stands in line, where it waits. */
  readonly queuePosition: QueuePosition | undefined;
  /** Whether people are there, once that is known. */
  readonly opening: TeamAvailability | undefined;
  readonly typing: string | undefined;
  readonly isConnected: boolean;
  readonly hasSurvey: boolean;
  /** How far the other side has read. */
  readonly readId: number;
  readonly unread: number;
}

/** Before anything was said. */
export const initialState: ConversationState = {
  phase: 'idle',
  messages: [],
  unsent: [],
  uploads: [],
  hasDiscarded: false,
  session: undefined,
  agent: undefined,
  queuePosition: undefined,
  opening: undefined,
  typing: undefined,
  isConnected: true,
  hasSurvey: false,
  readId: 0,
  unread: 0,
};

/** All of these messages, each once and as the news has it, in their order. */
export function mergeMessages(before: readonly Message[], news: readonly Message[]): Message[] {
  return [...new Map([...before, ...news].map((one) => [one.id, one])).values()].sort((a, b) => a.id - b.id);
}
