import type { NodemailerError, SendMailOptions } from 'nodemailer';
import { nodemailer } from './email-packages.ts';
import type { EmailSettings } from './email-settings.ts';

/** The SMTP server of a channel. */
export type SmtpServer = NonNullable<EmailSettings['smtp']>;

/** An email could not be sent to its SMTP server. */
export class SmtpError extends Error {
  override readonly name = 'SmtpError';
  /** Nodemailer's error code. */
  readonly code: string | undefined;
  /** The server's status code; `undefined` if it did not respond. */
  readonly status: number | undefined;
  /** The SMTP command that failed, such as `RCPT TO`. */
  readonly command: string | undefined;
  /** Whether sending the content had started: then the server may have accepted the email. */
  readonly hasStarted: boolean;
  /** How long to wait if the server asks to send the email later. */
  readonly laterMs: number;

  constructor(cause: NodemailerError, hasStarted: boolean, server: SmtpServer) {
    super(cause.response ?? cause.message, { cause });
    this.code = cause.code;
    this.status = cause.responseCode;
    this.command = cause.command;
    this.hasStarted = hasStarted;
    this.laterMs = server.laterMinutes * 60_000;
  }
}

/** Sends emails to SMTP servers over pooled connections. */
export interface SmtpSender {
  /** @throws SmtpError */
  send(server: SmtpServer, email: SendMailOptions, signal: AbortSignal): Promise<void>;
  /** Connects and logs in. @throws SmtpError */
  verify(server: SmtpServer): Promise<void>;
  close(): void;
}

/** Timeouts in milliseconds. An unused connection is closed after `idle`. */
const times = { connect: 10_000, greeting: 10_000, silence: 60_000, idle: 30_000 };
/** The maximum number of connection pools; the least recently used one is closed. */
const maxServers = 200;

/** Creates a sender; it connects when the first email is sent. */
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
      const progress = { hasStarted: () => false };
      try {
        await poolOf(server).sendMail({ ...email, signal, progress } as SendMailOptions);
      } catch (error) {
        throw new SmtpError(error as NodemailerError, progress.hasStarted(), server);
      }
    },
    async verify(server) {
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
  const pool = nodemailer().createTransport({
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
  // Sending reports its own errors; those of idle connections do not matter.
  pool.on('error', () => {});
  // Nodemailer reads the content only after the server has accepted the recipient, which shows what may have arrived.
  pool.use('stream', (email, done) => {
    const { progress } = email.data as { progress?: { hasStarted: () => boolean } };
    const open = email.message.createReadStream.bind(email.message);
    email.message.createReadStream = (options) => {
      const stream = open(options);
      if (progress) progress.hasStarted = () => stream.readableDidRead;
      return stream;
    };
    done();
  });
  return pool;
}
