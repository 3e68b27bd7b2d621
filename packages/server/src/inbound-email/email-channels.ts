import { cacheFor } from '../auth/cache-for.ts';
import type { ChannelRef } from '../channels/channel.ts';
import { splitTag } from '../channels/email/address-parts.ts';
import { addressOfChannel } from '../channels/email/email-settings.ts';

import type { Database } from '../db/database.ts';

/** An enabled email channel of an enabled app. */
export interface EmailChannel extends ChannelRef {
  /** Its normalised address. */
  readonly address: string;
  readonly settings: unknown;
}

/** Finds email channels, with a cache of a few seconds. */
export interface EmailChannels {
  /** All email channels, oldest first. */
  all(): Promise<readonly EmailChannel[]>;
  /** The channel of an address, ignoring its tag; of several, the oldest. */
  find(address: string): Promise<EmailChannel | undefined>;
}

/** How long a change of a channel can go unnoticed. */
const staleMs = 3_000;

/** Creates it on a database. */
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
      // The channel may be new: a sender that is rejected does not try again.
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
