import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/** A failure that the stand-in simulates once. */
export type SmtpFailure =
  /** Responds with this code to this command. */
  | {
      readonly does: 'refuse';
      readonly code: number;
      readonly at?: 'sender' | 'recipient' | 'data';
      readonly message?: string;
    }
  /** Closes the connection after it has received the email; `accepts`: it stores the email first. */
  | { readonly does: 'cut'; readonly accepts: boolean }
  /** Closes the connection at the RCPT TO command. */
  | { readonly does: 'cut-early' }
  /** Never responds after it has received the email. */
  | { readonly does: 'hang'; readonly accepts: boolean }
  /** Stores the email and responds only when `release` is called. */
  | { readonly does: 'wait' };

/** An email that the stand-in has stored, as if delivered to its recipient. */
export interface SentEmail {
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
  readonly email: ParsedMail;
}

/** An SMTP server that stores the emails it receives. */
export interface SmtpStandIn {
  readonly port: number;
  /** The stored emails, oldest first. */
  readonly sent: SentEmail[];
  /** The number of connections so far. */
  readonly connections: () => number;
  /** The texts of the emails stored for an address, oldest first. */
  textsFor(address: string): string[];
  /** Simulates a failure for the next `times` emails, optionally only those to an address. */
  misbehave(fault: SmtpFailure, times?: number, to?: string): void;
  /** Removes all simulated failures. */
  behave(): void;
  /** Rejects or accepts all logins from now on. */
  lockOut(locked: boolean): void;
  /** Whether it received an email with this text, stored or not. */
  asked(address: string, text: string): boolean;
  /** Responds to the waiting emails, optionally only those to an address. */
  release(to?: string): void;
  stop(): Promise<void>;
}

interface Misbehaviour {
  readonly fault: SmtpFailure;
  times: number;
  readonly to: string | undefined;
}

/** Starts the stand-in on the given port or on a free one. It accepts emails to any address. */
export async function startSmtpStandIn(port = 0): Promise<SmtpStandIn> {
  const sent: SentEmail[] = [];
  const asked: SentEmail[] = [];
  const sockets = new Set<Socket>();
  const bySession = new Map<string, Socket>();
  let misbehaviours: Misbehaviour[] = [];
  let waiting: { readonly to: string; resume(): void }[] = [];
  let isLocked = false;
  let connections = 0;

  /** The next simulated failure for an address, which is used up by this. */
  function due(to: string, fits: (fault: SmtpFailure) => boolean): SmtpFailure | undefined {
    const now = misbehaviours.find((one) => one.times > 0 && (one.to ?? to) === to && fits(one.fault));
    if (now) now.times--;
    return now?.fault;
  }

  const refusal = (at: string) => (fault: SmtpFailure) =>
    fault.does === 'refuse' && (fault.at ?? 'recipient') === at;
  const cut = (session: SMTPServerSession) => bySession.get(session.id)?.destroy();

  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: true,
    onConnect(session, done) {
      const socket = [...sockets].find((one) => one.remotePort === session.remotePort);
      if (socket) bySession.set(session.id, socket);
      done();
    },
    onAuth({ username }, _session, done) {
      if (isLocked) done(smtpError(535, 'Authentication credentials invalid'));
      else done(null, { user: username });
    },
    onMailFrom(_address, _session, done) {
      done(toError(due('*', refusal('sender'))));
    },
    onRcptTo({ address }, session, done) {
      if (due(address, ({ does }) => does === 'cut-early')) return cut(session);
      done(toError(due(address, refusal('recipient'))));
    },
    onData(stream, session, done) {
      receive(stream, session).then(
        (text) => done(null, text),
        (error) => done(error),
      );
    },
  });

  async function receive(stream: AsyncIterable<Buffer>, session: SMTPServerSession): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const { mailFrom, rcptTo } = session.envelope;
    const [{ address: to = '' } = {}] = rcptTo;
    const given = { from: mailFrom ? mailFrom.address : '', to, raw, email: await simpleParser(raw) };
    asked.push(given);
    const store = () => void sent.push(given);
    const fault = due(to, (one) => one.does !== 'refuse' || refusal('data')(one));
    switch (fault?.does) {
      case 'refuse':
        throw toError(fault);
      case 'cut':
        if (fault.accepts) store();
        cut(session);
        return new Promise(() => {});
      case 'hang':
        if (fault.accepts) store();
        return new Promise(() => {});
      case 'wait':
        store();
        await new Promise<void>((resume) => waiting.push({ to, resume }));
        return 'Stored';
      default:
        store();
        return 'Stored';
    }
  }

  // Connections that fail are part of the simulation.
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const listening = once(server.server, 'listening');
  server.listen(port, '127.0.0.1');
  await listening;
  return {
    port: (server.server.address() as AddressInfo).port,
    sent,
    connections: () => connections,
    textsFor: (address) => sent.filter(({ to }) => to === address).map(textOf),
    asked: (address, text) => asked.some((given) => given.to === address && textOf(given) === text),
    misbehave(fault, times = 1, to = undefined) {
      misbehaviours.push({ fault, times, to });
    },
    behave() {
      misbehaviours = [];
    },
    lockOut(locked) {
      isLocked = locked;
    },
    release(to) {
      const free = waiting.filter((one) => (to ?? one.to) === one.to);
      waiting = waiting.filter((one) => !free.includes(one));
      for (const { resume } of free) resume();
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The text of an email, without the final line break. */
function textOf({ email }: SentEmail): string {
  return (email.text ?? '').trim();
}

function toError(fault: SmtpFailure | undefined): Error | null {
  if (fault?.does !== 'refuse') return null;
  return smtpError(fault.code, fault.message ?? 'Refused');
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
