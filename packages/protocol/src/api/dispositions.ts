import { z } from 'zod';

/** A field that agents fill in when they close a case with a disposition. */
export const dispositionFieldSchema = z
  .strictObject({
    /** The key that its value is stored under. */
    name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must contain only lower-case letters, digits or `_`'),
    /** The label that agents see. */
    label: z.string().trim().min(1).max(100),
    kind: z.enum(['text', 'choice']),
    required: z.boolean().default(false),
    /** The options of a `choice`. */
    choices: z.array(z.string().trim().min(1).max(100)).min(1).max(50).optional(),
  })
  .refine(({ kind, choices }) => kind !== 'choice' || choices !== undefined, {
    message: 'are required for a choice',
    path: ['choices'],
  });
export type DispositionField = z.infer<typeof dispositionFieldSchema>;

/** A disposition that cases can be closed with, and the fields it asks for. */
export const dispositionSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  fields: z
    .array(dispositionFieldSchema)
    .max(20)
    .refine(
      (fields) => new Set(fields.map(({ name }) => name)).size === fields.length,
      'must have distinct names',
    )
    .default([]),
});
export type Disposition = z.infer<typeof dispositionSchema>;

/** The values of a disposition's fields, by name. */
export const dispositionFieldsSchema = z.record(z.string().min(1).max(40), z.string().max(1000));
