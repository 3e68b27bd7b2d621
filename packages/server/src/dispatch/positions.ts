import type { Event } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { moveCheckpoints } from './checkpoints.ts';
import { FencedError } from './errors.ts';
import type { Progress } from './progress-reader.ts';
import type { Subscription } from './subscription.ts';

/** How far a subscription has read a partition: `stored` in the database, `seen` in memory and possibly ahead. */
export interface Position {
  readonly subscription: Subscription;
  /** The app whose events it counts; `null` for all apps that have no position of their own. */
  readonly appId: number | null;
  stored: number;
  seen: number;
  /** As in the database: how often apps were split off, or joined again. */
  splits: number;
}

/** For which apps subscriptions are paused at the moment. */
export interface Pauses {
  /** The apps for which a subscription is paused. */
  appsOf(subscription: string): ReadonlySet<number>;
}

/**
 * The positions of a partition's subscriptions. An app for which a subscription is paused gets a position of its own, so
 * that the events of other apps go on; once it is resumed, its events are handled from there, in order, until they have
 * caught up with the others.
 */
export class Positions {
  readonly #partition: number;
  readonly #sql: Database['sql'];
  readonly #pauses: Pauses;
  #all: readonly Position[] = [];

  /** Has no position before `replace`. */
  constructor(partition: number, sql: Database['sql'], pauses: Pauses) {
    this.#partition = partition;
    this.#sql = sql;
    this.#pauses = pauses;
  }

  /** Takes the positions of these subscriptions from the database. @throws Error if one has no checkpoint. */
  replace(subscriptions: readonly Subscription[], { checkpoints }: Pick<Progress, 'checkpoints'>): void {
    this.#all = subscriptions.flatMap((subscription) =>
      checkpoints
        .filter((one) => one.subscription === subscription.name)
        .map(({ appId, offset, splits }) => ({ subscription, appId, stored: offset, seen: offset, splits })),
    );
    for (const subscription of subscriptions) this.#sharedOf(subscription);
  }

  /** Whether some position that is not paused could read an event at this offset, or join the others. */
  canAdvance(offset: number): boolean {
    return this.#all.some(
      (position) =>
        this.isActive(position) &&
        (position.seen < offset || (position.appId !== null && this.#hasCaughtUp(position))),
    );
  }

  /**
   * The positions that read next, by where they are: all shared ones, and of those of single apps the ones that are
   * furthest behind, so that however many catch up, the others wait for one batch of them.
   */
  groups(): ReadonlyMap<number, readonly Position[]> {
    const active = this.#all.filter((position) => this.isActive(position));
    const furthest = Math.min(...active.filter(({ appId }) => appId !== null).map(({ seen }) => seen));
    const groups = new Map<number, Position[]>();
    for (const position of active) {
      if (position.appId !== null && position.seen > furthest) continue;
      groups.set(position.seen, [...(groups.get(position.seen) ?? []), position]);
    }
    return groups;
  }

  /** Whether a position can advance. */
  isActive({ subscription, appId }: Position): boolean {
    return appId === null || !this.#pauses.appsOf(subscription.name).has(appId);
  }

  /** Whether the subscription was paused for an app whose events this position still counts. */
  hasPausedApps({ subscription, appId }: Position): boolean {
    return appId === null && this.#unsplit(subscription).length > 0;
  }

  /** The events that a position counts: up to where all other apps are if it is that of one app. */
  eventsOf({ subscription, appId }: Position, events: readonly Event[]): readonly Event[] {
    if (appId === null) {
      const apart = new Set(this.#appsApart(subscription).map((position) => position.appId));
      return apart.size === 0 ? events : events.filter((event) => !apart.has(event.appId));
    }
    const end = this.#sharedOf(subscription).seen;
    return events.filter((event) => event.appId === appId && event.offset <= end);
  }

  /** How far a position gets by reading up to an offset. */
  reachedBy({ subscription, appId, seen }: Position, offset: number): number {
    return appId === null ? offset : Math.max(seen, Math.min(offset, this.#sharedOf(subscription).seen));
  }

  /** The move of a position's checkpoint to an offset. */
  moveOf({ subscription, appId, splits, stored }: Position, to: number) {
    return { subscription, appId, splits, partition: this.#partition, from: stored, to };
  }

  /**
   * Gives the apps for which a subscription is paused positions of their own, from where it is.
   * @throws FencedError when another node has moved its checkpoint.
   */
  async splitPausedApps(position: Position): Promise<void> {
    const { subscription, stored } = position;
    const apps = this.#unsplit(subscription);
    if (position.appId !== null || apps.length === 0) return;
    const created = await this.#sql`
      WITH split AS (
        UPDATE checkpoints SET splits = splits + 1
        WHERE partition = ${this.#partition} AND subscription = ${subscription.name}
          AND "offset" = ${stored} AND splits = ${position.splits}
        RETURNING subscription, partition, "offset"
      )
      INSERT INTO app_checkpoints (subscription, partition, app_id, "offset")
      SELECT subscription, partition, app_id, "offset" FROM split CROSS JOIN unnest(${apps}::int[]) AS app_id`;
    if (created.count !== apps.length) throw this.#fenced(subscription);
    position.splits += 1;
    const own = apps.map((appId) => ({ subscription, appId, stored, seen: stored, splits: 0 }));
    this.#all = [...this.#all, ...own];
  }

  /**
   * Ends the own positions of resumed apps that have caught up.
   * @throws FencedError when another node has moved a checkpoint.
   */
  async joinCaughtUp(): Promise<void> {
    const joining = this.#all.filter(
      (position) => position.appId !== null && this.isActive(position) && this.#hasCaughtUp(position),
    );
    for (const shared of new Set(joining.map(({ subscription }) => this.#sharedOf(subscription)))) {
      const own = joining.filter(({ subscription }) => subscription === shared.subscription);
      await this.#join(shared, own);
    }
  }

  /** Stores the positions that have advanced past events of other subscriptions and apps. */
  async flush(): Promise<void> {
    const ahead = this.#all.filter(({ seen, stored }) => seen !== stored);
    if (ahead.length === 0) return;
    await moveCheckpoints(
      this.#sql,
      ahead.map((position) => this.moveOf(position, position.seen)),
    );
    for (const position of ahead) position.stored = position.seen;
  }

  #hasCaughtUp(position: Position): boolean {
    return position.seen === this.#sharedOf(position.subscription).seen;
  }

  /** Moves the shared checkpoint along: what the apps have handled must not be handled again with the others. */
  async #join(shared: Position, own: readonly Position[]): Promise<void> {
    const { subscription } = shared;
    await this.#sql.begin(async (sql) => {
      const moved = await sql`
        UPDATE checkpoints SET "offset" = ${shared.seen}, splits = splits + 1
        WHERE partition = ${this.#partition} AND subscription = ${subscription.name}
          AND "offset" = ${shared.stored} AND splits = ${shared.splits}`;
      const ended = await sql`
        DELETE FROM app_checkpoints
        USING unnest(${own.map(({ appId }) => appId)}::int[], ${own.map(({ stored }) => stored)}::bigint[])
          AS own (app_id, stood)
        WHERE partition = ${this.#partition} AND subscription = ${subscription.name}
          AND app_checkpoints.app_id = own.app_id AND "offset" = own.stood`;
      if (moved.count !== 1 || ended.count !== own.length) throw this.#fenced(subscription);
    });
    shared.stored = shared.seen;
    shared.splits += 1;
    this.#all = this.#all.filter((one) => !own.includes(one));
  }

  #fenced({ name }: Subscription): FencedError {
    return new FencedError(`partition ${this.#partition}: the checkpoint of ${name} has changed`);
  }

  #unsplit(subscription: Subscription): readonly number[] {
    const paused = this.#pauses.appsOf(subscription.name);
    if (paused.size === 0) return [];
    const apart = new Set(this.#appsApart(subscription).map(({ appId }) => appId));
    return [...paused].filter((appId) => !apart.has(appId));
  }

  #appsApart(subscription: Subscription): readonly Position[] {
    return this.#all.filter((one) => one.subscription === subscription && one.appId !== null);
  }

  #sharedOf(subscription: Subscription): Position {
    const shared = this.#all.find((one) => one.subscription === subscription && one.appId === null);
    if (!shared) throw new Error(`${subscription.name} has no checkpoint in partition ${this.#partition}`);
    return shared;
  }
}
