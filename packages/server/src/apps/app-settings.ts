import { dispositionSchema, ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { businessHoursSchema } from '../domain/business-hours.ts';
import { fieldErrorsOf } from '../domain/field-errors.ts';

const text = (fallback: string) => z.string().min(1).max(1000).default(fallback);
const minutes = (fallback: number) => z.int().min(1).max(525_600).default(fallback);

/** The events that Pusher webhooks can subscribe to. */
const webhookEventNames = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const;

/** The file types allowed by default: no programs and no web pages. */
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
  manual: 'Agents accept them',
  round_robin: 'Each agent in turn',
  least_busy: 'The least busy agent',
  skill: 'An agent with the required skills',
};

/** The settings of an app. Every setting has a working default. Times are in minutes unless named otherwise. */
export const appSettingsSchema = z.strictObject({
  welcome: z
    .boolean()
    .default(true)
    .meta({ title: 'Welcome message', description: 'The bot greets customers who start a conversation.' }),
  requireIdentity: z.boolean().default(false).meta({
    title: 'Verified visitors only',
    description: 'Visitors need an identity signed by the app.',
  }),
  assignment: z.enum(['manual', 'round_robin', 'least_busy', 'skill']).default('manual').meta({
    title: 'Assignment',
    description: 'How queued conversations are assigned to agents.',
    labels: assignmentLabels,
  }),
  defaultQueue: z
    .string()
    .min(1)
    .max(64)
    .default('support')
    .meta({ title: 'Default queue', description: 'Used when a handover names no queue.' }),
  conversationRetentionDays: z.int().min(30).max(36_500).nullable().default(null).meta({
    title: 'Delete conversations after (days)',
    description:
      'Counted from the last activity. Messages, attachments and cases are deleted too, and customers after their last conversation. If empty, CONVERSATION_RETENTION_DAYS applies.',
  }),
  sessionIdleMinutes: minutes(24 * 60).meta({
    title: 'End the session after (min)',
    description: 'Counted from the last message. The next message starts a new session.',
  }),
  caseIdleMinutes: minutes(24 * 60).meta({
    title: 'Close the case after (min)',
    description: 'Counted from the last message.',
  }),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be a two-letter country code, such as BD')
    .nullable()
    .default(null)
    .meta({
      title: 'Country',
      description: 'Two-letter code, such as SE. Used for phone numbers without a country code.',
    }),
  /** The dispositions that agents can close a case with: a name, or a name with fields. */
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
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have distinct names')
    .prefault(['resolved', 'unresolved', 'duplicate', 'spam']),
  sla: z
    .strictObject({
      /** Minutes until the first reply to a case is due, by priority; `null`: no deadline. */
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
    title: 'Message at handover',
    description: '{{case}} is replaced with the case number.',
    isLong: true,
  }),
  /** Business hours of the team; `null`: always open. Deadlines of first replies count these hours. */
  businessHours: businessHoursSchema.nullable().default(null),
  closedText: text(
    'We’re closed right now and open again on {{opensAt}}. Your reference is #{{case}}. ' +
      'Leave a message, and your email address if you’d like a reply by email.',
  ).meta({
    title: 'Message at handover outside business hours',
    description: '{{opensAt}} is replaced with the next opening time.',
    isLong: true,
  }),
  offline: z
    .strictObject({
      form: z
        .enum(['never', 'closed', 'unstaffed'])
        .default('closed')
        .meta({
          title: 'Show the offline form',
          labels: {
            never: 'Never',
            closed: 'Outside business hours',
            unstaffed: 'Outside business hours and when no agent is online',
          },
        }),
      subject: z.string().min(1).max(200).default('Your message to us').meta({
        title: 'Email subject',
        description: 'Subject of the email conversation that the form starts.',
      }),
      thanks: text(
        'Thank you, we’ve received your message. Your reference is #{{case}}. We’ll reply here.',
      ).meta({
        title: 'Confirmation',
        description: 'Shown after sending the form. {{case}} is replaced with the case number.',
        isLong: true,
      }),
    })
    .prefault({})
    .meta({ title: 'Offline form' }),
  csat: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .meta({ title: 'Send surveys', description: 'After a case is closed.' }),
      question: text('How did we do? Please rate this conversation from 1 (poor) to 5 (excellent).').meta({
        title: 'Question',
        isLong: true,
      }),
      thanks: text('Thank you for your rating!').meta({ title: 'Thank-you message', isLong: true }),
      expiryMinutes: minutes(24 * 60).meta({
        title: 'Accept answers for (min)',
        description: 'Counted from when the survey was sent.',
      }),
      cooldownMinutes: z.int().min(0).max(525_600).default(0).meta({
        title: 'Minimum time between surveys (min)',
        description: 'Between two surveys to the same customer.',
      }),
      skipDispositions: z.array(z.string().min(1).max(100)).max(100).default(['spam', 'duplicate']).meta({
        title: 'No survey for',
        description: 'Cases closed with one of these outcomes get no survey.',
      }),
    })
    .prefault({})
    .meta({ title: 'Survey' }),
  attachments: z
    .strictObject({
      types: z
        .array(
          z
            .string()
            .regex(
              /^(\*|[a-z]+)\/(\*|[a-z0-9.+-]+)$/,
              'must be a media type, such as image/* or application/pdf',
            ),
        )
        .max(100)
        .default(fileTypes)
        .meta({ title: 'Allowed file types', description: 'Media types, such as image/*', isLong: true }),
    })
    .prefault({})
    .meta({ title: 'Attachments' }),
  delivery: z
    .strictObject({
      attempts: z.int().min(1).max(50).default(6).meta({
        title: 'Maximum attempts',
        description: 'Failures of the channel itself do not count.',
      }),
      firstDelayMs: z.int().min(1).max(3_600_000).default(2_000).meta({
        title: 'First retry delay (ms)',
        description: 'The delay doubles with every retry.',
      }),
      longestDelayMs: z.int().min(1).max(86_400_000).default(300_000).meta({
        title: 'Maximum retry delay (ms)',
        description: 'Unless the provider asks for a longer one.',
      }),
      timeoutMs: z.int().min(100).max(120_000).default(10_000).meta({ title: 'Provider timeout (ms)' }),
      giveUpAfterMinutes: minutes(24 * 60).meta({
        title: 'Give up after (min)',
        description: 'Counted while a message waits, for example while its channel is down.',
      }),
      whenInDoubt: z
        .enum(['resend', 'fail'])
        .default('resend')
        .meta({
          title: 'When delivery is unconfirmed',
          labels: { resend: 'Send again', fail: 'Mark as failed' },
        }),
      doubtMs: z.int().min(0).max(3_600_000).default(5_000).meta({
        title: 'Wait for confirmation (ms)',
        description: 'The provider may still confirm the message.',
      }),
      fallback: z.array(z.string().min(1).max(64)).max(10).default([]).meta({
        title: 'Fallback channels',
        description: 'Tried in this order when delivery fails, if the customer has a contact there.',
      }),
    })
    .prefault({})
    .meta({ title: 'Delivery', description: 'How replies are sent through providers.' }),
  realtime: z
    .strictObject({
      clientEvents: z
        .boolean()
        .default(true)
        .meta({ title: 'Client events', description: 'Clients may send client-* events to each other.' }),
      subscriptionCount: z.boolean().default(false).meta({
        title: 'Subscription counts',
        description: 'Subscribers receive the number of subscribers.',
      }),
      authorizedConnections: z.boolean().default(false).meta({
        title: 'Authorized connections only',
        description:
          'New connections that neither sign in nor subscribe to a private or presence channel within 30 seconds are closed (4009).',
      }),
      tlsOnly: z
        .boolean()
        .default(false)
        .meta({ title: 'TLS only', description: 'Connections without TLS are rejected (4000).' }),
      maxConnections: z.int().min(1).max(10_000_000).nullable().default(null).meta({
        title: 'Maximum connections per node',
        description: 'Further connections are rejected (4004).',
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
          description: `Endpoints of the app’s back end: [{ "url": …, "events": [${webhookEventNames.map((name) => `"${name}"`).join(', ')}] }]`,
        }),
    })
    .prefault({})
    .meta({
      title: 'Real time',
      description: 'What connected clients may do, and webhooks about them.',
    }),
});

/** The settings of an app with all defaults filled in. */
export type AppSettings = z.output<typeof appSettingsSchema>;

/**
 * Validates settings and fills in the defaults.
 * @throws ProblemError `invalid_input` with field paths such as `settings.csat.question`.
 */
export function parseAppSettings(settings: unknown): AppSettings {
  const parsed = appSettingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid_input', 'The app settings are not valid.', {
    cause: parsed.error,
    fields: fieldErrorsOf(parsed.error, 'settings'),
  });
}
