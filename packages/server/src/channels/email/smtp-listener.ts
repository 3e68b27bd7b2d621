import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { cutText } from '@mevrik/protocol';
import type { SMTPServerDataStream, SMTPServerOptions, SMTPServerSession } from 'smtp-server';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import type { ChannelRef } from '../channel.ts';
import { smtpServer } from './email-packages.ts';

/** A received email. */
export interface IncomingEmail {
  readonly raw: Buffer;
  /** The envelope sender; empty for bounces. */
  readonly sender: string;
  /** The channels that it is for, each once, with the recipient's address. */
  readonly recipients: readonly (ChannelRef & { readonly recipient: string })[];
}

/** The options of the SMTP listener. */
export interface SmtpListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Its host name; defaults to the machine's name. */
  readonly name?: string | undefined;
  /** The certificate and key for `STARTTLS`, in PEM format; `null`: not offered. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly maxBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Overrides of `defaultTimes`, for tests. */
  readonly times?: Partial<typeof defaultTimes>;
  /** Finds the channel of an address; `undefined` for an unknown address. */
  readonly find: (address: string) => Promise<ChannelRef | undefined>;
  /** Stores an email durably. After `too-many` and `no-room` the sender is asked to try again later. */
  readonly store: (email: IncomingEmail) => Promise<'stored' | 'too-many' | 'no-room'>;
  readonly log: { warn(detail: object, message: string): void };
}

/** A running SMTP listener. */
export interface SmtpListener {
  readonly port: number;
  /** Accepts no more emails; those being received have a few seconds to finish. */
  stop(): Promise<void>;
}

/** Milliseconds: the limits of an idle connection, of any connection, and of stopping. */
const defaultTimes = { idleMs: 60_000, connectionMs: 600_000, stopMs: 3_000 };
const maxRecipients = 50;

/**
 * Starts a server that receives emails for the addresses of our channels. It stores an email before it responds with 250.
 * It offers no authentication and relays nothing.
 */
export async function startSmtpListener(options: SmtpListenerOptions): Promise<SmtpListener> {
  const times = { ...defaultTimes, ...options.times };
  const server = new (smtpServer().SMTPServer)({
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.tls ?? {}),
    disabledCommands: options.tls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    size: options.maxBytes,
    maxClients: options.maxConnections,
    maxRecipients,
    maxAllowedUnauthenticatedCommands: 200,
    socketTimeout: times.idleMs,
    closeTimeout: times.stopMs,
    ...limitPerAddress(options.maxConnectionsPerAddress),
    ...receiveFor(options),
  });
  server.on('error', (error) => options.log.warn({ err: error }, 'an SMTP connection failed'));
  server.server.on('connection', (socket: Socket) => {
    // A client that sends a byte now and then never becomes idle, so the whole connection is limited too.
    const overdue = setTimeout(() => socket.destroy(), times.connectionMs).unref();
    socket.once('close', () => clearTimeout(overdue));
  });
  const listening = once(server.server, 'listening');
  server.listen(options.port, options.host);
  await listening;
  return {
    port: (server.server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Counts the connections of each address and rejects those above the limit. */
function limitPerAddress(max: number): Pick<SMTPServerOptions, 'onConnect' | 'onClose'> {
  const connections = new Map<string, number>();
  return {
    onConnect({ remoteAddress }, done) {
      const count = (connections.get(remoteAddress) ?? 0) + 1;
      connections.set(remoteAddress, count);
      if (count <= max) done();
      else done(smtpError(421, 'Too many connections from your address, try again later'));
    },
    onClose({ remoteAddress }) {
      const left = (connections.get(remoteAddress) ?? 1) - 1;
      if (left > 0) connections.set(remoteAddress, left);
      else connections.delete(remoteAddress);
    },
  };
}

/** The channels of an email's recipients, by their lower-case addresses. */
type Recipients = Map<string, ChannelRef>;

/** Accepts recipients that have a channel, and stores the emails to them. */
function receiveFor(
  options: SmtpListenerOptions,
): Pick<SMTPServerOptions, 'onMailFrom' | 'onRcptTo' | 'onData'> {
  const { log } = options;
  const recipientsOf = new WeakMap<SMTPServerSession, Recipients>();
  return {
    onMailFrom(_address, session, done) {
      recipientsOf.set(session, new Map());
      done();
    },
    onRcptTo({ address }, session, done) {
      const recipients: Recipients = recipientsOf.get(session) ?? new Map();
      options.find(normaliseEmailAddress(address) ?? '').then(
        (channel) => {
          if (!channel) return done(smtpError(550, 'No such recipient at this server'));
          recipientsOf.set(session, recipients.set(address.toLowerCase(), channel));
          done();
        },
        (error) => {
          log.warn({ err: error }, 'failed to look up a recipient');
          done(smtpError(451, 'Temporary server error, try again later'));
        },
      );
    },
    onData(stream, session, done) {
      receive(stream, session, recipientsOf.get(session), options).then(
        (text) => done(null, text),
        (error) => {
          if (error.responseCode) return done(error);
          log.warn({ err: error }, 'failed to store an email');
          done(smtpError(451, 'Temporary server error, try again later'));
        },
      );
    },
  };
}

/** Reads and stores an email. @returns the text of the 250 response. @throws an SMTP error for another response. */
async function receive(
  stream: SMTPServerDataStream,
  { envelope: { mailFrom, rcptTo } }: SMTPServerSession,
  recipients: Recipients | undefined,
  { maxBytes, store }: SmtpListenerOptions,
): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    // SMTP requires reading an oversized email to its end; it is discarded.
    if (stream.sizeExceeded) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (stream.sizeExceeded) throw smtpError(552, `The email is larger than ${maxBytes} bytes`);
  const byChannel = new Map(
    rcptTo.flatMap(({ address }) => {
      const channel = recipients?.get(address.toLowerCase());
      if (!channel) return [];
      const recipient = normaliseEmailAddress(address) ?? address;
      return [[`${channel.appId}/${channel.channel}`, { ...channel, recipient }] as const];
    }),
  );
  const sender = mailFrom ? mailFrom.address : '';
  const email = {
    raw: Buffer.concat(chunks),
    sender: normaliseEmailAddress(sender) ?? cutText(sender, 320),
    recipients: [...byChannel.values()],
  };
  const result = await store(email);
  if (result === 'stored') return 'Stored';
  if (result === 'no-room') throw smtpError(452, 'Insufficient system storage, try again later');
  throw smtpError(451, 'Too many emails from this sender, try again later');
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
