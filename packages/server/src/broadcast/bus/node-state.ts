import type { Flow, WebhookMetrics } from './rate-meter.ts';

/** What is connected to one node, app by app. */
export interface NodeState {
  readonly node: string;
  readonly apps: readonly AppState[];
}

/** An app's clients on one node. */
export interface AppState {
  readonly appId: number;
  readonly connections: number;
  readonly channels: number;
  readonly subscriptions: number;
  /** Subscriptions to presence channels. */
  readonly members: number;
  readonly sent: Flow;
  readonly received: Flow;
  /** What waits for slow readers now: in all, and for the slowest. */
  readonly bufferedBytes: number;
  readonly maxBufferedBytes: number;
  /** Connections that were cut off because they read too slowly. */
  readonly cutOff: number;
  /** Events for the app's back end. */
  readonly webhooks: Readonly<WebhookMetrics>;
}
