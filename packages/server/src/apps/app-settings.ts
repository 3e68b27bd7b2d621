import { ProblemError } from '@mevrik/protocol';
import { z } from 'zod';

const text = (fallback: string) => z.string().min(1).max(1000).default(fallback);
const minutes = (fallback: number) => z.int().min(1).max(525_600).default(fallback);

/** What an app can be told to do differently; everything has a default that works. Times are in minutes. */
export const appSettingsSchema = z.strictObject({
  /** A session without a message for so long is over; the next message begins a new one. */
  sessionIdleMinutes: minutes(24 * 60),
  /** An open case without a message for so long is closed as timed out. */
  caseIdleMinutes: minutes(24 * 60),
  /** Visitors must prove who they are with the app's signature. */
  requireIdentity: z.boolean().default(false),
  /** Whether the bot greets a new session. */
  welcome: z.boolean().default(true),
  /** Where handovers go that name no queue. */
  defaultQueue: z.string().min(1).max(64).default('support'),
  /** How waiting conversations come to agents. */
  assignment: z.enum(['manual', 'round_robin', 'least_busy', 'skill']).default('manual'),
  /** What an agent may close a case with. */
  dispositions: z
    .array(z.string().min(1).max(100))
    .min(1)
    .max(100)
    .default(['resolved', 'unresolved', 'duplicate', 'spam']),
  /** What a customer is told when a case was opened for them; `{{case}}` is its number. */
  caseOpenedText: text('You are in line for a person. Your reference is #{{case}}.'),
  csat: z
    .strictObject({
      enabled: z.boolean().default(true),
      expiryMinutes: minutes(24 * 60),
      /** A customer is not asked again within this time of the last survey. */
      cooldownMinutes: z.int().min(0).max(525_600).default(0),
      /** Cases closed with one of these are not asked about. */
      skipDispositions: z.array(z.string().min(1).max(100)).max(100).default(['spam', 'duplicate']),
      question: text('How did we do? Please rate this conversation from 1 (bad) to 5 (great).'),
      thanks: text('Thank you for your rating!'),
    })
    .prefault({}),
});

/** An app's settings, with all defaults filled in. */
export type AppSettings = z.output<typeof appSettingsSchema>;

/**
 * Fills in the defaults of settings as an administrator wrote them.
 * @throws ProblemError `invalid_input`, naming the fields as in `settings.csat.question`.
 */
export function parseAppSettings(settings: unknown): AppSettings {
  const parsed = appSettingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid_input', 'The settings of the app are not valid.', {
    cause: parsed.error,
    fields: parsed.error.issues.map((issue) => ({
      path: ['settings', ...issue.path].join('.'),
      message: issue.message,
    })),
  });
}
