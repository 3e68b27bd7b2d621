import type { AssignedAgent, Message, QueuePosition, Session, TeamAvailability } from '@mevrik/protocol';
import type { UnsentMessage } from './storage.ts';

/** What the page has passed to the widget about the visitor. */
export interface Identity {
  readonly userId?: string;
  /** HMAC-SHA256 of the user id with the app's secret, in hex. Verifies the identity. */
  readonly hmac?: string;
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly attributes?: Readonly<Record<string, boolean | number | string>>;
}

/** The profile that is sent to the server. */
export function profileOf({ name, email, phone, attributes }: Identity) {
  return {
    ...(name ? { name } : {}),
    ...(email ? { email } : {}),
    ...(phone ? { phone } : {}),
    ...(attributes ? { attributes: { ...attributes } } : {}),
  };
}

/** An unsent message with its state; `refused` if the server rejected it and only the visitor can retry. */
export interface OutboxMessage extends UnsentMessage {
  readonly failed?: boolean;
  readonly refused?: boolean;
}

/**
 * The unsent messages to show. One that the server has stored meanwhile is left out, even if its response has not
 * arrived: after a reload and in another tab, the stored message is loaded while the unsent one is sent again.
 */
export function pendingMessages({
  unsent,
  messages,
}: Pick<ConversationState, 'unsent' | 'messages'>): readonly OutboxMessage[] {
  const matched = new Set<number>();
  return unsent.filter(({ text, failed, after = Number.POSITIVE_INFINITY }) => {
    if (failed) return true;
    const stored = messages.find(
      (one) => !one.isReply && one.id > after && one.content.text === text && !matched.has(one.id),
    );
    if (stored) matched.add(stored.id);
    return !stored;
  });
}

/** A file being uploaded; `error` is set when it failed. */
export interface Upload {
  readonly key: string;
  readonly file: File;
  /** The sent share, from 0 to 1. */
  readonly progress: number;
  /** The code of the server's error; '' if it was not reached. */
  readonly error?: string;
}

/** The state that the widget renders. */
export interface ConversationState {
  readonly phase: 'failed' | 'idle' | 'loading' | 'ready';
  readonly messages: readonly Message[];
  readonly unsent: readonly OutboxMessage[];
  readonly uploads: readonly Upload[];
  /** Unsent messages of a previous visitor were discarded. */
  readonly hasDiscarded: boolean;
  readonly session: Session | undefined;
  /** The assigned agent, if known. */
  readonly agent: AssignedAgent | undefined;
  /** The position in the queue, while waiting. */
  readonly queuePosition: QueuePosition | undefined;
  /** The team's availability, once loaded. */
  readonly opening: TeamAvailability | undefined;
  readonly typing: string | undefined;
  readonly isConnected: boolean;
  readonly hasSurvey: boolean;
  /** The id of the last message that an agent has read. */
  readonly readId: number;
  readonly unread: number;
}

/** The state of a new conversation. */
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

const fromNotices = ['session', 'agent', 'queuePosition', 'opening'] as const;

/** Whether a notice changed what a response, requested before it, may say in an older version. */
export function hasMoved(before: ConversationState, now: ConversationState): boolean {
  return fromNotices.some((part) => before[part] !== now[part]);
}

/** Merges messages by id, in order; newer versions win. */
export function mergeMessages(before: readonly Message[], newer: readonly Message[]): Message[] {
  return [...new Map([...before, ...newer].map((one) => [one.id, one])).values()].sort((a, b) => a.id - b.id);
}

/** The change that a message makes, and the message itself where it is a new reply that arrived live. */
export function withMessage(
  { messages, agent, unread }: ConversationState,
  message: Message,
  isLive: boolean,
): { readonly change: Partial<ConversationState>; readonly received: Message | undefined } {
  const isNewReply = isLive && message.isReply && messages.every(({ id }) => id !== message.id);
  const name = message.sender.type === 'agent' ? message.sender.name : undefined;
  return {
    change: {
      messages: mergeMessages(messages, [message]),
      ...(isNewReply ? { unread: unread + 1, typing: undefined } : {}),
      ...(name && name !== agent?.name ? { agent: { name, availability: 'online' } } : {}),
    },
    received: isNewReply ? message : undefined,
  };
}
