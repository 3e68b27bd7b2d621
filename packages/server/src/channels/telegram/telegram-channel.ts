import { sameSecret } from '../../auth/secrets.ts';
import type { ChannelAdapter } from '../channel.ts';
import { composeTelegram, telegramCapabilities } from './compose-telegram.ts';
import { fileIdIn, parseTelegram, splitTelegram } from './parse-telegram.ts';
import { callTelegram, classifyTelegramError } from './telegram-client.ts';
import { botIdOf, telegramSettingsSchema } from './telegram-settings.ts';

/** Telegram: messages to a bot. */
export const telegramChannel: ChannelAdapter = {
  kind: 'telegram',
  source: 'provider',
  guide: {
    title: 'Telegram',
    summary: 'Messages to your Telegram bot.',
    steps: [
      'In Telegram, send /newbot to @BotFather and enter the token that it replies with.',
      'Save, then select “Register with Telegram” below. Or call setWebhook yourself, with url: {webhook} and secret_token: {secretToken}',
    ],
  },
  settingsSchema: telegramSettingsSchema,
  webhook: {
    event: 'NewProviderEventReceived',
    confirm: () => undefined,
    verify(_body, headers, settings) {
      const known = telegramSettingsSchema.safeParse(settings);
      const given = headers['x-telegram-bot-api-secret-token'];
      return known.success && typeof given === 'string' && sameSecret(given, known.data.secretToken);
    },
    accountIdOf: () => undefined,
    split: splitTelegram,
    parse: parseTelegram,
  },
  sender: {
    delivers: 'by-sending',
    capabilities: telegramCapabilities,
    compose: composeTelegram,
    classify: classifyTelegramError,
    async send({ body: { method, ...body } }, reference, context) {
      const { message_id: externalId } = await callTelegram(context, String(method), body);
      return { externalId: externalId === undefined ? `no id for ${reference}` : String(externalId) };
    },
    pace(_part, settings) {
      const { messagesPerSecond: limit } = telegramSettingsSchema.parse(settings);
      return { lane: botIdOf(settings), limit, withinMs: 1_000 };
    },
    async probe(context) {
      await callTelegram(context, 'getMe', {});
    },
    async showIndicator(indicator, { contactId }, context) {
      if (indicator === 'typing')
        await callTelegram(context, 'sendChatAction', { chat_id: contactId, action: 'typing' });
    },
  },
  async connect(webhookUrl, context) {
    const { secretToken } = telegramSettingsSchema.parse(context.settings);
    await callTelegram(context, 'setWebhook', { url: webhookUrl, secret_token: secretToken });
  },
  async locate(url, context) {
    const { file_path: path } = await callTelegram(context, 'getFile', { file_id: fileIdIn(url) });
    const { apiUrl, token } = telegramSettingsSchema.parse(context.settings);
    return { url: `${apiUrl.replace(/\/+$/, '')}/file/bot${token}/${String(path)}` };
  },
};
