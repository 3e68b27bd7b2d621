import { z } from 'zod';

/** What must, or may, be said when a case is closed in a certain way. */
export const dispositionFieldSchema = z
  .strictObject({
    /** What it is kept under. */
    name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'has lower-case letters, digits and `_`'),
    /** What agents read. */
    label: z.string().trim().min(1).max(100),
    kind: z.enum(['text', 'choice']),
    required: z.boolean().default(false),
    /** What a `choice` is between. */
    choices: z.array(z.string().trim().min(1).max(100)).min(1).max(50).optional(),
  })
  .refine(({ kind, choices }) => kind !== 'choice' || choices !== undefined, {
    message: 'are needed for a choice',
    path: ['choices'],
  });
export type DispositionField = z.infer<typeof dispositionFieldSchema>;

/** How a case can end, and what is asked of whoever ends it so. */
export const dispositionSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  fields: z
    .array(dispositionFieldSchema)
    .max(20)
    .refine((fields) => new Set(fields.map(({ name }) => name)).size === fields.length, 'share a name')
    .default([]),
});
export type Disposition = z.infer<typeof dispositionSchema>;

/** What was said in a disposition's fields, by their names. */
export const dispositionFieldsSchema = z.record(z.string().min(1).max(40), z.string().max(1000));
