import { Counter, Gauge, type Registry } from 'prom-client';

interface WatchedFlow {
  readonly messages: number;
  readonly bytes: number;
}

/** The state of an app's connected clients, as exported to Prometheus. */
export interface WatchedApp {
  readonly appId: number;
  readonly connections: number;
  readonly topics: number;
  readonly subscriptions: number;
  readonly members: number;
  readonly bufferedBytes: number;
  readonly cutOff: number;
  readonly sent: WatchedFlow;
  readonly received: WatchedFlow;
  readonly webhooks: { readonly sent: number; readonly failed: number; readonly dropped: number };
}

/** Each gauge with its help text and how to read it. */
const gauges: Readonly<Record<string, readonly [help: string, read: (app: WatchedApp) => number]>> = {
  mevrik_connections: ['Connected clients.', (app) => app.connections],
  mevrik_topics: ['Topics with subscribers.', (app) => app.topics],
  mevrik_subscriptions: ['Subscriptions of connected clients.', (app) => app.subscriptions],
  mevrik_presence_members: ['Subscriptions to presence topics.', (app) => app.members],
  mevrik_buffered_bytes: ['Bytes buffered for slow clients.', (app) => app.bufferedBytes],
};
const counters: typeof gauges = {
  mevrik_messages_sent_total: ['Messages sent to clients.', (app) => app.sent.messages],
  mevrik_bytes_sent_total: ['Bytes sent to clients.', (app) => app.sent.bytes],
  mevrik_messages_received_total: ['Messages received from clients.', (app) => app.received.messages],
  mevrik_bytes_received_total: ['Bytes received from clients.', (app) => app.received.bytes],
  mevrik_webhook_events_sent_total: [
    'Events delivered to webhooks of back ends.',
    (app) => app.webhooks.sent,
  ],
  mevrik_webhook_events_lost_total: [
    'Events that could not be delivered to webhooks of back ends.',
    ({ webhooks }) => webhooks.failed + webhooks.dropped,
  ],
  mevrik_slow_clients_total: ['Connections closed because the client read too slowly.', (app) => app.cutOff],
};

/** Registers the metrics of the gateway, labelled by app. */
export function watchGateway(
  registry: Registry,
  { state }: { readonly state: () => readonly WatchedApp[] },
): void {
  const labelNames = ['app'];
  const registers = [registry];
  // The first gauge takes a snapshot for all metrics, so that they are consistent.
  let snapshot: readonly WatchedApp[] = [];
  for (const [at, [name, [help, read]]] of Object.entries(gauges).entries()) {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        if (at === 0) snapshot = state();
        this.reset();
        for (const app of snapshot) this.set({ app: app.appId }, read(app));
      },
    });
  }
  for (const [name, [help, read]] of Object.entries(counters)) {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const app of snapshot) this.inc({ app: app.appId }, read(app));
      },
    });
  }
}
