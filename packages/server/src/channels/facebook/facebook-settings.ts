import { z } from 'zod';
import { metaPaceSchema } from '../meta/meta-pace.ts';
import { metaAccessToken, metaAppSecret, metaHumanAgentTag, metaVerifyToken } from '../meta/meta-settings.ts';

/** The settings of a Facebook channel: the page, and the secrets of its Meta app. */
export const facebookSettingsSchema = z.strictObject({
  pageId: z.string().min(1).max(64).meta({
    title: 'Page ID',
    description: 'On the page, under About → Page transparency.',
  }),
  appSecret: metaAppSecret,
  verifyToken: metaVerifyToken,
  pageToken: metaAccessToken('Page access token', 'A long-lived token of the page.'),
  humanAgentTag: metaHumanAgentTag,
  pace: metaPaceSchema,
});
