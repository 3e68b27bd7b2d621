import { z } from 'zod';

/** The settings of a Telegram channel: the bot's token, and the secret with which Telegram authenticates to us. */
export const telegramSettingsSchema = z.strictObject({
  token: z
    .string()
    .regex(/^\d{1,20}:[\w-]{20,100}$/, 'must be the bot’s ID, a colon and its secret')
    .meta({
      title: 'Token',
      description: 'The token from @BotFather: the bot’s ID, a colon and its secret.',
      isSecret: true,
    }),
  secretToken: z
    .string()
    .regex(/^[\w-]{16,256}$/, 'must have 16 to 256 letters, digits, `_` or `-`')
    .meta({
      title: 'Secret token',
      description:
        'Any text you choose. Telegram sends it with every request as proof of origin. Change it when you switch to another bot, so that requests of the old bot are rejected.',
      isSecret: true,
      isOwn: true,
    }),
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .default('https://api.telegram.org')
    .meta({ title: 'Bot API URL', description: 'Change it if you run your own Bot API server.' }),
  messagesPerSecond: z.number().min(0.001).max(10_000).default(30).meta({
    title: 'Messages per second',
    description: 'The rate at which messages are sent. Telegram allows 30 without a paid plan.',
  }),
});

/** A Telegram channel's settings, with their defaults. */
export type TelegramSettings = z.output<typeof telegramSettingsSchema>;

/** The id of a channel's bot: it stays the same when the bot's token is renewed. */
export function botIdOf(settings: unknown): string {
  return telegramSettingsSchema.parse(settings).token.split(':')[0] ?? '';
}
