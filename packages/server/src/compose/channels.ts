import { apiChannel } from '../channels/api/api-channel.ts';
import type { ChannelAdapter } from '../channels/channel.ts';
import { emailChannel } from '../channels/email/email-channel.ts';
import type { EmailServices } from '../channels/email/email-outlet.ts';
import { facebookChannel } from '../channels/facebook/facebook-channel.ts';
import { instagramChannel } from '../channels/instagram/instagram-channel.ts';
import { telegramChannel } from '../channels/telegram/telegram-channel.ts';
import { webChannel } from '../channels/web/web-channel.ts';
import { whatsappChannel } from '../channels/whatsapp/whatsapp-channel.ts';
import type { Config } from '../config/config.ts';

/** What the adapters are made with: settings, such as a provider's address, and our own keys. */
export interface ChannelServices {
  readonly config: Pick<Config, 'GRAPH_API_URL'>;
  readonly email: EmailServices;
}

/** Makes the adapters of a server. */
export type CreateAdapters = (services: ChannelServices) => readonly ChannelAdapter[];

/** All kinds of channel, in the order in which administrators see them. A new kind is a folder and a line here. */
export function channelAdapters({ config, email }: ChannelServices): readonly ChannelAdapter[] {
  const meta = { graphUrl: config.GRAPH_API_URL };
  return [
    webChannel,
    apiChannel,
    facebookChannel(meta),
    instagramChannel(meta),
    whatsappChannel(meta),
    emailChannel(email),
    telegramChannel,
  ];
}
