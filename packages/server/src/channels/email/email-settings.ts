import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { normaliseAddress } from './mail-address.ts';

const port = (fallback: number) => z.int().min(1).max(65_535).default(fallback);
const host = z.string().min(1).max(255);
/**
 * How a connection is encrypted: from its first byte, by the command that both servers know, or not at all, which is
 * for servers on the same machine. Certificates are always checked.
 */
const tls = z.enum(['implicit', 'starttls', 'none']);

function isPrivateKey(text: string): boolean {
  try {
    return createPrivateKey(text).type === 'private';
  } catch {
    return false;
  }
}

/** What an email channel must be told: its address, and the servers that it sends through and is read from. */
export const emailSettingsSchema = z.strictObject({
  /** Where customers write to, and what replies come from. */
  address: z
    .string()
    .refine((text) => normaliseAddress(text) !== undefined, 'must be an address such as support@example.com'),
  /** The name beside that address. */
  name: z.string().min(1).max(100).optional(),
  /** What mails are headed with that answer none. */
  subject: z.string().min(1).max(200).default('Your conversation with us'),
  /** Whether replies come back to `address` with a `+` and a mark of the conversation. */
  plusAddressing: z.boolean().default(true),
  /** What the bot and the system may send to one person in an hour: two machines must not write each other forever. */
  automaticPerHour: z.int().min(0).max(1000).default(20),
  /** The server that sends; without one, the channel only receives. */
  smtp: z
    .strictObject({
      host,
      port: port(587),
      tls: tls.default('starttls'),
      user: z.string().min(1).max(255).optional(),
      password: z.string().min(1).max(1000).optional(),
      /** Connections at the same time. */
      connections: z.int().min(1).max(20).default(3),
      /** Minutes until the next attempt where the server says that the mail should come later, as for greylisting. */
      laterMinutes: z.number().min(0).max(240).default(5),
    })
    .optional(),
  /** What mails are signed with, where the server that sends does not do it. */
  dkim: z
    .strictObject({
      /** The address’s own where absent. */
      domain: host.optional(),
      /** Where in the DNS of the domain the public key is: `selector._domainkey.example.com`. */
      selector: z.string().regex(/^[\w.-]{1,100}$/, 'must have letters, digits, `-`, `_` or `.`'),
      /** In PEM. */
      privateKey: z.string().max(10_000).refine(isPrivateKey, 'must be a private key in PEM'),
    })
    .optional(),
  /** The mailbox that is read for the channel, where its mails are not sent to us. */
  imap: z
    .strictObject({
      host,
      port: port(993),
      tls: tls.default('implicit'),
      user: z.string().min(1).max(255),
      password: z.string().min(1).max(1000),
      mailbox: z.string().min(1).max(255).default('INBOX'),
    })
    .optional(),
});

/** An email channel's settings, with their defaults. */
export type EmailSettings = z.output<typeof emailSettingsSchema>;

/** The address that mails for a channel come to, as addresses are compared; `undefined` where it has none. */
export function addressOfChannel(settings: unknown): string | undefined {
  const known = emailSettingsSchema.safeParse(settings);
  return known.success ? normaliseAddress(known.data.address) : undefined;
}
