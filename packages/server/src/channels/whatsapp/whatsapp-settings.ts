import { z } from 'zod';
import { metaAppSecret, metaVerifyToken } from '../meta/meta-settings.ts';

/** What a WhatsApp channel must be told: the number, and the secrets of the Meta app that speaks for it. */
export const whatsappSettingsSchema = z.strictObject({
  phoneNumberId: z
    .string()
    .regex(/^\d{1,64}$/, 'has digits only')
    .meta({
      title: 'Phone number ID',
      description:
        'Meta’s number of the phone number, under WhatsApp → API setup; not the phone number itself.',
    }),
  appSecret: metaAppSecret,
  verifyToken: metaVerifyToken,
  accessToken: z
    .string()
    .min(8)
    .max(1000)
    .meta({
      title: 'Access token',
      description: 'A permanent token of a system user. Without one, the channel only receives.',
      isSecret: true,
    })
    .optional(),
  messagesPerSecond: z.number().min(0.001).max(10_000).default(60).meta({
    title: 'Messages a second',
    description: 'How fast messages go out. Meta takes 80 of a number, those that come in among them.',
  }),
});
