import type { Flow, WebhookMetrics } from './rate-meter.ts';

/** The connections of one node, by app. */
export interface NodeState {
  readonly node: string;
  readonly apps: readonly AppState[];
}

/** An app's clients on one node. */
export interface AppState {
  readonly appId: number;
  readonly connections: number;
  readonly topics: number;
  readonly subscriptions: number;
  /** Subscriptions to presence topics. */
  readonly members: number;
  readonly sent: Flow;
  readonly received: Flow;
  /** Bytes buffered for slow readers: in total, and for the slowest. */
  readonly bufferedBytes: number;
  readonly maxBufferedBytes: number;
  /** Connections closed because they read too slowly. */
  readonly cutOff: number;
  /** Webhook events for the app's back end. */
  readonly webhooks: Readonly<WebhookMetrics>;
}
