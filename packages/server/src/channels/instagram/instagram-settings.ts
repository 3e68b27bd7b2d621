import { z } from 'zod';
import { metaPaceSchema } from '../meta/meta-pace.ts';
import { metaAppSecret, metaHumanAgentTag, metaVerifyToken } from '../meta/meta-settings.ts';

/** What an Instagram channel must be told: the account, and the secrets of the Meta app that speaks for it. */
export const instagramSettingsSchema = z.strictObject({
  accountId: z.string().min(1).max(64).meta({
    title: 'Account ID',
    description: 'The number of the professional account, not its name.',
  }),
  appSecret: metaAppSecret,
  verifyToken: metaVerifyToken,
  accessToken: z
    .string()
    .min(8)
    .max(1000)
    .meta({
      title: 'Access token',
      description: 'A long-lived token of the account. Without one, the channel only receives.',
      isSecret: true,
    })
    .optional(),
  humanAgentTag: metaHumanAgentTag,
  pace: metaPaceSchema,
});
