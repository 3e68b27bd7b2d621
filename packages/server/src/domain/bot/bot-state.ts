import { z } from 'zod';

/** The state of the bot in a session between two turns. */
export const botStateSchema = z.strictObject({
  /** The open form and its next field. */
  form: z
    .strictObject({ name: z.string().max(64), field: z.int().min(0).max(20), tries: z.int().min(0).max(100) })
    .nullable(),
  answers: z.record(z.string().max(64), z.union([z.string().max(1000), z.number()])),
  /** Consecutive turns that were not understood. */
  misunderstandings: z.int().min(0).max(1000),
  /** Set when the last message was a file without text, and the bot asked what it is about. */
  askedAboutFile: z.literal(true).optional(),
});
export type BotState = z.infer<typeof botStateSchema>;

/** The state of a new session. */
export const initialBotState: BotState = { form: null, answers: {}, misunderstandings: 0 };
