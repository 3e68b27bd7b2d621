import { createHash } from 'node:crypto';
import { type AuditEntry, writeAudit } from '../audit/audit.ts';
import { emailSettingsSchema } from '../channels/email/email-settings.ts';
import { type ImapServer, type MailboxReader, readMailbox } from '../channels/email/read-mailbox.ts';
import type { Database } from '../db/database.ts';
import { pause } from '../domain/pause.ts';
import { partitionCount, partitionOf } from '../log/partition.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { EmailChannel, EmailChannels } from './email-channels.ts';
import { createMailboxStore } from './mailbox-store.ts';

/** The dependencies and options of watching mailboxes. */
export interface WatchMailboxes {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly channels: EmailChannels;
  /** The partitions that this node owns now. */
  readonly partitions: () => readonly number[];
  readonly maxBytes: number;
  /** How often to check which mailboxes this node reads, in milliseconds. */
  readonly checkMs?: number;
  readonly log: { info(detail: object, message: string): void; warn(detail: object, message: string): void };
}

/** A running watch of this node's mailboxes. */
export interface MailboxWatch {
  stop(): Promise<void>;
}

interface ChannelMailbox {
  readonly channel: EmailChannel;
  readonly server: ImapServer;
}

const defaultCheckMs = 2_000;

/**
 * Reads the mailboxes of all channels that have one. Each is read by the node that owns the partition of its name, so that
 * mailboxes are distributed and taken over together with the partitions. If two nodes read one for a moment, the cursor
 * stops the second, and copies are ignored.
 */
export function watchMailboxes(options: WatchMailboxes): MailboxWatch {
  const readers = new Map<string, MailboxReader>();
  const { channels, partitions, log, checkMs = defaultCheckMs } = options;
  const stopping = new AbortController();

  async function check(): Promise<void> {
    const owned = new Set(partitions());
    const wanted = new Map<string, ChannelMailbox>();
    for (const channel of await channels.all()) {
      const { imap: server } = emailSettingsSchema.parse(channel.settings);
      const mailbox = `${channel.appId}/${channel.channel}`;
      if (!server || !owned.has(partitionOf(`mailbox ${mailbox}`, partitionCount))) continue;
      // Changed settings need a new reader.
      wanted.set(`${mailbox} ${fingerprint([channel.address, server])}`, { channel, server });
    }
    const unwanted = [...readers].filter(([name]) => !wanted.has(name));
    await Promise.all(
      unwanted.map(([name, reader]) => {
        readers.delete(name);
        return reader.stop();
      }),
    );
    if (stopping.signal.aborted) return;
    for (const [name, one] of wanted) {
      if (!readers.has(name)) readers.set(name, read(options, one));
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await check().catch((error) => log.warn({ err: error }, 'failed to check the mailboxes'));
      await pause(checkMs, stopping.signal);
    }
    await Promise.all([...readers.values()].map((reader) => reader.stop()));
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function read(
  { database, unitOfWork, maxBytes, log }: WatchMailboxes,
  { channel, server }: ChannelMailbox,
): MailboxReader {
  const { appId, channel: name } = channel;
  let lastReason: string | null = null;
  return readMailbox({
    server,
    store: createMailboxStore(
      { database, unitOfWork },
      channel,
      `${server.user}@${server.host}/${server.mailbox}`,
    ),
    maxBytes,
    onState(failure) {
      const reason = failure?.reason ?? null;
      if (reason === lastReason) return;
      const wasUp = lastReason === null;
      lastReason = reason;
      if (failure) log.warn({ appId, channel: name, reason, err: failure.error }, 'mailbox cannot be read');
      else log.info({ appId, channel: name }, 'mailbox is readable again');
      if (wasUp || !failure) auditState(database, { appId, channel: name, reason, log });
    },
  });
}

/** Records in the audit log that a mailbox went down or came back. */
function auditState(
  database: Database,
  state: Pick<WatchMailboxes, 'log'> & { appId: number; channel: string; reason: string | null },
): void {
  const { appId, channel, reason, log } = state;
  const entry: AuditEntry = {
    appId,
    actor: 'mailbox',
    action: reason === null ? 'mailbox.up' : 'mailbox.down',
    target: channel,
    detail: reason === null ? {} : { reason },
  };
  writeAudit(database.sql, entry).catch((cause) =>
    log.warn({ appId, channel, err: cause }, 'failed to write an audit entry'),
  );
}

function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
