import { z } from 'zod';

/** What an Instagram channel must be told: the account, and the secrets of the Meta app that speaks for it. */
export const instagramSettingsSchema = z.strictObject({
  /** The number of the professional account. */
  accountId: z.string().min(1).max(64),
  appSecret: z.string().min(16).max(200),
  /** Any text of ours, which Meta repeats when it confirms the webhook's address. */
  verifyToken: z.string().min(8).max(200),
  /** The account's access token; without one, the channel only receives. */
  accessToken: z.string().min(8).max(1000).optional(),
  /** Whether Meta has granted the tag with which people may answer for seven days. */
  humanAgentTag: z.boolean().default(false),
});
