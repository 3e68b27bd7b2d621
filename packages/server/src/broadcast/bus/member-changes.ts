import type { PusherMessage } from './broadcast-message.ts';
import type { MemberPublication } from './presence-hash.ts';
import { keyOf } from './topic-key.ts';

/** A node that has not received its own change of a channel's members by then does not wait for it any longer. */
const echoMs = 1_000;

/**
 * The changes of members as Redis announces them. A node receives its own from Redis, too, because the other nodes'
 * changes come that way: all nodes receive them in the order in which Redis decided them.
 */
export class MemberChanges {
  readonly #node: string;
  readonly #deliver: (message: PusherMessage) => void;
  /** By channel and user: this node's newest change that it has not received. */
  readonly #awaited = new Map<string, { readonly order: number; readonly timer: NodeJS.Timeout }>();

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
    clearTimeout(this.#awaited.get(key)?.timer);
    const timer = setTimeout(() => {
      this.#awaited.delete(key);
      this.#deliver(message);
    }, echoMs).unref();
    this.#awaited.set(key, { order: message.order ?? 0, timer });
  }

  /** Delivers a change. */
  receive(message: PusherMessage): void {
    if (this.#awaited.size > 0) this.#settle(message);
    this.#deliver(message);
  }

  #settle(message: PusherMessage): void {
    const key = userKey(message);
    const awaited = this.#awaited.get(key);
    if (!awaited || awaited.order > (message.order ?? 0)) return;
    clearTimeout(awaited.timer);
    this.#awaited.delete(key);
  }
}

/** Watched users have a channel each; on presence channels the data names the user. */
function userKey({ appId, channel, data }: PusherMessage): string {
  const { user_id: user } = JSON.parse(data) as { user_id?: unknown };
  return `${keyOf(appId, channel)} ${user}`;
}
