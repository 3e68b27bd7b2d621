import type { TopicPosition } from '@mevrik/protocol';
import { type Caller, createCaller, type TokenSource } from './caller.ts';
import { Connection, type ConnectionState, type WebSocketConstructor } from './connection.ts';
import type { Stop } from './emitter.ts';
import type { MevrikError } from './errors.ts';
import { platform, platformWebSocket, reportListenerError } from './platform.ts';
import { createRest, type Rest } from './rest/rest.ts';
import { type SubscriptionHandle, Subscriptions } from './subscriptions.ts';
import { renewTokens } from './token-renewal.ts';
import { UserEvents } from './user-events.ts';

/** Options of a client. */
export interface ClientOptions {
  /** The server's URL, such as `https://chat.example.com`. */
  readonly url: string;
  /** The app's key, which is not a secret. */
  readonly appKey: string;
  /**
   * Authenticates subscriptions and calls; without one, only public topics are available. See
   * `createTokenStore`.
   */
  readonly token?: TokenSource;
  /** Whether to exclude this client from broadcasts caused by its own calls. */
  readonly toOthers?: boolean;
  /** Defaults to the platform's implementation; on Node versions without one, to `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  readonly fetch?: typeof fetch;
  /** From 0 to 1; for tests. */
  readonly random?: () => number;
  /** Receives errors thrown by event listeners; by default they are reported as unhandled errors. */
  readonly onListenerError?: (error: unknown) => void;
}

/** A client of the gateway and of the API. */
export interface Client {
  /** Connects, and reconnects automatically until `disconnect`. `subscribe` connects too. */
  connect(): void;
  /** Disconnects, and no longer reconnects. */
  disconnect(): void;
  /** The state of the connection. */
  readonly state: ConnectionState;
  /** The server's id of this connection; back ends use it to exclude the client that caused an event. */
  readonly socketId: string | undefined;
  /** Listens for changes of `state`. */
  onState(listener: (state: ConnectionState) => void): Stop;
  /** Listens for errors of the connection: why the server rejects the client, and protocol errors. */
  onError(listener: (error: MevrikError) => void): Stop;
  /**
   * Subscribes to a topic, and stays subscribed across reconnects. Ours, such as `session12`, are
   * authorized by the token, and missed events are recovered.
   * @param from `position` of an earlier subscription, for example on the previous page: events missed since are
   * delivered.
   */
  subscribe<const TopicName extends string>(
    topic: TopicName,
    options?: { readonly from?: TopicPosition },
  ): SubscriptionHandle<TopicName>;
  /** Events that the app's back end sends to this user only. Signs the user in. */
  readonly user: Pick<UserEvents, 'on'>;
  /** The calls of the API, by audience. */
  readonly rest: Rest;
  /** Calls endpoints that `rest` does not cover. */
  readonly call: Caller;
}

/** Creates a client. It does nothing before `connect`, `subscribe` or a call. */
export function createClient(options: ClientOptions): Client {
  const { appKey, random = Math.random, onListenerError = reportListenerError } = options;
  const url = options.url.replace(/\/+$/, '');
  const connection = new Connection({
    url: `${url.replace(/^http/, 'ws')}/app/${encodeURIComponent(appKey)}?protocol=7&client=mevrik`,
    webSocket: async () => options.WebSocket ?? platformWebSocket(),
    random,
    onListenerError,
  });
  const renewal = options.token === undefined ? undefined : renewTokens(options.token, () => signUser());
  const call = createCaller({
    url,
    appKey,
    token: renewal?.source,
    random,
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    socketId: () => (options.toOthers ? connection.socketId : undefined),
  });
  const sign = <Answer>(path: string, what: object) =>
    call<Answer>('POST', path, { body: { socket_id: connection.socketId, ...what } });
  const signUser = () => sign<{ auth: string; user_data: string }>('/broadcasting/user-auth', {});
  const send = connection.send.bind(connection);
  const subscriptions = new Subscriptions({
    send,
    onListenerError,
    isOpen: () => connection.state === 'connected',
    authorize: (topic) => sign('/broadcasting/auth', { channel_name: topic }),
  });
  const { connect, disconnect } = connectWhenOnline(connection);
  const user = new UserEvents({
    send,
    onListenerError,
    sign: signUser,
    onRefused: (error) => connection.reportError(error),
    onFirstListener() {
      if (connection.state === 'connected') void user.onConnected();
      else connect();
    },
  });
  forwardEvents(connection, user, subscriptions);

  return {
    connect,
    disconnect() {
      renewal?.stop();
      disconnect();
    },
    get state() {
      return connection.state;
    },
    get socketId() {
      return connection.socketId;
    },
    onState: (listener) => connection.on('state', listener),
    onError: (listener) => connection.on('error', listener),
    subscribe(topic, { from } = {}) {
      connect();
      return subscriptions.acquire(topic, from);
    },
    user,
    rest: createRest(call, appKey),
    call,
  };
}

/** Connects and disconnects; in between, a browser reconnects as soon as it knows that the network is back. */
function connectWhenOnline(connection: Connection): Pick<Client, 'connect' | 'disconnect'> {
  const reconnectNow = () => connection.reconnectNow();
  return {
    connect() {
      platform.addEventListener?.('online', reconnectNow);
      connection.connect();
    },
    disconnect() {
      platform.removeEventListener?.('online', reconnectNow);
      connection.disconnect();
    },
  };
}

/** Forwards the connection's state and frames to the user's events and the subscriptions. */
function forwardEvents(connection: Connection, user: UserEvents, subscriptions: Subscriptions): void {
  connection.on('state', (state) => {
    if (state === 'connected') {
      void user.onConnected();
      subscriptions.onConnected();
    } else if (state !== 'connecting') {
      user.onDisconnected();
      subscriptions.onDisconnected();
    }
  });
  connection.on('frame', (frame) => {
    if (frame.channel === undefined || frame.channel.startsWith('#')) user.onFrame(frame);
    else subscriptions.onFrame(frame);
  });
}
