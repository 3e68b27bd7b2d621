import { z } from 'zod';
import { idSchema } from './models.ts';

/** Placeholders of canned replies, written as `{{customer.name}}`, that are filled in when the reply is used. */
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
/** `{{name}}`, or `{{name|fallback}}`. */
const placeholder = /\{\{([^{}]*)\}\}/g;

/** The unknown placeholders in a text. */
export function unknownPlaceholders(text: string): readonly string[] {
  return [...text.matchAll(placeholder)]
    .map(([, inside = '']) => inside.split('|')[0]?.trim() ?? '')
    .filter((name) => !known.has(name) && !/^customer\.attributes\.[^.\s|]{1,64}$/.test(name));
}

const shortcut = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}_-]{0,31}$/u, 'must have 1 to 32 letters, digits, `-` or `_`');
const text = z
  .string()
  .max(10_000)
  .regex(/\S/, 'must not be blank')
  .refine((value) => unknownPlaceholders(value).length === 0, {
    error: ({ input }) => `has unknown placeholders: ${unknownPlaceholders(String(input)).join(', ')}`,
  });

/** A prepared reply, which agents insert by its shortcut. */
export const cannedReplySchema = z.object({
  id: idSchema,
  appId: idSchema,
  shortcut: z.string(),
  text: z.string(),
  updatedAt: z.string(),
});
export type CannedReply = z.infer<typeof cannedReplySchema>;

/** A new canned reply. */
export const newCannedReplyBody = z.strictObject({ appId: idSchema, shortcut, text });
export type NewCannedReply = z.infer<typeof newCannedReplyBody>;
/** A change of a canned reply; absent fields stay as they are. */
export const changeCannedReplyBody = z.strictObject({
  shortcut: shortcut.optional(),
  text: text.optional(),
});
export type ChangeCannedReply = z.infer<typeof changeCannedReplyBody>;
/** The app whose canned replies are listed. */
export const cannedReplyQuery = z.strictObject({ appId: z.coerce.number().pipe(idSchema) });
