import type { Case, Delivery, FoundMessage, ListenerOutcome, QueueItem, Session } from '@mevrik/protocol';
import type { AssignmentStrategy, Candidate } from '../assignment.ts';
import type { BusinessHours } from '../business-hours.ts';

/** What a listener has made of the message's event. */
export interface HeardBy {
  readonly listener: string;
  readonly eventId: string;
  readonly outcome: ListenerOutcome['outcome'];
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  readonly attempt: number | null;
  readonly error: string | null;
  /** Who has discarded it; `null` where nobody has. */
  readonly discardedBy: string | null;
  /** Why it is paused; `null` where it is not. */
  readonly pausedBecause: string | null;
  /** Events that it has before it. */
  readonly lag: number;
}

/** A reply that came after the message, and how it got through. */
export interface Answer {
  readonly message: FoundMessage;
  readonly error: string | null;
  /** Newest first; empty on channels where customers hear replies over their connection. */
  readonly deliveries: readonly Delivery[];
  /** Whether the message's own event has led to it. */
  readonly isConsequence: boolean;
  /** When the customer had last written by then; `null` if they never did. */
  readonly writtenAt: string | null;
}

/** Somebody who works for the app. */
export interface Worker extends Candidate {
  readonly name: string;
}

/** A place in the queue that concerns the message. */
export interface QueuePlace {
  readonly item: QueueItem;
  readonly assignedAt: string | null;
  readonly finishedAt: string | null;
  /** From 1, while it waits. */
  readonly position: number | null;
}

/** How the channel is doing, and what it lets be sent. */
export interface ChannelFacts {
  readonly name: string;
  readonly kind: string;
  readonly isThere: boolean;
  readonly isEnabled: boolean;
  readonly isDown: boolean;
  readonly reason: string | null;
  readonly pausedUntil: string | null;
  /** Hours after the customer's last message in which may be written; `null`: at any time. */
  readonly window: { readonly hours: number; readonly hoursForAgents: number } | null;
}

/** All that is known of a message and its surroundings, from which its account is written. */
export interface DiagnosisFacts {
  readonly now: string;
  readonly message: FoundMessage;
  readonly error: string | null;
  readonly isAutomaticMail: boolean;
  readonly session: Pick<Session, 'id' | 'status' | 'path' | 'agentType' | 'expiresAt' | 'assignedAgentId'>;
  readonly app: {
    readonly name: string;
    readonly isEnabled: boolean;
    readonly assignment: AssignmentStrategy;
    readonly hours: BusinessHours;
    readonly bot: 'builtin' | 'http' | 'none';
  };
  readonly channel: ChannelFacts;
  /** What the provider sent, where one is between. */
  readonly update: { readonly id: number; readonly provider: string; readonly receivedAt: string } | null;
  readonly event: { readonly id: string; readonly occurredAt: string } | null;
  readonly heardBy: readonly HeardBy[];
  /** An earlier event of the conversation behind which this one waits. */
  readonly blockedBy: { readonly eventId: string; readonly type: string } | null;
  /** What was asked of the app's own bot. */
  readonly turn: { readonly status: 'waiting' | 'answered' | 'failed'; readonly createdAt: string } | null;
  /** Whether the message itself has led to the queue. */
  readonly isHandedOver: boolean;
  readonly queue: QueuePlace | null;
  readonly case: Case | null;
  readonly firstReplyDueAt: string | null;
  readonly workers: readonly Worker[];
  /** Oldest first. */
  readonly answers: readonly Answer[];
  /** Of a reply: the message itself as one. */
  readonly self: Answer | null;
  readonly survey: { readonly score: number; readonly answeredAt: string; readonly isThis: boolean } | null;
  /** When the customer last wrote. */
  readonly writtenAt: string | null;
}

/** The listener that takes a customer's message to whoever answers it. */
export const hub = 'HandleMessageReadyEvent';
