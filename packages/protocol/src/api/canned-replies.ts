import { z } from 'zod';
import { idSchema } from './models.ts';

/** What can stand in a canned reply for something that is known when it is used: `{{customer.name}}`. */
export const placeholders = [
  'customer.name',
  'customer.email',
  'customer.phone',
  'agent.name',
  'app.name',
  'case.id',
] as const;
export type Placeholder = (typeof placeholders)[number];

const known: ReadonlySet<string> = new Set(placeholders);
/** `{{name}}`, or `{{name|what to say where it is not known}}`. */
const placeholder = /\{\{([^{}]*)\}\}/g;

/** The placeholders in a text that mean nothing. */
export function unknownPlaceholders(text: string): readonly string[] {
  return [...text.matchAll(placeholder)]
    .map(([, inside = '']) => inside.split('|')[0]?.trim() ?? '')
    .filter((name) => !known.has(name) && !/^customer\.attributes\.[^.\s|]{1,64}$/.test(name));
}

const shortcut = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}_-]{0,31}$/u, 'has letters, digits, `-` and `_`, at most 32');
const text = z
  .string()
  .max(10_000)
  .regex(/\S/, 'must not be blank')
  .refine((said) => unknownPlaceholders(said).length === 0, {
    error: ({ input }) =>
      `has placeholders that do not exist: ${unknownPlaceholders(String(input)).join(', ')}`,
  });

/** A reply that agents need often, under the word by which they find it. */
export const cannedReplySchema = z.object({
  id: idSchema,
  appId: idSchema,
  shortcut: z.string(),
  text: z.string(),
  updatedAt: z.string(),
});
export type CannedReply = z.infer<typeof cannedReplySchema>;

export const newCannedReplyBody = z.strictObject({ appId: idSchema, shortcut, text });
export type NewCannedReply = z.infer<typeof newCannedReplyBody>;
export const changeCannedReplyBody = z.strictObject({
  shortcut: shortcut.optional(),
  text: text.optional(),
});
export type ChangeCannedReply = z.infer<typeof changeCannedReplyBody>;
export const cannedReplyQuery = z.strictObject({ appId: z.coerce.number().pipe(idSchema) });
