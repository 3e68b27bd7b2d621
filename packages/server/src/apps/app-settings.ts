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

const assignmentLabels = {
  manual: 'agents take them',
  round_robin: 'to each in turn',
  least_busy: 'to whoever has least to do',
  skill: 'to whoever has the skills',
};

/** What an app can be told to do differently; everything has a default that works. Times are in minutes. */
export const appSettingsSchema = z.strictObject({
  welcome: z
    .boolean()
    .default(true)
    .meta({ title: 'Welcome', description: 'The bot greets whoever begins a conversation.' }),
  requireIdentity: z.boolean().default(false).meta({
    title: 'Known visitors only',
    description: 'Visitors must prove who they are with the app’s signature.',
  }),
  assignment: z.enum(['manual', 'round_robin', 'least_busy', 'skill']).default('manual').meta({
    title: 'Assignment',
    description: 'How waiting conversations come to agents.',
    labels: assignmentLabels,
  }),
  defaultQueue: z
    .string()
    .min(1)
    .max(64)
    .default('support')
    .meta({ title: 'Usual queue', description: 'Where handovers go that name none.' }),
  sessionIdleMinutes: minutes(24 * 60).meta({
    title: 'A conversation is over after',
    description: 'Minutes without a message; the next message begins a new one.',
  }),
  caseIdleMinutes: minutes(24 * 60).meta({
    title: 'A case is closed after',
    description: 'Minutes without a message.',
  }),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'is a country in two capital letters, such as BD')
    .nullable()
    .default(null)
    .meta({
      title: 'Country',
      description: 'Where phone numbers without a country code belong to, in two letters.',
    }),
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
  caseOpenedText: text('You’re in the queue. Your reference is #{{case}}.').meta({
    title: 'When somebody is handed to a person',
    description: '{{case}} is the number of their case.',
    isLong: true,
  }),
  /** When people are there; `null`: at any time. First answers are due by these hours. */
  businessHours: businessHoursSchema.nullable().default(null),
  closedText: text(
    'We’re closed right now. Your reference is #{{case}}. We’ll reply from {{opensAt}}. ' +
      'Leave a message, and your email address if you’d like a reply by email.',
  ).meta({
    title: 'The same outside of business hours',
    description: '{{opensAt}} is when people are there again.',
    isLong: true,
  }),
  offline: z
    .strictObject({
      form: z
        .enum(['never', 'closed', 'unstaffed'])
        .default('closed')
        .meta({
          title: 'The chat offers to leave a message',
          labels: {
            never: 'never',
            closed: 'outside of business hours',
            unstaffed: 'when nobody is online, too',
          },
        }),
      subject: z
        .string()
        .min(1)
        .max(200)
        .default('Your message to us')
        .meta({ title: 'Subject', description: 'Of the conversation by mail that comes of it.' }),
      thanks: text(
        'Thank you, we’ve received your message. Your reference is #{{case}}. We’ll reply here.',
      ).meta({
        title: 'Thanks',
        description: 'What whoever left one is told; {{case}} is its number.',
        isLong: true,
      }),
    })
    .prefault({})
    .meta({ title: 'When nobody is there' }),
  csat: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .meta({ title: 'Customers are asked', description: 'When their case was closed.' }),
      question: text('How did we do? Please rate this conversation from 1 (poor) to 5 (excellent).').meta({
        title: 'Question',
        isLong: true,
      }),
      thanks: text('Thank you for your rating!').meta({ title: 'Thanks', isLong: true }),
      expiryMinutes: minutes(24 * 60).meta({
        title: 'An answer counts for',
        description: 'Minutes after the question.',
      }),
      cooldownMinutes: z.int().min(0).max(525_600).default(0).meta({
        title: 'Not again within',
        description: 'Minutes since the same customer was asked last.',
      }),
      skipDispositions: z
        .array(z.string().min(1).max(100))
        .max(100)
        .default(['spam', 'duplicate'])
        .meta({ title: 'Not asked about', description: 'Cases that were closed with one of these.' }),
    })
    .prefault({})
    .meta({ title: 'Survey' }),
  attachments: z
    .strictObject({
      types: z
        .array(
          z
            .string()
            .regex(/^(\*|[a-z]+)\/(\*|[a-z0-9.+-]+)$/, 'is a media type, such as image/* or application/pdf'),
        )
        .max(100)
        .default(fileTypes)
        .meta({ title: 'Types that are taken', description: 'Such as image/*', isLong: true }),
    })
    .prefault({})
    .meta({ title: 'Files' }),
  delivery: z
    .strictObject({
      attempts: z.int().min(1).max(50).default(6).meta({
        title: 'Attempts at a message',
        description: 'What is the channel’s fault costs none.',
      }),
      firstDelayMs: z.int().min(1).max(3_600_000).default(2_000).meta({
        title: 'Wait before the second attempt, ms',
        description: 'Each further one waits twice as long.',
      }),
      longestDelayMs: z.int().min(1).max(86_400_000).default(300_000).meta({
        title: 'Longest wait, ms',
        description: 'Unless the provider asks for more.',
      }),
      timeoutMs: z
        .int()
        .min(100)
        .max(120_000)
        .default(10_000)
        .meta({ title: 'The provider answers within, ms' }),
      giveUpAfterMinutes: minutes(24 * 60).meta({
        title: 'Has failed after',
        description: 'Minutes of waiting, as for a channel that is down.',
      }),
      whenInDoubt: z
        .enum(['resend', 'fail'])
        .default('resend')
        .meta({
          title: 'When nobody can say whether it arrived',
          labels: { resend: 'send it again', fail: 'it has failed' },
        }),
      doubtMs: z.int().min(0).max(3_600_000).default(5_000).meta({
        title: 'Wait before that, ms',
        description: 'The provider may still tell that it has it.',
      }),
      fallback: z.array(z.string().min(1).max(64)).max(10).default([]).meta({
        title: 'Other channels',
        description: 'Tried in this order for a message that failed, where the customer has them.',
      }),
    })
    .prefault({})
    .meta({ title: 'Sending', description: 'How replies go out through a provider, and what happens then.' }),
  realtime: z
    .strictObject({
      clientEvents: z
        .boolean()
        .default(true)
        .meta({ title: 'Client events', description: 'Clients may send client-… events to each other.' }),
      subscriptionCount: z.boolean().default(false).meta({
        title: 'Subscription counts',
        description: 'Subscribers are told how many they are.',
      }),
      tlsOnly: z
        .boolean()
        .default(false)
        .meta({ title: 'TLS only', description: 'Connections without TLS are sent away (4000).' }),
      maxConnections: z.int().min(1).max(10_000_000).nullable().default(null).meta({
        title: 'Most connections on one node',
        description: 'Further ones are sent away (4004).',
      }),
      webhooks: z
        .array(
          z.strictObject({
            url: z.url({ protocol: /^https?$/ }).max(2000),
            events: z.array(z.enum(webhookEventNames)).min(1),
          }),
        )
        .max(10)
        .default([])
        .meta({
          title: 'Webhooks',
          description: `Where the app’s back end is told: [{ "url": …, "events": [${webhookEventNames.map((name) => `"${name}"`).join(', ')}] }]`,
        }),
    })
    .prefault({})
    .meta({
      title: 'Real time',
      description: 'What connected clients may do, and what the app’s back end is told of them.',
    }),
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
  throw new ProblemError('invalid_input', 'The app settings are not valid.', {
    cause: parsed.error,
    fields: parsed.error.issues.map((issue) => ({
      path: ['settings', ...issue.path].join('.'),
      message: issue.message,
    })),
  });
}
