import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import type { ChannelRef } from '../channel.ts';

/** A mail as it came in. */
export interface IncomingEmail {
  readonly raw: Buffer;
  /** The envelope's sender; empty for bounces. */
  readonly sender: string;
  /** Each channel once, with the address that it was reached by. */
  readonly recipients: readonly (ChannelRef & { readonly recipient: string })[];
}

/** What the listener is told. */
export interface SmtpListenerOptions {
  readonly host: string;
  readonly port: number;
  /** How it calls itself; the machine's name where absent. */
  readonly name?: string | undefined;
  /** The certificate with which `STARTTLS` is offered, and its key, in PEM. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly maxBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** What differs from `defaultTimes`, for tests. */
  readonly times?: Partial<typeof defaultTimes>;
  /** Finds the channel of an address; `undefined` where it is nobody's. */
  readonly find: (address: string) => Promise<ChannelRef | undefined>;
  /** Keeps a mail; when it resolves, nothing can lose it any more. `too-many` asks the sender to come later. */
  readonly keep: (email: IncomingEmail) => Promise<'kept' | 'too-many'>;
  readonly log: { warn(detail: object, message: string): void };
}

/** The listener, at work. */
export interface SmtpListener {
  readonly port: number;
  /** Takes nothing further; what is being received has a few seconds to end. */
  stop(): Promise<void>;
}

/** Milliseconds: of silence, of a whole connection, and of what is under way when it stops. */
const defaultTimes = { silenceMs: 60_000, connectionMs: 600_000, stopMs: 3_000 };
const maxRecipients = 50;

/**
 * Receives mails: for addresses of ours and nobody else's, stored before they are answered with 250. It knows no
 * log-in and relays nothing.
 */
export async function startSmtpListener(options: SmtpListenerOptions): Promise<SmtpListener> {
  const { tls, maxBytes, log } = options;
  const times = { ...defaultTimes, ...options.times };
  const connected = new Map<string, number>();
  const positions = new WeakMap<SMTPServerSession, Map<string, ChannelRef>>();
  const server = new SMTPServer({
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(tls ?? {}),
    disabledCommands: tls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    size: maxBytes,
    maxClients: options.maxConnections,
    maxRecipients,
    maxAllowedUnauthenticatedCommands: 200,
    socketTimeout: times.silenceMs,
    closeTimeout: times.stopMs,
    onConnect(session, done) {
      const count = (connected.get(session.remoteAddress) ?? 0) + 1;
      connected.set(session.remoteAddress, count);
      if (count <= options.maxConnectionsPerAddress) done();
      else done(answer(421, 'Too many connections from your address: come again later'));
    },
    onClose({ remoteAddress }) {
      const left = (connected.get(remoteAddress) ?? 1) - 1;
      if (left > 0) connected.set(remoteAddress, left);
      else connected.delete(remoteAddress);
    },
    onMailFrom(_address, session, done) {
      positions.set(session, new Map());
      done();
    },
    onRcptTo({ address }, session, done) {
      const known = positions.get(session) ?? new Map<string, ChannelRef>();
      options.find(normaliseEmailAddress(address) ?? '').then(
        (place) => {
          if (!place) return done(answer(550, 'Nobody receives mail at this address'));
          positions.set(session, known.set(address.toLowerCase(), place));
          done();
        },
        (error) => {
          log.warn({ reason: String(error) }, 'a recipient could not be looked up');
          done(answer(451, 'Something is out of order here: try again later'));
        },
      );
    },
    onData(stream, session, done) {
      receive(stream, session).then(
        (text) => done(null, text),
        (error) => {
          if (error.responseCode) return done(error);
          log.warn({ reason: String(error) }, 'a mail could not be kept');
          done(answer(451, 'Something is out of order here: try again later'));
        },
      );
    },
  });

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      // What is too long is read to its end, as the protocol wants it, and thrown away.
      if (stream.sizeExceeded) chunks.length = 0;
      else chunks.push(chunk);
    }
    if (stream.sizeExceeded) throw answer(552, `The mail is longer than ${maxBytes} bytes`);
    const { mailFrom, rcptTo } = session.envelope;
    const known = positions.get(session);
    const byChannel = new Map(
      rcptTo.flatMap(({ address }) => {
        const place = known?.get(address.toLowerCase());
        if (!place) return [];
        const recipient = normaliseEmailAddress(address) ?? address;
        return [[`${place.appId}/${place.channel}`, { ...place, recipient }] as const];
      }),
    );
    const sender = mailFrom ? mailFrom.address : '';
    const email = {
      raw: Buffer.concat(chunks),
      sender: normaliseEmailAddress(sender) ?? sender.slice(0, 320),
      recipients: [...byChannel.values()],
    };
    if ((await options.keep(email)) === 'kept') return 'Kept';
    throw answer(451, 'Too many mails from this sender: try again later');
  }

  server.on('error', (error) => log.warn({ reason: error.message }, 'a connection of SMTP broke'));
  server.server.on('connection', (socket: Socket) => {
    // Silence has its own limit; whoever sends a byte now and then meets this one.
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

function answer(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
