import { z } from 'zod';

/** What a WhatsApp channel must be told: the number, and the secrets of the Meta app that speaks for it. */
export const whatsappSettingsSchema = z.strictObject({
  /** Meta's number of the phone number, not the phone number itself. */
  phoneNumberId: z.string().regex(/^\d{1,64}$/, 'has digits only'),
  appSecret: z.string().min(16).max(200),
  /** Any text of ours, which Meta repeats when it confirms the webhook's address. */
  verifyToken: z.string().min(8).max(200),
  /** A token of a system user; without one, the channel only receives. */
  accessToken: z.string().min(8).max(1000).optional(),
});
