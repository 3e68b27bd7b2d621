import { parsePusherChannel, userOfOnlineChannel } from '@mevrik/protocol';
import { LRUCache } from 'lru-cache';
import { Unfinished } from '../../domain/unfinished.ts';
import type { Bus } from '../bus/bus.ts';
import type { OccupancyChange } from '../bus/occupancy.ts';
import type { PresenceChannel } from '../bus/presence.ts';
import type { GatewayApp, GatewayApps, GatewayLog, PusherWebhookEventName } from '../gateway-deps.ts';
import { CountNotifier } from './count-notifier.ts';
import type { PusherWebhookEvent, WebhookSender } from './webhook-sender.ts';

/** What a watch depends on. */
export interface TopicWatchDeps {
  readonly apps: GatewayApps;
  readonly bus: Bus;
  readonly log: GatewayLog;
  readonly sender: Pick<WebhookSender, 'post'>;
  /** How long a member may be gone without having left: the time of a page reload. */
  readonly lingerMs: number;
}

/** Arrivals that are remembered while they cannot be registered. */
const maxUnreported = 10_000;

type Detail = Readonly<Record<string, string | number>>;

/** A channel, or a member of one, as kept in the register. */
interface TrackedItem extends PresenceChannel {
  readonly userId?: string;
}

/**
 * Observes the channels of apps and notifies their back ends and subscribers, as configured. Whichever node observes a
 * change, the shared register ensures that it is sent once, and that occupied and vacated alternate.
 */
export class TopicWatch {
  readonly #deps: TopicWatchDeps;
  readonly #counts: CountNotifier;
  readonly #lingering = new Map<string, { readonly item: TrackedItem; readonly timer: NodeJS.Timeout }>();
  /** Arrivals that could not be registered, because Redis did not answer: reported when they are restored. */
  readonly #unreported = new LRUCache<string, true>({ max: maxUnreported });
  readonly #working = new Unfinished();
  /** Apps with registered items that this node may have to remove. */
  readonly #appIds = new Set<number>();

  constructor(deps: TopicWatchDeps) {
    this.#deps = deps;
    this.#counts = new CountNotifier(deps.bus);
    deps.bus.occupancy.observe((change) => this.#runLogged(() => this.#onOccupancy(change)));
    deps.bus.presence.observe(({ isPresent, shouldNotify, ...item }) =>
      this.#runLogged(() => (isPresent ? this.#onArrived(item, shouldNotify) : this.#onLeft(item))),
    );
  }

  /** A user's first connection joined a presence channel. */
  memberAdded(at: PresenceChannel, userId: string): void {
    this.#runLogged(() => this.#onArrived({ ...at, userId }, true));
  }

  /** A user's last connection left a presence channel. */
  memberRemoved(at: PresenceChannel, userId: string): void {
    this.#runLogged(() => this.#onLeft({ ...at, userId }));
  }

  /** A client sent a client event. */
  clientEvent({ id, settings }: GatewayApp, channel: string, detail: Detail): void {
    if (settings.realtime.webhooks.length > 0) {
      this.#runLogged(() => this.#notify(id, 'client_event', channel, detail));
    }
  }

  /** A client subscribed to an empty cache channel. */
  cacheMissed({ id, settings }: GatewayApp, channel: string): void {
    if (settings.realtime.webhooks.length > 0) this.#runLogged(() => this.#notify(id, 'cache_miss', channel));
  }

  /** Removes items that no node observed leaving, such as those lingering on a node that died. */
  async sweep(): Promise<void> {
    for (const appId of this.#appIds) {
      const occupied = await this.#deps.bus.occupancy.list(appId);
      for (const entry of await this.#deps.bus.notified.list(appId)) {
        const item = readItem(appId, entry);
        if (!item || (item.userId === undefined && occupied.has(item.channel))) continue;
        if (!(await this.#isPresent(item))) await this.#onLeft(item);
      }
    }
  }

  /** Sends what lingers now. */
  async stop(): Promise<void> {
    this.#counts.stop();
    await this.#deps.bus.occupancy.settled();
    await this.#working.ended();
    const lingering = [...this.#lingering.values()];
    this.#lingering.clear();
    for (const { timer } of lingering) clearTimeout(timer);
    // What fails here is removed by the next sweep of any node.
    await Promise.all(lingering.map(({ item }) => this.#remove(item).catch(() => {})));
  }

  async #onOccupancy({ appId, channel, before, now, shouldNotify }: OccupancyChange): Promise<void> {
    const parsed = parsePusherChannel(channel);
    if (!parsed || parsed.kind === 'user') return;
    const app = await this.#appOf(appId);
    if (!app) return;
    const { subscriptionCount, webhooks } = app.settings.realtime;
    if (now > 0 && before <= 0) await this.#onArrived({ appId, channel }, shouldNotify);
    if (shouldNotify && now > 0 && parsed.kind !== 'presence') {
      if (subscriptionCount) this.#counts.changed(appId, channel, now);
      if (subscriptionCount || webhooks.length > 0) {
        await this.#notify(appId, 'subscription_count', channel, { subscription_count: now });
      }
    }
    if (now <= 0) await this.#onLeft({ appId, channel });
  }

  async #onArrived(item: TrackedItem, shouldNotify: boolean): Promise<void> {
    if (!(await this.#hasWebhooks(item))) return;
    this.#appIds.add(item.appId);
    const key = `${item.appId} ${writeItem(item)}`;
    const mustNotify = this.#unreported.delete(key) || shouldNotify;
    const isNew = await this.#deps.bus.notified.add(item.appId, writeItem(item)).catch((error: unknown) => {
      if (mustNotify) this.#unreported.set(key, true);
      throw error;
    });
    if (isNew && mustNotify) await this.#notifyChange(item, true);
  }

  async #onLeft(item: TrackedItem): Promise<void> {
    if (!(await this.#hasWebhooks(item))) return;
    const key = `${item.appId} ${writeItem(item)}`;
    if (this.#lingering.has(key)) return;
    const timer = setTimeout(() => {
      this.#lingering.delete(key);
      this.#runLogged(() => this.#remove(item));
    }, this.#deps.lingerMs).unref();
    this.#lingering.set(key, { item, timer });
  }

  async #remove(item: TrackedItem): Promise<void> {
    if (await this.#isPresent(item)) return;
    if (!(await this.#deps.bus.notified.remove(item.appId, writeItem(item)))) return;
    await this.#notifyChange(item, false);
    // An item that returned in between was still registered.
    if (await this.#isPresent(item)) await this.#onArrived(item, true);
  }

  async #isPresent({ appId, channel, userId }: TrackedItem): Promise<boolean> {
    const { occupancy, presence } = this.#deps.bus;
    if (userId === undefined) return (await occupancy.countOf(appId, channel)) > 0;
    return (await presence.members(appId, channel)).members.has(userId);
  }

  #notifyChange({ appId, channel, userId }: TrackedItem, isPresent: boolean): Promise<void> {
    if (userId === undefined) {
      return this.#notify(appId, isPresent ? 'channel_occupied' : 'channel_vacated', channel);
    }
    return this.#notify(appId, isPresent ? 'member_added' : 'member_removed', channel, { user_id: userId });
  }

  async #hasWebhooks({ appId, channel }: TrackedItem): Promise<boolean> {
    if (userOfOnlineChannel(channel) !== undefined) return false;
    return ((await this.#appOf(appId))?.settings.realtime.webhooks.length ?? 0) > 0;
  }

  async #notify(
    appId: number,
    name: PusherWebhookEventName,
    channel: string,
    detail: Detail = {},
  ): Promise<void> {
    const app = await this.#appOf(appId);
    if (!app) return;
    const event: PusherWebhookEvent = { name, channel, ...detail };
    for (const { url, events } of app.settings.realtime.webhooks) {
      if (events.includes(name)) this.#deps.sender.post(app, url, event);
    }
  }

  async #appOf(appId: number): Promise<GatewayApp | undefined> {
    const app = await this.#deps.apps.byId(appId);
    return app?.enabled ? app : undefined;
  }

  #runLogged(work: () => Promise<void>): void {
    void this.#working.add(work()).catch((error: unknown) => {
      this.#deps.log.warn({ err: error }, 'failed to notify about a channel');
    });
  }
}

function writeItem({ channel, userId }: TrackedItem): string {
  return JSON.stringify(userId === undefined ? [channel] : [channel, userId]);
}

function readItem(appId: number, entry: string): TrackedItem | undefined {
  const [channel, userId] = JSON.parse(entry) as [string?, string?];
  if (channel === undefined) return undefined;
  return { appId, channel, ...(userId === undefined ? {} : { userId }) };
}
