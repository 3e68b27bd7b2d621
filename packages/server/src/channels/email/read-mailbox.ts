import { setTimeout as delay } from 'node:timers/promises';
import { ImapFlow, type MailboxObject } from 'imapflow';
import { ChannelError } from '../channel-error.ts';
import type { EmailSettings } from './email-settings.ts';

/** A server that keeps a channel's mailbox. */
export type ImapServer = NonNullable<EmailSettings['imap']>;

/** How far a mailbox was read. */
export interface MailboxCursor {
  /** The server's mark of the numbering: under another one all numbers are new. */
  readonly uidValidity: string;
  readonly lastUid: number;
}

/** Where the reader keeps what it reads. */
export interface MailboxStore {
  /** How far it was read, and when; `undefined` where it never was. */
  load(): Promise<(MailboxCursor & { readonly readAt: string }) | undefined>;
  /**
   * Keeps a mail, where there is one, and moves the cursor, both or nothing.
   *
   * @returns false where the cursor is not at `from` any more: somebody else reads the mailbox.
   */
  advance(from: MailboxCursor | undefined, to: MailboxCursor, email: Buffer | null): Promise<boolean>;
}

/** What the reader is told. */
export interface MailboxOptions {
  readonly server: ImapServer;
  readonly store: MailboxStore;
  /** Of a mail that is longer only so much is read: nobody can be told that it is too long. */
  readonly maxBytes: number;
  /** Told when the mailbox cannot be read, and why; and when it can again, with `null`. */
  readonly onState: (trouble: string | null) => void;
  /** What differs from `defaultTimes`, for tests. */
  readonly times?: Partial<typeof defaultTimes>;
}

/** A mailbox that is being read. */
export interface MailboxReader {
  /** Ends when what is under way has ended. */
  stop(): Promise<void>;
}

/** Milliseconds: until the connection is made again, twice as long each time; and between looks without a word. */
const defaultTimes = { retryMs: 1_000, longestRetryMs: 300_000, lookMs: 60_000 };
/** Under a new numbering, mails that came so long before the last look are read again; known ones are kept once. */
const overlapMs = 24 * 3_600_000;

/**
 * Reads a mailbox for as long as it is not stopped: what came since the last time, then what comes, at once where the
 * server tells of it (IDLE). Nothing in the mailbox is changed. The first time only what comes from then on is read.
 */
export function readMailbox(options: MailboxOptions): MailboxReader {
  const times = { ...defaultTimes, ...options.times };
  const stopping = new AbortController();
  let current: ImapFlow | undefined;

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const client = connection(options.server);
      current = client;
      try {
        await follow(client, options, times.lookMs, stopping.signal, () => {
          failures = 0;
          options.onState(null);
        });
      } catch (error) {
        failures++;
        if (!stopping.signal.aborted) options.onState(describe(error));
      } finally {
        client.close();
      }
      const full = Math.min(times.longestRetryMs, times.retryMs * 2 ** Math.min(failures - 1, 20));
      await delay(full * (0.5 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => {});
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
  const client = new ImapFlow({
    host,
    port,
    secure: tls === 'implicit',
    ...(tls === 'implicit' ? {} : { doSTARTTLS: tls === 'starttls' }),
    auth: { user, pass: password },
    logger: false,
    maxIdleTime: 4 * 60_000,
  });
  // What waits for the connection hears of its end by itself.
  client.on('error', () => {});
  return client;
}

/** Connects, logs in and opens the mailbox. @throws ChannelError saying why it cannot. */
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

/** Reads until the connection ends, or the reader is stopped. @throws why the connection ended. */
async function follow(
  client: ImapFlow,
  { server, store, maxBytes }: MailboxOptions,
  lookMs: number,
  stopping: AbortSignal,
  onOpen: () => void,
): Promise<void> {
  await client.connect();
  const mailbox = await client.mailboxOpen(server.mailbox, { readOnly: true });
  let cursor = await begin(client, mailbox, store);
  onOpen();
  const news = new EventTarget();
  let isNew = true;
  const tell = () => {
    isNew = true;
    news.dispatchEvent(new Event('news'));
  };
  client.on('exists', tell);
  client.on('close', tell);
  while (!stopping.aborted && client.usable) {
    isNew = false;
    const found = await client.search({ uid: `${cursor.lastUid + 1}:*` }, { uid: true });
    // A range that ends with `*` always has the last mail in it, also where that was read before.
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
    if (!isNew && client.usable) await untilNews(client, news, lookMs, stopping);
  }
  if (!stopping.aborted) throw new Error('The server has closed the connection.');
}

/** Has the server tell of what comes; it is looked after a while without a word, too. */
async function untilNews(client: ImapFlow, news: EventTarget, lookMs: number, stopping: AbortSignal) {
  // Where it fails there is still the look after a while.
  client.idle().catch(() => {});
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, lookMs);
    function done() {
      clearTimeout(timer);
      news.removeEventListener('news', done);
      stopping.removeEventListener('abort', done);
      resolve();
    }
    news.addEventListener('news', done);
    stopping.addEventListener('abort', done);
  });
}

/** Where to read on from. */
async function begin(client: ImapFlow, mailbox: MailboxObject, store: MailboxStore): Promise<MailboxCursor> {
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
  if (authenticationFailed) return 'The mail server refused the log-in.';
  return `The mailbox cannot be read: ${(responseText ?? error.message).slice(0, 300)}`;
}
