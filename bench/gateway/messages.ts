/** What connections subscribe to, by their number. */
export type Plan =
  /** All of them to the same channel. */
  | { readonly shared: string }
  /** Spread evenly over so many channels. */
  | { readonly spread: string; readonly over: number }
  /** Each to so many channels of its own. */
  | { readonly own: string; readonly each: number };

/** How a server is spoken to. */
export type Dialect = 'pusher' | 'socket.io';

/** A command to a client process. */
export type ToClient =
  | {
      readonly do: 'connect';
      readonly port: number;
      readonly dialect: Dialect;
      /** The number of the first connection, and how far the next one's number is. */
      readonly from: number;
      readonly step: number;
      readonly count: number;
      readonly plans: readonly Plan[];
      /** Connections that are being made at the same moment. */
      readonly inFlight: number;
      /** Every so many connections one reads time stamps; 0: none. */
      readonly sampleEvery: number;
    }
  | { readonly do: 'collect'; readonly forgetLatencies?: boolean };

/** What a client process has counted. */
export interface Counted {
  readonly connections: number;
  readonly frames: number;
  /** Of the connection that has received the fewest, and the most. */
  readonly fewest: number;
  readonly most: number;
  readonly lost: number;
  readonly latenciesUs: readonly number[];
  readonly cpuUs: number;
  readonly atUs: number;
}

/** What a client process tells. */
export type FromClient =
  | { readonly is: 'ready' }
  | { readonly is: 'connected'; readonly fromUs: number; readonly toUs: number }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'seen'; readonly frames: number }
  | { readonly is: 'counted'; readonly counted: Counted };

/** How messages are triggered. */
export interface Publishing {
  /** Messages go to these in turn. */
  readonly channels: Plan;
  /** So many in one turn of the event loop, or in one request. */
  readonly burst: number;
  /** So many may be on their way to the clients at the most. */
  readonly window: number;
  /** Paced at this rate; undefined: as fast as it goes. */
  readonly perSecond?: number;
}

/** A command to a publisher: a server that publishes its own messages, or the process that triggers over HTTP. */
export type ToPublisher =
  | { readonly do: 'publish'; readonly how: Publishing }
  /** Every subscriber has received this many messages. */
  | { readonly do: 'seen'; readonly messages: number }
  | { readonly do: 'stop' }
  | { readonly do: 'collect garbage' };

/** What a publisher tells. */
export type FromPublisher =
  | { readonly is: 'listening'; readonly port: number }
  | { readonly is: 'stopped'; readonly published: number }
  | { readonly is: 'collected'; readonly heapUsed: number; readonly external: number };

/** The n-th channel that a plan names: for connections theirs, for publishers all in turn. */
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

/** Names of one length, so that all frames have the same. */
function numbered(name: string, n: number): string {
  return `${name}-${String(n).padStart(6, '0')}`;
}

/** Microseconds of a clock that all processes of a machine share. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
