import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';

const port = (fallback: number) => z.int().min(1).max(65_535).default(fallback);
const host = z.string().min(1).max(255);
/**
 * How a connection is encrypted: with TLS from the start, with STARTTLS, or not at all, which is only meant for servers
 * on the same machine. Certificates are always verified.
 */
const tls = z.enum(['implicit', 'starttls', 'none']);
const tlsLabels = {
  implicit: 'TLS',
  starttls: 'STARTTLS',
  none: 'None (only for a server on this machine)',
};

function isPrivateKey(text: string): boolean {
  try {
    return createPrivateKey(text).type === 'private';
  } catch {
    // Not a key: the setting is rejected.
    return false;
  }
}

/** The settings of an email channel: its address, and its SMTP and IMAP servers. */
export const emailSettingsSchema = z.strictObject({
  address: z
    .string()
    .refine(
      (text) => normaliseEmailAddress(text) !== undefined,
      'must be an address such as support@example.com',
    )
    .meta({
      title: 'Address',
      description: 'The address that customers write to and replies are sent from.',
    }),
  name: z
    .string()
    .min(1)
    .max(100)
    .meta({ title: 'Name', description: 'The sender’s name, shown beside the address.' })
    .optional(),
  subject: z
    .string()
    .min(1)
    .max(200)
    .default('Your conversation with us')
    .meta({ title: 'Subject', description: 'The subject of emails that are not replies.' }),
  plusAddressing: z.boolean().default(true).meta({
    title: 'Plus addressing',
    description:
      'Replies are sent to address+tag, so that they reach the right conversation even if the email program loses the thread.',
  }),
  automaticPerHour: z.int().min(0).max(1000).default(20).meta({
    title: 'Automatic emails per hour',
    description:
      'The maximum that the bot and the system send to one contact, so that two automatic responders cannot reply to each other endlessly.',
  }),
  smtp: z
    .strictObject({
      host: host.meta({ title: 'Server' }),
      port: port(587).meta({ title: 'Port' }),
      tls: tls.default('starttls').meta({ title: 'Encryption', labels: tlsLabels }),
      user: z.string().min(1).max(255).meta({ title: 'User' }).optional(),
      password: z.string().min(1).max(1000).meta({ title: 'Password', isSecret: true }).optional(),
      connections: z.int().min(1).max(20).default(3).meta({ title: 'Maximum connections' }),
      laterMinutes: z.number().min(0).max(240).default(5).meta({
        title: 'Retry delay (min)',
        description: 'Used when the server asks to send the email later, for example with greylisting.',
      }),
    })
    .meta({
      title: 'Sending (SMTP)',
      description: 'If off, the channel can only receive emails.',
    })
    .optional(),
  dkim: z
    .strictObject({
      domain: host
        .meta({ title: 'Domain', description: 'Defaults to the domain of the address.' })
        .optional(),
      selector: z
        .string()
        .regex(/^[\w.-]{1,100}$/, 'must contain only letters, digits, `-`, `_` or `.`')
        .meta({
          title: 'Selector',
          description: 'The public key is published in the DNS at selector._domainkey.example.com.',
        }),
      privateKey: z
        .string()
        .max(10_000)
        .refine(isPrivateKey, 'must be a private key in PEM format')
        .meta({ title: 'Private key', description: 'In PEM format.', isSecret: true, isLong: true }),
    })
    .meta({
      title: 'Signing (DKIM)',
      description: 'Turn this on if the SMTP server does not sign emails itself.',
    })
    .optional(),
  imap: z
    .strictObject({
      host: host.meta({ title: 'Server' }),
      port: port(993).meta({ title: 'Port' }),
      tls: tls.default('implicit').meta({ title: 'Encryption', labels: tlsLabels }),
      user: z.string().min(1).max(255).meta({ title: 'User' }),
      password: z.string().min(1).max(1000).meta({ title: 'Password', isSecret: true }),
      mailbox: z.string().min(1).max(255).default('INBOX').meta({ title: 'Mailbox' }),
    })
    .meta({
      title: 'Mailbox (IMAP)',
      description: 'Turn this on if emails cannot be delivered to this server directly.',
    })
    .optional(),
});

/** An email channel's settings, with their defaults. */
export type EmailSettings = z.output<typeof emailSettingsSchema>;

/** A channel's normalised email address; `undefined` if its settings are invalid. */
export function addressOfChannel(settings: unknown): string | undefined {
  const known = emailSettingsSchema.safeParse(settings);
  return known.success ? normaliseEmailAddress(known.data.address) : undefined;
}
