import { Counter, Gauge, type Registry } from 'prom-client';

interface WatchedFlow {
  readonly messages: number;
  readonly bytes: number;
}

/** An app's clients, as far as Prometheus is told. */
export interface WatchedApp {
  readonly appId: number;
  readonly connections: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly members: number;
  readonly bufferedBytes: number;
  readonly cutOff: number;
  readonly sent: WatchedFlow;
  readonly received: WatchedFlow;
  readonly webhooks: { readonly sent: number; readonly failed: number; readonly dropped: number };
}

/** Each figure: its meaning, and where it stands. */
const gauges: Readonly<Record<string, readonly [help: string, read: (app: WatchedApp) => number]>> = {
  mevrik_connections: ['Connected clients.', (app) => app.connections],
  mevrik_channels: ['Channels that somebody hears.', (app) => app.channels],
  mevrik_subscriptions: ['Subscriptions of connected clients.', (app) => app.subscriptions],
  mevrik_presence_members: ['Subscriptions to presence channels.', (app) => app.members],
  mevrik_buffered_bytes: ['What waits for slow readers.', (app) => app.bufferedBytes],
};
const counters: typeof gauges = {
  mevrik_messages_sent_total: ['Broadcasts, once for each connection.', (app) => app.sent.messages],
  mevrik_bytes_sent_total: ['Bytes of these broadcasts.', (app) => app.sent.bytes],
  mevrik_messages_received_total: ['Frames from clients.', (app) => app.received.messages],
  mevrik_bytes_received_total: ['Bytes of frames from clients.', (app) => app.received.bytes],
  mevrik_webhook_events_sent_total: ['Events taken by back ends.', (app) => app.webhooks.sent],
  mevrik_webhook_events_lost_total: [
    'Events that back ends could not be told.',
    ({ webhooks }) => webhooks.failed + webhooks.dropped,
  ],
  mevrik_slow_clients_total: ['Connections cut off because they read too slowly.', (app) => app.cutOff],
};

/** Adds the figures of the gateway, each with the app as its label. */
export function watchGateway(
  registry: Registry,
  { state }: { readonly state: () => readonly WatchedApp[] },
): void {
  const labelNames = ['app'];
  const registers = [registry];
  // All figures of one look are of the same moment, and one look is enough for all.
  let looked: readonly WatchedApp[] = [];
  for (const [at, [name, [help, read]]] of Object.entries(gauges).entries()) {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        if (at === 0) looked = state();
        this.reset();
        for (const app of looked) this.set({ app: app.appId }, read(app));
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
        for (const app of looked) this.inc({ app: app.appId }, read(app));
      },
    });
  }
}
