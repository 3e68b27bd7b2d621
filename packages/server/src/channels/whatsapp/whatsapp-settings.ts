import { z } from 'zod';
import { metaAccessToken, metaAppSecret, metaVerifyToken } from '../meta/meta-settings.ts';

/** The settings of a WhatsApp channel: the phone number, and the secrets of its Meta app. */
export const whatsappSettingsSchema = z.strictObject({
  phoneNumberId: z
    .string()
    .regex(/^\d{1,64}$/, 'must contain digits only')
    .meta({
      title: 'Phone number ID',
      description:
        'Meta’s ID of the phone number, under WhatsApp → API setup. It is not the phone number itself.',
    }),
  appSecret: metaAppSecret,
  verifyToken: metaVerifyToken,
  accessToken: metaAccessToken('Access token', 'A permanent token of a system user.'),
  messagesPerSecond: z.number().min(0.001).max(10_000).default(60).meta({
    title: 'Messages per second',
    description:
      'The rate at which messages are sent. Meta allows 80 per number, including received messages.',
  }),
});
