import { cutText } from '@mevrik/protocol';
import type { ImapFlow, MailboxObject } from 'imapflow';
import { type BackOff, backOffMs } from '../../domain/back-off.ts';
import { pause } from '../../domain/pause.ts';
import { ChannelError } from '../channel-error.ts';
import { imapflow } from './email-packages.ts';
import type { EmailSettings } from './email-settings.ts';

/** The IMAP server of a channel's mailbox. */
export type ImapServer = NonNullable<EmailSettings['imap']>;

/** The position up to which a mailbox was read. */
export interface MailboxCursor {
  /** The mailbox's UIDVALIDITY: when it changes, all UIDs are new. */
  readonly uidValidity: string;
  readonly lastUid: number;
}

/** Stores emails and the cursor. */
export interface MailboxStore {
  /** The cursor and when it was saved; `undefined` for a mailbox that was never read. */
  load(): Promise<(MailboxCursor & { readonly readAt: string }) | undefined>;
  /**
   * Stores an email, if any, and moves the cursor, in one transaction.
   *
   * @returns false if the cursor is no longer at `from`, because another process reads the mailbox.
   */
  advance(from: MailboxCursor | undefined, to: MailboxCursor, email: Buffer | null): Promise<boolean>;
}

/** The options of a mailbox reader. */
export interface MailboxOptions {
  readonly server: ImapServer;
  readonly store: MailboxStore;
  /** Longer emails are truncated, because it is too late to reject them. */
  readonly maxBytes: number;
  /** Called when the mailbox cannot be read, with the reason and the error, and with `null` when it can be read again. */
  readonly onState: (failure: { readonly reason: string; readonly error: unknown } | null) => void;
  /** Overrides of `defaultTimes`, for tests. */
  readonly times?: Partial<typeof defaultTimes>;
}

/** A running mailbox reader. */
export interface MailboxReader {
  /** Stops after the current email. */
  stop(): Promise<void>;
}

/** Milliseconds: the first and the longest delay before reconnecting, and the interval between polls. */
const defaultTimes = { retryMs: 1_000, longestRetryMs: 300_000, pollMs: 60_000 };
/** After a change of UIDVALIDITY, emails of this period before the last read are read again; copies are ignored. */
const overlapMs = 24 * 3_600_000;

/**
 * Reads a mailbox until stopped: first the emails since the last read, then new ones as the server announces them
 * (IDLE). It never changes the mailbox. When it reads a mailbox for the first time, it skips the emails already there.
 */
export function readMailbox(options: MailboxOptions): MailboxReader {
  const times = { ...defaultTimes, ...options.times };
  const backOff: BackOff = { firstMs: times.retryMs, longestMs: times.longestRetryMs, jitter: [0.5, 1] };
  const stopping = new AbortController();
  let current: ImapFlow | undefined;

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const client = connection(options.server);
      current = client;
      try {
        await follow(client, options, times.pollMs, stopping.signal, () => {
          failures = 0;
          options.onState(null);
        });
      } catch (error) {
        failures++;
        if (!stopping.signal.aborted) options.onState({ reason: describe(error), error });
      } finally {
        client.close();
      }
      await pause(backOffMs(backOff, failures), stopping.signal);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      current?.close();
      await running;
    },
  };
}

function connection({ host, port, tls, user, password }: ImapServer): ImapFlow {
  const client = new (imapflow().ImapFlow)({
    host,
    port,
    secure: tls === 'implicit',
    ...(tls === 'implicit' ? {} : { doSTARTTLS: tls === 'starttls' }),
    auth: { user, pass: password },
    logger: false,
    maxIdleTime: 4 * 60_000,
  });
  // Pending commands reject by themselves when the connection breaks.
  client.on('error', () => {});
  return client;
}

/** Connects, logs in and opens the mailbox. @throws ChannelError with the reason. */
export async function testMailbox(server: ImapServer): Promise<void> {
  const client = connection(server);
  try {
    await client.connect();
    await client.mailboxOpen(server.mailbox, { readOnly: true });
  } catch (error) {
    throw new ChannelError({ kind: 'channel-down', error: describe(error) }, { cause: error });
  } finally {
    client.close();
  }
}

/** Reads until the reader is stopped. @throws Error when the connection ends. */
async function follow(
  client: ImapFlow,
  { server, store, maxBytes }: MailboxOptions,
  pollMs: number,
  stopping: AbortSignal,
  onOpen: () => void,
): Promise<void> {
  await client.connect();
  const mailbox = await client.mailboxOpen(server.mailbox, { readOnly: true });
  let cursor = await findStart(client, mailbox, store);
  onOpen();
  const changes = new EventTarget();
  let hasChanged = true;
  const announce = () => {
    hasChanged = true;
    changes.dispatchEvent(new Event('change'));
  };
  client.on('exists', announce);
  client.on('close', announce);
  while (!stopping.aborted && client.usable) {
    hasChanged = false;
    const found = await client.search({ uid: `${cursor.lastUid + 1}:*` }, { uid: true });
    // A range that ends with `*` always includes the last email, even if it was read before.
    const uids = (found || []).filter((uid) => uid > cursor.lastUid).sort((one, other) => one - other);
    for (const uid of uids) {
      if (stopping.aborted) return;
      const email = await client.fetchOne(String(uid), { source: { maxLength: maxBytes } }, { uid: true });
      const to = { uidValidity: cursor.uidValidity, lastUid: uid };
      if (!(await store.advance(cursor, to, email === false ? null : (email.source ?? null)))) {
        throw new Error('Another process reads this mailbox.');
      }
      cursor = to;
    }
    if (!hasChanged && client.usable) await waitForChange(client, changes, pollMs, stopping);
  }
  if (!stopping.aborted) throw new Error('The mail server closed the connection.');
}

/** Waits until the server announces a change, or for the poll interval. */
async function waitForChange(client: ImapFlow, changes: EventTarget, pollMs: number, stopping: AbortSignal) {
  // If IDLE fails, the next poll finds new emails.
  client.idle().catch(() => {});
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, pollMs);
    function done() {
      clearTimeout(timer);
      changes.removeEventListener('change', done);
      stopping.removeEventListener('abort', done);
      resolve();
    }
    changes.addEventListener('change', done);
    stopping.addEventListener('abort', done);
  });
}

/** The cursor to continue from. */
async function findStart(
  client: ImapFlow,
  mailbox: MailboxObject,
  store: MailboxStore,
): Promise<MailboxCursor> {
  const uidValidity = String(mailbox.uidValidity);
  const known = await store.load();
  if (known?.uidValidity === uidValidity) return known;
  const start = { uidValidity, lastUid: mailbox.uidNext - 1 };
  if (known) {
    const since = new Date(Date.parse(known.readAt) - overlapMs);
    const recent = (await client.search({ since }, { uid: true })) || [];
    start.lastUid = Math.min(start.lastUid, ...recent.map((uid) => uid - 1));
  }
  if (await store.advance(known, start, null)) return start;
  throw new Error('Another process reads this mailbox.');
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'The mailbox cannot be read.';
  const { authenticationFailed, responseText } = error as {
    authenticationFailed?: boolean;
    responseText?: string;
  };
  if (authenticationFailed) return 'The mail server rejected the login.';
  return `The mailbox cannot be read: ${cutText(responseText ?? error.message, 300)}`;
}
