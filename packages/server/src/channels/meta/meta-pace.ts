import { z } from 'zod';
import type { OutboundPart, Pace } from '../channel.ts';

const limit = (usual: number) => z.number().min(0.001).max(1_000_000).default(usual);

const limitsSchema = z.strictObject({
  messagesPerSecond: limit(300).meta({
    title: 'Messages a second',
    description: 'Where people also answer in Meta’s own inbox, 40: it closes to accounts that send more.',
  }),
  mediaPerSecond: limit(10).meta({ title: 'Recordings and videos a second' }),
  privateRepliesPerHour: limit(750).meta({ title: 'Private answers to comments an hour' }),
});

/** How fast messages go out, where that is not as fast as Meta takes them of one page or account. */
export const metaPaceSchema = limitsSchema
  .meta({ title: 'Another pace', description: 'Without it, as fast as Meta takes messages.' })
  .optional();

const bodySchema = z.object({
  recipient: z.object({ comment_id: z.string().optional() }).optional(),
  message: z.object({ attachment: z.object({ type: z.string() }).optional() }),
});

/**
 * The pace of a part that goes to a page's messages; public answers to comments have no limit of their own, and the
 * headers of Meta's answers slow them down.
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
