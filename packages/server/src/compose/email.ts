import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { ProblemError } from '@mevrik/protocol';
import type { Files } from '../attachments/files.ts';
import { type IncomingEmail, type SmtpListener, startSmtpListener } from '../channels/email/smtp-listener.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { createEmailChannels } from '../inbound-email/email-channels.ts';
import type { ProcessEmailDeps, StoreAttachment } from '../inbound-email/process-email.ts';
import { countEmails, receiveEmail } from '../inbound-email/receive-email.ts';
import { watchMailboxes } from '../inbound-email/watch-mailboxes.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { DiskSpace } from '../observe/disk-space.ts';
import type { Log } from '../observe/log.ts';
import type { Teardown } from './teardown.ts';

/** The dependencies of inbound email. */
export function emailDeps(database: Database, files: Files, signingKey: Buffer): ProcessEmailDeps {
  return {
    channels: createEmailChannels(database),
    signingKey,
    storeAttachment: keepEmailAttachment(files),
  };
}

/** An attachment that is rejected is named in the message; the stored email still contains it. */
function keepEmailAttachment(files: Files): StoreAttachment {
  return async (appId, { name, content }) => {
    try {
      return await files.storeForChannel({ appId, by: 'channel email', name, bytes: content });
    } catch (error) {
      if (error instanceof ProblemError && error.status < 500) return null;
      throw error;
    }
  };
}

/** The dependencies of `startEmail`. */
export interface EmailPartDeps {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  /** The partitions that this node currently owns. */
  readonly partitions: () => readonly number[];
  readonly email: ProcessEmailDeps;
  readonly disk: DiskSpace;
  readonly teardown: Teardown;
}

/** Starts the configured ways to receive email. @returns the SMTP listener, or `null` if it is not configured. */
export async function startEmail(deps: EmailPartDeps): Promise<SmtpListener | null> {
  const { config, log, database, unitOfWork, email, disk, teardown } = deps;
  // While the disk is nearly full, emails stay where they are.
  const partitions = () => (disk.isLow() ? [] : deps.partitions());
  const { channels } = email;
  const maxBytes = config.SMTP_MAX_BYTES;
  const mailboxes = watchMailboxes({ database, unitOfWork, channels, partitions, maxBytes, log });
  teardown.add('the mailbox poller', () => mailboxes.stop());
  if (config.SMTP_PORT === null) return null;
  const listener = await startSmtpListener({
    host: config.SMTP_HOST,
    port: config.SMTP_PORT,
    name: config.SMTP_NAME ?? undefined,
    tls: await readCertificate(config),
    maxBytes,
    maxConnections: config.SMTP_MAX_CONNECTIONS,
    maxConnectionsPerAddress: Math.ceil(config.SMTP_MAX_CONNECTIONS / 4),
    find: (address) => channels.find(address),
    store: async (arrived) =>
      disk.isLow() ? 'no-room' : storeEmail(unitOfWork, arrived, config.SMTP_SENDER_LIMIT),
    log,
  });
  teardown.add('the SMTP server', () => listener.stop());
  log.info({ port: listener.port }, 'receiving email');
  return listener;
}

/** Bounces have no sender and arrive for all emails of a channel, so their limit is higher. */
const bounceFactor = 10;

/** Stores an email for all its recipients or for none. */
function storeEmail(unitOfWork: UnitOfWork, { raw, sender, recipients }: IncomingEmail, limit: number) {
  return unitOfWork.run(async (tx) => {
    const most = sender === '' ? limit * bounceFactor : limit;
    for (const { appId, channel } of recipients) {
      if ((await countEmails(tx, { appId, channel, sender })) >= most) return 'too-many';
    }
    for (const recipient of recipients) await receiveEmail(tx, { ...recipient, source: 'smtp', sender, raw });
    return 'stored';
  });
}

async function readCertificate({ SMTP_TLS_CERT: cert, SMTP_TLS_KEY: key }: Config) {
  if (cert === null || key === null) return null;
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
}

/** The address of the SMTP server, as administrators see it. */
export function mailServerOf({ SMTP_NAME: name }: Config, listener: SmtpListener | null): string | null {
  return listener && `${name ?? hostname()}:${listener.port}`;
}
