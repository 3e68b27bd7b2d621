import type { Case, Delivery, FoundMessage, ListenerOutcome, QueueItem, Session } from '@mevrik/protocol';
import type { AssignmentStrategy, Candidate } from '../assignment.ts';
import type { BusinessHours } from '../business-hours.ts';

/** How one listener handled the event of the message. */
export interface ListenerResult {
  readonly listener: string;
  readonly eventId: string;
  readonly outcome: ListenerOutcome['outcome'];
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  readonly attempt: number | null;
  readonly error: string | null;
  /** Who discarded the event for this listener; `null` if it was not discarded. */
  readonly discardedBy: string | null;
  /** Why the listener is paused; `null` if it is not. */
  readonly pausedBecause: string | null;
  /** How many events the listener is behind; `null` while it catches up with those of this app. */
  readonly lag: number | null;
}

/** A reply that came after the message, with its deliveries. */
export interface DiagnosedReply {
  readonly message: FoundMessage;
  readonly error: string | null;
  /** Newest first; empty on channels that need no provider. */
  readonly deliveries: readonly Delivery[];
  /** Whether the event of the message caused it. */
  readonly isConsequence: boolean;
  /** When the customer had last written by then; `null` if never. */
  readonly writtenAt: string | null;
}

/** An agent of the app. */
export interface AppAgent extends Candidate {
  readonly name: string;
}

/** The queue item that concerns the message. */
export interface QueueFacts {
  readonly item: QueueItem;
  readonly assignedAt: string | null;
  readonly finishedAt: string | null;
  /** From 1, while it waits. */
  readonly position: number | null;
}

/** The state of the channel, and its reply window. */
export interface DiagnosedChannel {
  readonly name: string;
  readonly kind: string;
  readonly exists: boolean;
  readonly isEnabled: boolean;
  readonly isDown: boolean;
  readonly reason: string | null;
  readonly pausedUntil: string | null;
  /** Hours after the customer's last message during which replies are accepted; `null`: no limit. */
  readonly window: { readonly hours: number; readonly hoursForAgents: number } | null;
}

/** Everything a diagnosis is made from. */
export interface DiagnosisFacts {
  readonly now: string;
  readonly message: FoundMessage;
  readonly error: string | null;
  readonly isAutomaticEmail: boolean;
  readonly session: Pick<Session, 'id' | 'status' | 'path' | 'agentType' | 'expiresAt' | 'assignedAgentId'>;
  readonly app: {
    readonly name: string;
    readonly isEnabled: boolean;
    readonly assignment: AssignmentStrategy;
    readonly hours: BusinessHours;
    readonly bot: 'builtin' | 'http' | 'none';
  };
  readonly channel: DiagnosedChannel;
  /** The webhook event that brought the message; `null` on channels without a provider. */
  readonly webhookEvent: {
    readonly id: number;
    readonly provider: string;
    readonly receivedAt: string;
  } | null;
  readonly event: { readonly id: string; readonly occurredAt: string } | null;
  readonly listenerResults: readonly ListenerResult[];
  /** The earlier event of the conversation that blocks this one. */
  readonly blockedBy: { readonly eventId: string; readonly type: string } | null;
  /** The turn of the app's own bot. */
  readonly turn: { readonly status: 'waiting' | 'answered' | 'failed'; readonly createdAt: string } | null;
  /** Whether the message itself put the conversation into the queue. */
  readonly isHandedOver: boolean;
  readonly queue: QueueFacts | null;
  readonly case: Case | null;
  readonly firstReplyDueAt: string | null;
  readonly agents: readonly AppAgent[];
  /** Oldest first. */
  readonly replies: readonly DiagnosedReply[];
  /** The message itself, where it is a reply. */
  readonly self: DiagnosedReply | null;
  readonly survey: { readonly score: number; readonly answeredAt: string; readonly isThis: boolean } | null;
  /** When the customer last wrote. */
  readonly writtenAt: string | null;
}

/** The listener that has customers' messages answered. */
export const answeringListener = 'HandleMessageReadyEvent';
