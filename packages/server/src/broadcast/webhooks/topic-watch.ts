import { parsePusherChannel, userOfOnlineChannel } from '@mevrik/protocol';
import type { Bus } from '../bus/bus.ts';
import type { OccupancyChange } from '../bus/occupancy.ts';
import type { Whereabouts } from '../bus/presence.ts';
import type { GatewayApp, GatewayApps, GatewayLog, PusherWebhookEventName } from '../gateway-deps.ts';
import { CountTeller } from './count-notifier.ts';
import type { PusherWebhookEvent, WebhookSender } from './webhook-sender.ts';

/** What a watch is given. */
export interface ChannelWatchOptions {
  readonly apps: GatewayApps;
  readonly bus: Bus;
  readonly log: GatewayLog;
  readonly sender: Pick<WebhookSender, 'post'>;
  /** Who leaves and is back by then has not been away: a page was loaded again. */
  readonly lingerMs: number;
}

type Detail = Readonly<Record<string, string | number>>;

/** A channel or a member, as the register of what back ends know has it. */
interface Thing extends Whereabouts {
  readonly userId?: string;
}

/**
 * Notices what happens to the channels of apps, and has their back ends and subscribers told, as they wish. Whichever
 * node notices something, the shared register sees to it that it is told once, and that coming and going alternate.
 */
export class ChannelWatch {
  readonly #with: ChannelWatchOptions;
  readonly #counts: CountTeller;
  readonly #lingering = new Map<string, { readonly thing: Thing; readonly timer: NodeJS.Timeout }>();
  readonly #working = new Set<Promise<void>>();
  /** Apps whose register this node may have to clean up. */
  readonly #appIds = new Set<number>();

  constructor(options: ChannelWatchOptions) {
    this.#with = options;
    this.#counts = new CountTeller(options.bus);
    options.bus.occupancy.observe((change) => this.#tried(() => this.#onOccupancy(change)));
    options.bus.presence.observe(({ isHere, isNews, ...thing }) =>
      this.#tried(() => (isHere ? this.#onCome(thing, isNews) : this.#onGone(thing))),
    );
  }

  /** A user came to a presence channel with their first connection. */
  memberAdded(at: Whereabouts, userId: string): void {
    this.#tried(() => this.#onCome({ ...at, userId }, true));
  }

  /** A user's last connection left a presence channel. */
  memberRemoved(at: Whereabouts, userId: string): void {
    this.#tried(() => this.#onGone({ ...at, userId }));
  }

  /** A client sent an event to the others. */
  clientEvent({ id, settings }: GatewayApp, channel: string, detail: Detail): void {
    if (settings.realtime.webhooks.length > 0) {
      this.#tried(() => this.#tell(id, 'client_event', channel, detail));
    }
  }

  /** Somebody subscribed to a cache channel that had nothing to tell. */
  cacheMissed({ id, settings }: GatewayApp, channel: string): void {
    if (settings.realtime.webhooks.length > 0) this.#tried(() => this.#tell(id, 'cache_miss', channel));
  }

  /** Notices what went while nobody looked, as with a node that ended while something lingered there. */
  async sweep(): Promise<void> {
    for (const appId of this.#appIds) {
      const occupied = await this.#with.bus.occupancy.list(appId);
      for (const entry of await this.#with.bus.told.list(appId)) {
        const thing = readThing(appId, entry);
        if (!thing || (thing.userId === undefined && occupied.has(thing.channel))) continue;
        if (!(await this.#isThere(thing))) await this.#onGone(thing);
      }
    }
  }

  /** What lingers is told now. */
  async stop(): Promise<void> {
    this.#counts.stop();
    await this.#with.bus.occupancy.settled();
    await Promise.all(this.#working);
    const lingering = [...this.#lingering.values()];
    this.#lingering.clear();
    for (const { timer } of lingering) clearTimeout(timer);
    await Promise.all(lingering.map(({ thing }) => this.#strike(thing).catch(() => {})));
  }

  async #onOccupancy({ appId, channel, before, now, isNews }: OccupancyChange): Promise<void> {
    const parsed = parsePusherChannel(channel);
    if (!parsed || parsed.kind === 'user') return;
    const app = await this.#appOf(appId);
    if (!app) return;
    const { subscriptionCount, webhooks } = app.settings.realtime;
    if (now > 0 && before <= 0) await this.#onCome({ appId, channel }, isNews);
    if (isNews && now > 0 && parsed.kind !== 'presence') {
      if (subscriptionCount) this.#counts.changed(appId, channel, now);
      if (subscriptionCount || webhooks.length > 0) {
        await this.#tell(appId, 'subscription_count', channel, { subscription_count: now });
      }
    }
    if (now <= 0) await this.#onGone({ appId, channel });
  }

  async #onCome(thing: Thing, isNews: boolean): Promise<void> {
    if (!(await this.#isToBeTold(thing))) return;
    this.#appIds.add(thing.appId);
    const isNew = await this.#with.bus.told.enter(thing.appId, writeThing(thing));
    if (isNew && isNews) await this.#tellOf(thing, true);
  }

  async #onGone(thing: Thing): Promise<void> {
    if (!(await this.#isToBeTold(thing))) return;
    const key = `${thing.appId} ${writeThing(thing)}`;
    if (this.#lingering.has(key)) return;
    const timer = setTimeout(() => {
      this.#lingering.delete(key);
      this.#tried(() => this.#strike(thing));
    }, this.#with.lingerMs).unref();
    this.#lingering.set(key, { thing, timer });
  }

  async #strike(thing: Thing): Promise<void> {
    if (await this.#isThere(thing)) return;
    if (!(await this.#with.bus.told.strike(thing.appId, writeThing(thing)))) return;
    await this.#tellOf(thing, false);
    // Who came back in between found itself still entered.
    if (await this.#isThere(thing)) await this.#onCome(thing, true);
  }

  async #isThere({ appId, channel, userId }: Thing): Promise<boolean> {
    const { occupancy, presence } = this.#with.bus;
    if (userId === undefined) return (await occupancy.countOf(appId, channel)) > 0;
    return (await presence.members(appId, channel)).has(userId);
  }

  #tellOf({ appId, channel, userId }: Thing, isHere: boolean): Promise<void> {
    if (userId === undefined) {
      return this.#tell(appId, isHere ? 'channel_occupied' : 'channel_vacated', channel);
    }
    return this.#tell(appId, isHere ? 'member_added' : 'member_removed', channel, { user_id: userId });
  }

  async #isToBeTold({ appId, channel }: Thing): Promise<boolean> {
    if (userOfOnlineChannel(channel) !== undefined) return false;
    return ((await this.#appOf(appId))?.settings.realtime.webhooks.length ?? 0) > 0;
  }

  async #tell(
    appId: number,
    name: PusherWebhookEventName,
    channel: string,
    detail: Detail = {},
  ): Promise<void> {
    const app = await this.#appOf(appId);
    if (!app) return;
    const event: PusherWebhookEvent = { name, channel, ...detail };
    for (const { url, events } of app.settings.realtime.webhooks) {
      if (events.includes(name)) this.#with.sender.post(app, url, event);
    }
  }

  async #appOf(appId: number): Promise<GatewayApp | undefined> {
    const app = await this.#with.apps.byId(appId);
    return app?.enabled ? app : undefined;
  }

  #tried(work: () => Promise<void>): void {
    const working = work()
      .catch((error: unknown) => {
        this.#with.log.warn({ error: String(error) }, 'what happened to a channel could not be told');
      })
      .finally(() => this.#working.delete(working));
    this.#working.add(working);
  }
}

function writeThing({ channel, userId }: Thing): string {
  return JSON.stringify(userId === undefined ? [channel] : [channel, userId]);
}

function readThing(appId: number, entry: string): Thing | undefined {
  const [channel, userId] = JSON.parse(entry) as [string?, string?];
  if (channel === undefined) return undefined;
  return { appId, channel, ...(userId === undefined ? {} : { userId }) };
}
