import {
  customerSchema,
  linkedFileSchema,
  messageContentSchema,
  messageSchema,
  sessionSchema,
} from '@mevrik/protocol';
import { z } from 'zod';
import { isStorable } from '../storable.ts';

/** What an app's own bot is asked: a signed POST with the message and where it was written. */
export const httpBotRequestSchema = z.strictObject({
  type: z.literal('message'),
  app: z.strictObject({ id: z.int(), name: z.string() }),
  session: sessionSchema,
  customer: customerSchema,
  message: messageSchema,
});
export type HttpBotRequest = z.infer<typeof httpBotRequestSchema>;

/** What it may answer: up to ten messages, a wish for a person, and what it found out about the customer. */
export const httpBotResponseSchema = z
  .object({
    replies: z
      .array(messageContentSchema.extend({ attachments: z.array(linkedFileSchema).max(10).optional() }))
      .max(10)
      .default([]),
    handover: z
      .union([
        z.boolean(),
        z.strictObject({
          reason: z.string().max(200).optional(),
          queue: z.string().min(1).max(64).optional(),
          priority: z.enum(['low', 'normal', 'high', 'urgent']).optional(),
          skills: z.array(z.string().min(1).max(64)).max(20).optional(),
        }),
      ])
      .default(false),
    attributes: customerSchema.shape.attributes.default({}),
  })
  .refine(isStorable, 'contains a character that cannot be stored (U+0000 or an unpaired surrogate)');
export type HttpBotResponse = z.infer<typeof httpBotResponseSchema>;
