import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type AuditEntry, writeAudit } from '../audit/audit.ts';
import { emailSettingsSchema } from '../channels/email/email-settings.ts';
import { type ImapServer, type MailboxReader, readMailbox } from '../channels/email/read-mailbox.ts';
import type { Database } from '../db/database.ts';
import { partitionCount, partitionOf } from '../log/partition.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { EmailChannel, EmailChannels } from './email-channels.ts';
import { createMailboxStore } from './mailbox-store.ts';

/** What watching mailboxes takes. */
export interface WatchMailboxes {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly channels: EmailChannels;
  /** The partitions that this node owns now. */
  readonly partitions: () => readonly number[];
  readonly maxBytes: number;
  /** How often it is looked which mailboxes are ours to read, in milliseconds. */
  readonly lookMs?: number;
  readonly log: { info(detail: object, message: string): void; warn(detail: object, message: string): void };
}

/** The mailboxes of this node, being read. */
export interface MailboxWatch {
  stop(): Promise<void>;
}

interface Wanted {
  readonly channel: EmailChannel;
  readonly server: ImapServer;
}

const defaultLookMs = 2_000;

/**
 * Reads the mailboxes of all channels that have one. Of several nodes one reads each: the one that owns the partition
 * of its name, so that they are shared and taken over as the partitions are. Should two read one for a moment, its
 * cursor tells them, and what both have read is kept once.
 */
export function watchMailboxes(options: WatchMailboxes): MailboxWatch {
  const readers = new Map<string, MailboxReader>();
  const { channels, partitions, log, lookMs = defaultLookMs } = options;
  const stopping = new AbortController();

  async function look(): Promise<void> {
    const owned = new Set(partitions());
    const wanted = new Map<string, Wanted>();
    for (const channel of await channels.all()) {
      const { imap: server } = emailSettingsSchema.parse(channel.settings);
      const place = `${channel.appId}/${channel.channel}`;
      if (!server || !owned.has(partitionOf(`mailbox ${place}`, partitionCount))) continue;
      // With other settings it is another reader.
      wanted.set(`${place} ${fingerprint([channel.address, server])}`, { channel, server });
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
      await look().catch((error) =>
        log.warn({ reason: String(error) }, 'the mailboxes could not be looked up'),
      );
      await delay(lookMs, undefined, { signal: stopping.signal }).catch(() => {});
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
  { channel, server }: Wanted,
): MailboxReader {
  const { appId, channel: name } = channel;
  let trouble: string | null = null;
  return readMailbox({
    server,
    store: createMailboxStore(
      { database, unitOfWork },
      channel,
      `${server.user}@${server.host}/${server.mailbox}`,
    ),
    maxBytes,
    onState(next) {
      if (next === trouble) return;
      const wasFine = trouble === null;
      trouble = next;
      if (next === null) log.info({ appId, channel: name }, 'a mailbox is read');
      else log.warn({ appId, channel: name, reason: next }, 'a mailbox cannot be read');
      if (wasFine || next === null) note(database, { appId, channel: name, trouble: next });
    },
  });
}

/** People find out in the audit trail, too, once for each time that it goes down or comes back. */
function note(
  database: Database,
  { appId, channel, trouble }: { appId: number; channel: string; trouble: string | null },
): void {
  const entry: AuditEntry = {
    appId,
    actor: 'mailbox',
    action: trouble === null ? 'mailbox.up' : 'mailbox.down',
    target: channel,
    detail: trouble === null ? {} : { reason: trouble },
  };
  writeAudit(database.sql, entry).catch(() => {});
}

function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
