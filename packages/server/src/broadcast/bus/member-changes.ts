import { onceRead } from '../../domain/deadline.ts';
import type { PusherMessage } from './broadcast-message.ts';
import type { MemberPublication } from './presence-hash.ts';
import { keyOf } from './topic-key.ts';

/** A node that has not received its own change of a channel's members by then does not wait for it any longer. */
const echoMs = 1_000;
/** For this long afterwards, it knows the change when it comes after all. */
const lateEchoMs = 60_000;

/** A change of this node that it has not received yet. */
interface Awaited {
  readonly order: number;
  readonly timer: NodeJS.Timeout;
  /** Whether its clients have received it all the same. */
  readonly isDelivered: boolean;
}

/**
 * The changes of members as Redis announces them. A node receives its own from Redis, too, because the other nodes'
 * changes come that way: all nodes receive them in the order in which Redis decided them.
 */
export class MemberChanges {
  readonly #node: string;
  readonly #deliver: (message: PusherMessage) => void;
  /** By channel and user: this node's newest change that it has not received. */
  readonly #awaited = new Map<string, Awaited>();

  /** @param deliver delivers a change to the clients of this node. */
  constructor(node: string, deliver: (message: PusherMessage) => void) {
    this.#node = node;
    this.#deliver = deliver;
  }

  /** What Redis is to publish; it fills in the order. */
  publicationOf(name: string, message: PusherMessage): MemberPublication {
    const head = `{"node":${JSON.stringify(this.#node)},"message":{"order":`;
    return { name, head, tail: `,${JSON.stringify(message).slice(1)}}` };
  }

  /** A change of this node was published: delivers it if neither it nor a newer one of the user is received soon. */
  expect(message: PusherMessage): void {
    const key = userKey(message);
    const order = message.order ?? 0;
    clearTimeout(this.#awaited.get(key)?.timer);
    const timer = setTimeout(() => onceRead(() => this.#giveUp(key, message)), echoMs).unref();
    this.#awaited.set(key, { order, timer, isDelivered: false });
  }

  /** Delivers a change. */
  receive(message: PusherMessage): void {
    if (this.#awaited.size > 0 && this.#settle(message)) return;
    this.#deliver(message);
  }

  #giveUp(key: string, message: PusherMessage): void {
    const { order = 0 } = message;
    const awaited = this.#awaited.get(key);
    if (awaited?.order !== order || awaited.isDelivered) return;
    const timer = setTimeout(() => this.#awaited.delete(key), lateEchoMs).unref();
    this.#awaited.set(key, { order, timer, isDelivered: true });
    this.#deliver(message);
  }

  /** @returns whether the clients have received this change, and no other one of the user since. */
  #settle(message: PusherMessage): boolean {
    const key = userKey(message);
    const { order = 0 } = message;
    const awaited = this.#awaited.get(key);
    // What was delivered early is delivered again after an older one, so that the newest comes last.
    if (!awaited || (awaited.order > order && !awaited.isDelivered)) return false;
    clearTimeout(awaited.timer);
    this.#awaited.delete(key);
    return awaited.isDelivered && awaited.order === order;
  }
}

/** Watched users have a channel each; on presence channels the data names the user. */
function userKey({ appId, channel, data }: PusherMessage): string {
  const { user_id: user } = JSON.parse(data) as { user_id?: unknown };
  return `${keyOf(appId, channel)} ${user}`;
}
