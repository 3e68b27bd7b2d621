import type { Sql } from '../db/sql.ts';
import { parkedHead } from './parking.ts';
import type { Subscription } from './subscription.ts';

/** The keys of a partition that wait behind a parked event, for each subscription. */
export class BlockedKeys {
  readonly #keys = new Map<string, Set<string>>();
  readonly #toCheck = new Map<string, { readonly subscription: Subscription; readonly key: string }>();

  /** The blocked keys of a subscription. */
  of(subscription: string): ReadonlySet<string> {
    return this.#keys.get(subscription) ?? new Set();
  }

  /** Blocks a key. */
  add(subscription: string, key: string): void {
    const keys = this.#keys.get(subscription) ?? new Set();
    this.#keys.set(subscription, keys.add(key));
  }

  /** Blocks these keys instead of all others. */
  replace(blocked: readonly { readonly subscription: string; readonly key: string }[]): void {
    this.#keys.clear();
    for (const { subscription, key } of blocked) this.add(subscription, key);
  }

  /** Has the next `check` find out whether a key can be unblocked. */
  checkLater(subscription: Subscription, key: string): void {
    this.#toCheck.set(`${subscription.name} ${key}`, { subscription, key });
  }

  /** Unblocks the keys to check that have no parked events left. @returns whose events still wait for a retry. */
  async check(sql: Sql): Promise<readonly { readonly subscription: Subscription; readonly appId: number }[]> {
    const waiting = [];
    for (const [id, { subscription, key }] of [...this.#toCheck]) {
      this.#toCheck.delete(id);
      const holds = subscription.listener.onDeadLetter === 'hold';
      const head = await parkedHead(sql, subscription.name, key, holds);
      if (!head) this.#keys.get(subscription.name)?.delete(key);
      else {
        this.add(subscription.name, key);
        if (head.status === 'waiting') waiting.push({ subscription, appId: head.app_id });
      }
    }
    return waiting;
  }
}
