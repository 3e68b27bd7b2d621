import { z } from 'zod';
import { metaPaceSchema } from '../meta/meta-pace.ts';
import { metaAppSecret, metaHumanAgentTag, metaVerifyToken } from '../meta/meta-settings.ts';

/** The settings of a Facebook channel: the page, and the secrets of its Meta app. */
export const facebookSettingsSchema = z.strictObject({
  pageId: z.string().min(1).max(64).meta({
    title: 'Page ID',
    description: 'On the page, under About → Page transparency.',
  }),
  appSecret: metaAppSecret,
  verifyToken: metaVerifyToken,
  pageToken: z
    .string()
    .min(8)
    .max(1000)
    .meta({
      title: 'Page access token',
      description: 'A long-lived token of the page. Without one, the channel can only receive messages.',
      isSecret: true,
    })
    .optional(),
  humanAgentTag: metaHumanAgentTag,
  pace: metaPaceSchema,
});
