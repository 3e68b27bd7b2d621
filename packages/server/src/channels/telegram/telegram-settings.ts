import { z } from 'zod';

/** What a Telegram channel must be told: its bot's token, and the text by which we know Telegram. */
export const telegramSettingsSchema = z.strictObject({
  /** As BotFather gives it: the bot's number, a colon, a secret. */
  token: z.string().regex(/^\d{1,20}:[\w-]{20,100}$/, 'is the bot’s number, a colon, and its secret'),
  /** What was given to `setWebhook` as `secret_token`; Telegram repeats it with every update. */
  secretToken: z.string().regex(/^[\w-]{16,256}$/, 'has 16 to 256 letters, digits, `_` or `-`'),
  /** Where the Bot API is; a server of your own speaks it too. */
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .default('https://api.telegram.org'),
});

/** A Telegram channel's settings, with their defaults. */
export type TelegramSettings = z.output<typeof telegramSettingsSchema>;
