import { apiChannel } from '../channels/api/api-channel.ts';
import type { ChannelAdapter } from '../channels/channel.ts';
import { emailChannel } from '../channels/email/email-channel.ts';
import { facebookChannel } from '../channels/facebook/facebook-channel.ts';
import { instagramChannel } from '../channels/instagram/instagram-channel.ts';
import { telegramChannel } from '../channels/telegram/telegram-channel.ts';
import { webChannel } from '../channels/web/web-channel.ts';
import { whatsappChannel } from '../channels/whatsapp/whatsapp-channel.ts';

/** All kinds of channel, in the order in which administrators see them. A new kind is a folder and a line here. */
export const channelAdapters: readonly ChannelAdapter[] = [
  webChannel,
  apiChannel,
  facebookChannel,
  instagramChannel,
  whatsappChannel,
  emailChannel,
  telegramChannel,
];
