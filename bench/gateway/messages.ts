/** The channels that a connection subscribes to, by its number. */
export type Plan =
  /** All connections share one channel. */
  | { readonly shared: string }
  /** Spread evenly over `over` channels. */
  | { readonly spread: string; readonly over: number }
  /** Each has `each` channels of its own. */
  | { readonly own: string; readonly each: number };

/** The protocol that a server speaks. */
export type Dialect = 'pusher' | 'socket.io';

/** A command to a client process. */
export type ToClient =
  | {
      readonly do: 'connect';
      readonly port: number;
      readonly dialect: Dialect;
      /** The number of the first connection, and the distance to the next. */
      readonly from: number;
      readonly step: number;
      readonly count: number;
      readonly plans: readonly Plan[];
      /** Connections established concurrently. */
      readonly inFlight: number;
      /** One of this many connections reads time stamps; 0: none. */
      readonly sampleEvery: number;
    }
  | { readonly do: 'collect'; readonly forgetLatencies?: boolean };

/** What a client process has counted. */
export interface Counted {
  readonly connections: number;
  readonly frames: number;
  /** The fewest and the most frames that one connection received. */
  readonly fewest: number;
  readonly most: number;
  readonly lost: number;
  readonly latenciesUs: readonly number[];
  readonly cpuUs: number;
  readonly atUs: number;
}

/** A report from a client process. */
export type FromClient =
  | { readonly is: 'ready' }
  | { readonly is: 'connected'; readonly fromUs: number; readonly toUs: number }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'seen'; readonly frames: number }
  | { readonly is: 'counted'; readonly counted: Counted };

/** How messages are triggered. */
export interface Publishing {
  /** Messages go to these channels, one after another. */
  readonly channels: Plan;
  /** Messages per tick of the event loop, or per request. */
  readonly burst: number;
  /** The maximum number of messages in flight. */
  readonly window: number;
  /** The rate; undefined: as fast as the window allows. */
  readonly perSecond?: number;
}

/** A command to a publisher: a server that publishes its own messages, or the process that publishes over HTTP. */
export type ToPublisher =
  | { readonly do: 'publish'; readonly how: Publishing }
  /** Every subscriber has received this many messages. */
  | { readonly do: 'seen'; readonly messages: number }
  | { readonly do: 'stop' }
  | { readonly do: 'collect garbage' };

/** A report from a publisher. */
export type FromPublisher =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'stopped'; readonly published: number }
  | { readonly is: 'collected'; readonly heapUsed: number; readonly external: number };

/** The n-th channel of a plan. */
export function channelOf(plan: Plan, n: number): string {
  if ('shared' in plan) return plan.shared;
  if ('spread' in plan) return numbered(plan.spread, n % plan.over);
  return numbered(plan.own, n);
}

/** The channels of a connection. */
export function channelsOf(plans: readonly Plan[], connection: number): string[] {
  return plans.flatMap((plan) =>
    'own' in plan
      ? Array.from({ length: plan.each }, (_, k) => channelOf(plan, connection * plan.each + k))
      : [channelOf(plan, connection)],
  );
}

/** Names of equal length, so that all frames have the same size. */
function numbered(name: string, n: number): string {
  return `${name}-${String(n).padStart(6, '0')}`;
}

/** Microseconds of a clock that all processes of a machine share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
