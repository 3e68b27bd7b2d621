import { z } from 'zod';
import { metaPaceSchema } from '../meta/meta-pace.ts';
import { metaAccessToken, metaAppSecret, metaHumanAgentTag, metaVerifyToken } from '../meta/meta-settings.ts';

/** The settings of an Instagram channel: the account, and the secrets of its Meta app. */
export const instagramSettingsSchema = z.strictObject({
  accountId: z.string().min(1).max(64).meta({
    title: 'Account ID',
    description: 'The ID of the professional account, not its username.',
  }),
  appSecret: metaAppSecret,
  verifyToken: metaVerifyToken,
  accessToken: metaAccessToken('Access token', 'A long-lived token of the account.'),
  humanAgentTag: metaHumanAgentTag,
  pace: metaPaceSchema,
});
