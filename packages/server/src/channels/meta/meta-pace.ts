import { z } from 'zod';
import type { OutboundPart, Pace } from '../channel.ts';

const limit = (usual: number) => z.number().min(0.001).max(1_000_000).default(usual);

const limitsSchema = z.strictObject({
  messagesPerSecond: limit(300).meta({
    title: 'Messages per second',
    description:
      'At most 40 if agents also reply in Meta’s inbox, which is blocked for accounts that send more.',
  }),
  mediaPerSecond: limit(10).meta({ title: 'Audio and video messages per second' }),
  privateRepliesPerHour: limit(750).meta({ title: 'Private replies to comments per hour' }),
});

/** Rate limits other than Meta's defaults for a page or account. */
export const metaPaceSchema = limitsSchema
  .meta({ title: 'Rate limits', description: 'If off, Meta’s own limits apply.' })
  .optional();

const bodySchema = z.object({
  recipient: z.object({ comment_id: z.string().optional() }).optional(),
  message: z.object({ attachment: z.object({ type: z.string() }).optional() }),
});

/**
 * The rate limit of a part. Public replies to comments have no limit of their own; the headers of Meta's responses slow
 * them down.
 */
export function metaPace(
  account: string,
  { body }: OutboundPart,
  given: z.output<typeof metaPaceSchema>,
): Pace | undefined {
  const pace = given ?? limitsSchema.parse({});
  const known = bodySchema.safeParse(body);
  if (!known.success) return undefined;
  const { recipient, message } = known.data;
  if (recipient?.comment_id !== undefined) {
    return { lane: `${account} private replies`, limit: pace.privateRepliesPerHour, withinMs: 3_600_000 };
  }
  const isMedia = ['audio', 'video'].includes(message.attachment?.type ?? '');
  return isMedia
    ? { lane: `${account} media`, limit: pace.mediaPerSecond, withinMs: 1_000 }
    : { lane: `${account} messages`, limit: pace.messagesPerSecond, withinMs: 1_000 };
}
