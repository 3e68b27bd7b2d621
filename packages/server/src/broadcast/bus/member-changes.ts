import { LRUCache } from 'lru-cache';
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
  /** Those received lately. */
  readonly #received = new LRUCache<string, true>({ max: 10_000, ttl: 10 * echoMs });

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

  /** A change of this node was published: delivers it if it is not received soon. */
  expect(message: PusherMessage): void {
    setTimeout(() => this.receive(message), echoMs).unref();
  }

  /** Delivers a change, once. */
  receive(message: PusherMessage): void {
    const change = `${keyOf(message.appId, message.channel)} ${message.order}`;
    if (this.#received.has(change)) return;
    this.#received.set(change, true);
    this.#deliver(message);
  }
}
