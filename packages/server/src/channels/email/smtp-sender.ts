import { createTransport, type NodemailerError, type SendMailOptions } from 'nodemailer';
import type { EmailSettings } from './email-settings.ts';

/** A server that sends for a channel. */
export type SmtpServer = NonNullable<EmailSettings['smtp']>;

/** A mail could not be handed to its server. */
export class SmtpError extends Error {
  override readonly name = 'SmtpError';
  /** The library's name for what went wrong. */
  readonly code: string | undefined;
  /** What the server answered; `undefined` where it did not. */
  readonly status: number | undefined;
  /** Where in the dialogue, such as `RCPT TO`. */
  readonly command: string | undefined;
  /** Whether anything of the mail was handed over: then the server may have it. */
  readonly isBegun: boolean;
  /** How long to wait where the server says `later`. */
  readonly laterMs: number;

  constructor(cause: NodemailerError, isBegun: boolean, server: SmtpServer) {
    super(cause.response ?? cause.message, { cause });
    this.code = cause.code;
    this.status = cause.responseCode;
    this.command = cause.command;
    this.isBegun = isBegun;
    this.laterMs = server.laterMinutes * 60_000;
  }
}

/** Hands mails to servers, over connections that are kept for a while. */
export interface SmtpSender {
  /** @throws SmtpError */
  send(server: SmtpServer, email: SendMailOptions, signal: AbortSignal): Promise<void>;
  /** Connects and logs in. @throws SmtpError */
  greet(server: SmtpServer): Promise<void>;
  close(): void;
}

/** Milliseconds. A connection that nothing goes over is closed after `idle`. */
const times = { connect: 10_000, greeting: 10_000, silence: 60_000, idle: 30_000 };
/** Servers whose connections are kept; beyond, those of the one that was used least lately are closed. */
const maxServers = 200;

/** Makes it; nothing is connected before there is something to send. */
export function createSmtpSender(): SmtpSender {
  const pools = new Map<string, ReturnType<typeof openPool>>();

  function poolOf(server: SmtpServer): ReturnType<typeof openPool> {
    const name = JSON.stringify(server);
    const pool = pools.get(name) ?? openPool(server);
    pools.delete(name);
    pools.set(name, pool);
    const [[oldest, unused] = []] = pools;
    if (pools.size > maxServers && oldest !== undefined) {
      pools.delete(oldest);
      unused?.close();
    }
    return pool;
  }

  return {
    async send(server, email, signal) {
      const begun = { isBegun: () => false };
      try {
        await poolOf(server).sendMail({ ...email, signal, begun } as SendMailOptions);
      } catch (error) {
        throw new SmtpError(error as NodemailerError, begun.isBegun(), server);
      }
    },
    async greet(server) {
      try {
        await poolOf(server).verify();
      } catch (error) {
        throw new SmtpError(error as NodemailerError, false, server);
      }
    },
    close() {
      for (const pool of pools.values()) pool.close();
      pools.clear();
    },
  };
}

function openPool({ host, port, tls, user, password, connections }: SmtpServer) {
  const pool = createTransport({
    pool: true,
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    maxConnections: connections,
    connectionTimeout: times.connect,
    greetingTimeout: times.greeting,
    socketTimeout: times.silence,
    idleTimeout: times.idle,
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  // Connections that break while nobody sends concern nobody.
  pool.on('error', () => {});
  // The library reads of a mail only once the server has asked for it: whether it has tells what may have arrived.
  pool.use('stream', (email, done) => {
    const { begun } = email.data as { begun?: { isBegun: () => boolean } };
    const open = email.message.createReadStream.bind(email.message);
    email.message.createReadStream = (options) => {
      const stream = open(options);
      if (begun) begun.isBegun = () => stream.readableDidRead;
      return stream;
    };
    done();
  });
  return pool;
}
