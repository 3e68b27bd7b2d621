import {
  customerSchema,
  findUnstorable,
  linkedFileSchema,
  messageContentSchema,
  messageSchema,
  prioritySchema,
  sessionSchema,
} from '@mevrik/protocol';
import { z } from 'zod';

/** The request to an app's own bot: a signed POST with the message and its session. */
export const httpBotRequestSchema = z.strictObject({
  type: z.literal('message'),
  app: z.strictObject({ id: z.int(), name: z.string() }),
  session: sessionSchema,
  customer: customerSchema,
  message: messageSchema,
});
export type HttpBotRequest = z.infer<typeof httpBotRequestSchema>;

/** The response of an app's own bot: up to ten replies, a handover, and attributes of the customer. */
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
          priority: prioritySchema.optional(),
          skills: z.array(z.string().min(1).max(64)).max(20).optional(),
        }),
      ])
      .default(false),
    attributes: customerSchema.shape.attributes.default({}),
  })
  .refine(
    (response) => !findUnstorable(response),
    'contains a character that cannot be stored (U+0000 or an unpaired surrogate)',
  );
export type HttpBotResponse = z.infer<typeof httpBotResponseSchema>;
