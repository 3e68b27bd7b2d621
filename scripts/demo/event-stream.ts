import pusherModule from 'pusher-js';

// Its CommonJS build is the class itself, unlike its types.
const Pusher = pusherModule as unknown as typeof pusherModule.default;

/** An event that a pusher-js client has received. */
export interface ReceivedEvent {
  readonly channel: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: payloads of every event
  readonly data: any;
}

/** The events of a connected pusher-js client. */
export interface EventStream {
  /** Resolves with the first matching event, past or future. @throws Error after a minute. */
  until(what: string, fits: (received: ReceivedEvent) => boolean): Promise<ReceivedEvent>;
  stop(): void;
}

const patienceMs = 60_000;

/** Connects pusher-js with an access token and subscribes to channels. */
export async function openEventStream(
  url: string,
  { key, token, channels }: { key: string; token: string; channels: readonly string[] },
): Promise<EventStream> {
  const { hostname, port, protocol } = new URL(url);
  const isSecure = protocol === 'https:';
  const pusher = new Pusher(key, {
    cluster: 'local',
    wsHost: hostname,
    ...(port === '' ? {} : { wsPort: Number(port), wssPort: Number(port) }),
    forceTLS: isSecure,
    enabledTransports: ['ws', 'wss'],
    channelAuthorization: {
      transport: 'ajax',
      endpoint: `${url}/broadcasting/auth`,
      headers: { authorization: `Bearer ${token}` },
    },
  });
  const received: ReceivedEvent[] = [];
  const waiting = new Set<(received: ReceivedEvent) => void>();
  const subscribed = channels.map(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const channel = pusher.subscribe(name);
        channel.bind('pusher:subscription_succeeded', () => resolve());
        channel.bind('pusher:subscription_error', (error: unknown) =>
          reject(new Error(`${name}: ${JSON.stringify(error)}`)),
        );
        channel.bind_global((event: string, data: unknown) => {
          if (event.startsWith('pusher')) return;
          const one = { channel: name, event, data };
          received.push(one);
          for (const look of waiting) look(one);
        });
      }),
  );
  await Promise.all(subscribed);
  return {
    until: (what, fits) =>
      new Promise((resolve, reject) => {
        const known = received.find(fits);
        if (known) return resolve(known);
        const overdue = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`${what} did not arrive within ${patienceMs / 1000} seconds.`));
        }, patienceMs);
        const look = (one: ReceivedEvent) => {
          if (!fits(one)) return;
          clearTimeout(overdue);
          waiting.delete(look);
          resolve(one);
        };
        waiting.add(look);
      }),
    stop: () => pusher.disconnect(),
  };
}
