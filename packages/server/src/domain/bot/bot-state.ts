import { z } from 'zod';

/** What the bot keeps in mind of a session between two turns. */
export const botStateSchema = z.strictObject({
  /** The form being filled in, and its next field. */
  form: z
    .strictObject({ name: z.string().max(64), field: z.int().min(0).max(20), tries: z.int().min(0).max(100) })
    .nullable(),
  answers: z.record(z.string().max(64), z.union([z.string().max(1000), z.number()])),
  /** Turns in a row that were not understood. */
  misunderstandings: z.int().min(0).max(1000),
  /** The last turn was a file without words, and the bot has asked what it is about. */
  askedAboutFile: z.literal(true).optional(),
});
export type BotState = z.infer<typeof botStateSchema>;

/** What it begins with. */
export const initialBotState: BotState = { form: null, answers: {}, misunderstandings: 0 };
