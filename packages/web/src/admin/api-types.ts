/** What the administration's part of the API answers, as the panel uses it. */
export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly appId: number;
  readonly occurredAt: string;
  readonly causationId: string | null;
  readonly correlationId: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly actor?: string | null;
  readonly data: unknown;
}

/** What a listener made of an event. */
export interface ListenerOutcome {
  readonly listener: string;
  readonly outcome: 'dead' | 'done' | 'parked' | 'pending' | 'skipped';
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  readonly attempt: number | null;
  readonly failures: readonly Failure[];
}

/** An attempt that went wrong. */
export interface Failure {
  readonly at: string;
  readonly error: string;
  readonly [more: string]: unknown;
}

/** An event with everything that came of it. */
export interface EventStory {
  readonly event: LoggedEvent;
  readonly listeners: readonly ListenerOutcome[];
  readonly chain: readonly LoggedEvent[];
}

/** A listener's subscription to the log. */
export interface SubscriptionState {
  readonly name: string;
  readonly summary: string;
  readonly events: readonly string[];
  readonly mode: 'broadcast' | 'queued' | 'sync';
  readonly status: 'active' | 'paused' | 'retired';
  readonly pauseReason: string | null;
  readonly lag: number;
  readonly parked: number;
  readonly dead: number;
}

/** An event that a listener could not handle. */
export interface ParkedEvent {
  readonly subscription: string;
  readonly eventId: string;
  readonly type: string;
  readonly key: string;
  readonly appId: number;
  readonly status: 'dead' | 'waiting';
  readonly attempts: number;
  readonly retryAt: string;
  readonly lastError: string | null;
  readonly failures: readonly Failure[];
  readonly parkedAt: string;
}

/** An app as administrators see it. */
export interface AppRow {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
}

/** A part of a list. */
export interface Items<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}
