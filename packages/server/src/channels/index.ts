import { apiChannel } from './api/api-channel.ts';
import type { ChannelAdapter, ChannelSender } from './channel.ts';
import { emailChannel } from './email/email-channel.ts';
import { facebookChannel } from './facebook/facebook-channel.ts';
import { instagramChannel } from './instagram/instagram-channel.ts';
import { telegramChannel } from './telegram/telegram-channel.ts';
import { webChannel } from './web/web-channel.ts';
import { whatsappChannel } from './whatsapp/whatsapp-channel.ts';

/** Every kind of channel there is; a new one is a folder and a line here. */
export const channelAdapters: readonly ChannelAdapter[] = [
  webChannel,
  apiChannel,
  facebookChannel,
  instagramChannel,
  whatsappChannel,
  emailChannel,
  telegramChannel,
];

/** The adapter of that kind, if we have one. */
export function adapterFor(kind: string): ChannelAdapter | undefined {
  return channelAdapters.find((adapter) => adapter.kind === kind);
}

/** How replies reach the customers of a kind of channel. */
export function senderFor(kind: string): ChannelSender {
  const reason = `Nothing here can send to a channel of the kind "${kind}".`;
  return adapterFor(kind)?.sender ?? { delivers: 'never', reason };
}
