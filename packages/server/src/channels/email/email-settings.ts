import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';

const port = (fallback: number) => z.int().min(1).max(65_535).default(fallback);
const host = z.string().min(1).max(255);
/**
 * How a connection is encrypted: from its first byte, by the command that both servers know, or not at all, which is
 * for servers on the same machine. Certificates are always checked.
 */
const tls = z.enum(['implicit', 'starttls', 'none']);
const tlsLabels = {
  implicit: 'from the first byte (TLS)',
  starttls: 'by command (STARTTLS)',
  none: 'none: a server on this machine',
};

function isPrivateKey(text: string): boolean {
  try {
    return createPrivateKey(text).type === 'private';
  } catch {
    return false;
  }
}

/** What an email channel must be told: its address, and the servers that it sends through and is read from. */
export const emailSettingsSchema = z.strictObject({
  address: z
    .string()
    .refine(
      (text) => normaliseEmailAddress(text) !== undefined,
      'must be an address such as support@example.com',
    )
    .meta({ title: 'Address', description: 'Where customers write to, and what replies come from.' }),
  name: z
    .string()
    .min(1)
    .max(100)
    .meta({ title: 'Name', description: 'Stands beside the address.' })
    .optional(),
  subject: z
    .string()
    .min(1)
    .max(200)
    .default('Your conversation with us')
    .meta({ title: 'Subject', description: 'What mails are headed with that answer none.' }),
  plusAddressing: z.boolean().default(true).meta({
    title: 'Replies come to address+mark',
    description: 'So that an answer finds its conversation even where the mail program has lost the thread.',
  }),
  automaticPerHour: z.int().min(0).max(1000).default(20).meta({
    title: 'AutomaticKind mails an hour',
    description:
      'What bot and system may send to one person: two machines must not write each other forever.',
  }),
  smtp: z
    .strictObject({
      host: host.meta({ title: 'Server' }),
      port: port(587).meta({ title: 'Port' }),
      tls: tls.default('starttls').meta({ title: 'Encryption', labels: tlsLabels }),
      user: z.string().min(1).max(255).meta({ title: 'User' }).optional(),
      password: z.string().min(1).max(1000).meta({ title: 'Password', isSecret: true }).optional(),
      connections: z.int().min(1).max(20).default(3).meta({ title: 'Connections at the same time' }),
      laterMinutes: z.number().min(0).max(240).default(5).meta({
        title: 'Minutes until the next attempt',
        description: 'Where the server says that the mail should come later, as for greylisting.',
      }),
    })
    .meta({
      title: 'Send through a server (SMTP)',
      description: 'Without one, the channel only receives.',
    })
    .optional(),
  dkim: z
    .strictObject({
      domain: host
        .meta({ title: 'Domain', description: 'The address’s own where nothing is given.' })
        .optional(),
      selector: z
        .string()
        .regex(/^[\w.-]{1,100}$/, 'must have letters, digits, `-`, `_` or `.`')
        .meta({
          title: 'Selector',
          description: 'The public key is in the DNS at selector._domainkey.example.com.',
        }),
      privateKey: z
        .string()
        .max(10_000)
        .refine(isPrivateKey, 'must be a private key in PEM')
        .meta({ title: 'Private key', description: 'In PEM.', isSecret: true, isLong: true }),
    })
    .meta({
      title: 'Sign mails (DKIM)',
      description: 'Where the server that sends does not do it.',
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
      title: 'Read a mailbox (IMAP)',
      description: 'Where mails cannot be sent to this server.',
    })
    .optional(),
});

/** An email channel's settings, with their defaults. */
export type EmailSettings = z.output<typeof emailSettingsSchema>;

/** The address that mails for a channel come to, as addresses are compared; `undefined` where it has none. */
export function addressOfChannel(settings: unknown): string | undefined {
  const known = emailSettingsSchema.safeParse(settings);
  return known.success ? normaliseEmailAddress(known.data.address) : undefined;
}
