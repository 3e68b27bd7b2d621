import { cacheFor } from '../auth/cache-for.ts';
import type { ChannelRef } from '../channels/channel.ts';
import { addressOfChannel } from '../channels/email/email-settings.ts';
import { splitTag } from '../channels/email/address-parts.ts';

import type { Database } from '../db/database.ts';

/** An email channel that is switched on, in an app that is. */
export interface EmailChannel extends ChannelRef {
  /** Its address, as addresses are compared. */
  readonly address: string;
  readonly settings: unknown;
}

/** Finds email channels; what it has found it remembers for a few seconds. */
export interface EmailChannels {
  /** All of them, oldest first. */
  all(): Promise<readonly EmailChannel[]>;
  /** The one that an address belongs to, whatever stands behind a `+`. Of several the oldest has it. */
  find(address: string): Promise<EmailChannel | undefined>;
}

/** How long a change of a channel may go unseen. */
const staleMs = 3_000;

/** Makes it on a database. */
export function createEmailChannels({ sql }: Pick<Database, 'sql'>): EmailChannels {
  const known = cacheFor(staleMs, async () => {
    const rows = await sql<{ app_id: number; name: string; settings: unknown }[]>`
      SELECT app_id, channels.name, channels.settings FROM channels JOIN apps ON apps.id = app_id
      WHERE kind = 'email' AND channels.enabled AND apps.enabled ORDER BY channels.id`;
    return rows.flatMap(({ app_id: appId, name: channel, settings }) => {
      const address = addressOfChannel(settings);
      return address === undefined ? [] : [{ appId, channel, address, settings }];
    });
  });
  const all = () => known.get('all');
  return {
    all,
    async find(address) {
      const found = among(await all(), address);
      if (found) return found;
      // A channel may be new, and whoever is told that it is nobody does not come again.
      known.forget();
      return among(await all(), address);
    },
  };
}

function among(channels: readonly EmailChannel[], address: string): EmailChannel | undefined {
  const plain = splitTag(address).address;
  return (
    channels.find((channel) => channel.address === address) ??
    channels.find((channel) => channel.address === plain)
  );
}
