import { z } from 'zod';

/** What a Telegram channel must be told: its bot's token, and the text by which we know Telegram. */
export const telegramSettingsSchema = z.strictObject({
  token: z
    .string()
    .regex(/^\d{1,20}:[\w-]{20,100}$/, 'is the bot’s number, a colon, and its secret')
    .meta({
      title: 'Token',
      description: 'As @BotFather gives it: the bot’s number, a colon, its secret.',
      isSecret: true,
    }),
  secretToken: z
    .string()
    .regex(/^[\w-]{16,256}$/, 'has 16 to 256 letters, digits, `_` or `-`')
    .meta({
      title: 'Secret token',
      description:
        'Any text of yours. Telegram repeats it with every update, so that nobody else can send any. With another bot, give another text: the old bot’s updates are refused then.',
      isSecret: true,
      isOwn: true,
    }),
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .default('https://api.telegram.org')
    .meta({ title: 'Address of the Bot API', description: 'A server of your own speaks it too.' }),
  messagesPerSecond: z.number().min(0.001).max(10_000).default(30).meta({
    title: 'Messages a second',
    description: 'How fast messages go out: 30 is what Telegram takes of a bot that has not bought more.',
  }),
});

/** A Telegram channel's settings, with their defaults. */
export type TelegramSettings = z.output<typeof telegramSettingsSchema>;

/** The number of a channel's bot: it stays the same when the bot is given another secret. */
export function botIdOf(settings: unknown): string {
  return telegramSettingsSchema.parse(settings).token.split(':')[0] ?? '';
}
