import { dispositionSchema, ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { businessHoursSchema } from '../domain/business-hours.ts';

const text = (fallback: string) => z.string().min(1).max(1000).default(fallback);
const minutes = (fallback: number) => z.int().min(1).max(525_600).default(fallback);

/** What a webhook of Pusher's kind can tell of. */
const webhookEventNames = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const;

/** What people send each other; programs and pages are not among it. */
const fileTypes = [
  'image/*',
  'audio/*',
  'video/*',
  'text/plain',
  'text/csv',
  'text/calendar',
  'text/vcard',
  'application/pdf',
  'application/rtf',
  'application/zip',
  'application/ogg',
  'application/x-cfb',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
];

/** What an app can be told to do differently; everything has a default that works. Times are in minutes. */
export const appSettingsSchema = z.strictObject({
  /** A session without a message for so long is over; the next message begins a new one. */
  sessionIdleMinutes: minutes(24 * 60),
  /** An open case without a message for so long is closed as timed out. */
  caseIdleMinutes: minutes(24 * 60),
  /** Where phone numbers without a country code belong to: ISO 3166, such as `BD`. */
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'is a country in two capital letters, such as BD')
    .nullable()
    .default(null),
  /** Visitors must prove who they are with the app's signature. */
  requireIdentity: z.boolean().default(false),
  /** Whether the bot greets a new session. */
  welcome: z.boolean().default(true),
  /** Where handovers go that name no queue. */
  defaultQueue: z.string().min(1).max(64).default('support'),
  /** How waiting conversations come to agents. */
  assignment: z.enum(['manual', 'round_robin', 'least_busy', 'skill']).default('manual'),
  /** What an agent may close a case with: a name, or a name and what is asked then. */
  dispositions: z
    .array(
      z.union([
        z
          .string()
          .min(1)
          .max(100)
          .transform((name) => ({ name, fields: [] })),
        dispositionSchema,
      ]),
    )
    .min(1)
    .max(100)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'share a name')
    .prefault(['resolved', 'unresolved', 'duplicate', 'spam']),
  sla: z
    .strictObject({
      /** Minutes within which a case should have its first answer, by its priority; `null`: no matter when. */
      firstReplyMinutes: z
        .strictObject({
          urgent: minutes(5).nullable(),
          high: minutes(15).nullable(),
          normal: minutes(30).nullable(),
          low: minutes(120).nullable(),
        })
        .prefault({}),
    })
    .prefault({}),
  /** What a customer is told when a case was opened for them; `{{case}}` is its number. */
  caseOpenedText: text('You are in line for a person. Your reference is #{{case}}.'),
  /** When people are there; `null`: at any time. First answers are due by these hours. */
  businessHours: businessHoursSchema.nullable().default(null),
  /** The same outside of business hours; `{{opensAt}}` is when people are there again. */
  closedText: text(
    'Nobody is here at the moment. Your reference is #{{case}}: we answer from {{opensAt}}. ' +
      'Leave your message, and an e-mail address if you like.',
  ),
  offline: z
    .strictObject({
      /** When the chat offers to leave a message: outside of business hours, when nobody is online either, or never. */
      form: z.enum(['never', 'closed', 'unstaffed']).default('closed'),
      /** What whoever left one is told; `{{case}}` is its number. */
      thanks: text('Thank you, we have your message. Your reference is #{{case}}: we will answer you here.'),
      /** The subject of the conversation by mail that comes of it. */
      subject: z.string().min(1).max(200).default('Your message to us'),
    })
    .prefault({}),
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
  attachments: z
    .strictObject({
      /** Types of the files that are taken, such as `image/*`. */
      types: z
        .array(
          z
            .string()
            .regex(/^(\*|[a-z]+)\/(\*|[a-z0-9.+-]+)$/, 'is a media type, such as image/* or application/pdf'),
        )
        .max(100)
        .default(fileTypes),
    })
    .prefault({}),
  /** How replies go out through a provider, and what happens when that fails. */
  delivery: z
    .strictObject({
      /** Attempts at one message before it has failed. What is the channel's fault costs none. */
      attempts: z.int().min(1).max(50).default(6),
      /** Milliseconds until the second attempt; each further one waits twice as long, with jitter. */
      firstDelayMs: z.int().min(1).max(3_600_000).default(2_000),
      /** No wait between attempts is longer, unless the provider asks for it. */
      longestDelayMs: z.int().min(1).max(86_400_000).default(300_000),
      /** How long the provider may take to answer. */
      timeoutMs: z.int().min(100).max(120_000).default(10_000),
      /** A message that waits longer, as for a channel that is down, has failed. */
      giveUpAfterMinutes: minutes(24 * 60),
      /** What to do with a message of which nobody can say whether it arrived. */
      whenInDoubt: z.enum(['resend', 'fail']).default('resend'),
      /** How long such a message waits first: the provider may still tell that it has it. */
      doubtMs: z.int().min(0).max(3_600_000).default(5_000),
      /** The channels on which a message that failed is tried instead, in this order, where the customer has them. */
      fallback: z.array(z.string().min(1).max(64)).max(10).default([]),
    })
    .prefault({}),
  /** What the clients that are connected in real time may do, and what the app's back end is told of them. */
  realtime: z
    .strictObject({
      /** Whether clients may send `client-…` events to each other. */
      clientEvents: z.boolean().default(true),
      /** Whether subscribers are told how many they are (`pusher_internal:subscription_count`). */
      subscriptionCount: z.boolean().default(false),
      /** Connections without TLS are sent away with 4000. */
      tlsOnly: z.boolean().default(false),
      /** Connections of this app on one node beyond which further ones are sent away with 4004; `null`: no limit. */
      maxConnections: z.int().min(1).max(10_000_000).nullable().default(null),
      /** Where the app's back end is told of channels and members. */
      webhooks: z
        .array(
          z.strictObject({
            url: z.url({ protocol: /^https?$/ }).max(2000),
            events: z.array(z.enum(webhookEventNames)).min(1),
          }),
        )
        .max(10)
        .default([]),
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
