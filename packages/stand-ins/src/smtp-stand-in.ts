import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/** How the stand-in misbehaves once. */
export type SmtpFailure =
  /** Answers with this code, at this point of the dialogue. */
  | {
      readonly does: 'refuse';
      readonly code: number;
      readonly at?: 'sender' | 'recipient' | 'data';
      readonly message?: string;
    }
  /** Closes the connection when it has all of the mail; has it kept it before? */
  | { readonly does: 'cut'; readonly accepts: boolean }
  /** Closes the connection when it is told whom the mail is for. */
  | { readonly does: 'cut-early' }
  /** Never answers when it has all of the mail. */
  | { readonly does: 'hang'; readonly accepts: boolean }
  /** Keeps the mail and answers only when `release` is called. */
  | { readonly does: 'wait' };

/** A mail that the stand-in has kept: its recipient would find it. */
export interface SentEmail {
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
  readonly email: ParsedMail;
}

/** An SMTP server that keeps what it is given. */
export interface SmtpStandIn {
  readonly port: number;
  /** What it has kept, oldest first. */
  readonly sent: SentEmail[];
  /** Every connection that was made. */
  readonly connections: () => number;
  /** The texts that were kept for an address, oldest first. */
  textsFor(address: string): string[];
  /** Misbehaves in this way at the next mails, in turn; `to` picks them. */
  misbehave(fault: SmtpFailure, times?: number, to?: string): void;
  /** Behaves again. */
  behave(): void;
  /** From now on nobody's log-in is right; or everybody's is again. */
  lockOut(locked: boolean): void;
  /** Whether it was given all of a mail with this text, whatever it did with it then. */
  asked(address: string, text: string): boolean;
  /** Lets those go on that wait; `to` picks them. */
  release(to?: string): void;
  stop(): Promise<void>;
}

interface Misbehaviour {
  readonly fault: SmtpFailure;
  times: number;
  readonly to: string | undefined;
}

/** Starts the stand-in on a free port, or on the one that is given. It takes mails for everybody. */
export async function startSmtpStandIn(port = 0): Promise<SmtpStandIn> {
  const sent: SentEmail[] = [];
  const asked: SentEmail[] = [];
  const sockets = new Set<Socket>();
  const bySession = new Map<string, Socket>();
  let misbehaviours: Misbehaviour[] = [];
  let waiting: { readonly to: string; resume(): void }[] = [];
  let isLocked = false;
  let connections = 0;

  /** The fault that is due, used up. */
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
      if (isLocked) done(answer(535, 'Authentication credentials invalid'));
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
    const keep = () => void sent.push(given);
    const fault = due(to, (one) => one.does !== 'refuse' || refusal('data')(one));
    switch (fault?.does) {
      case 'refuse':
        throw toError(fault);
      case 'cut':
        if (fault.accepts) keep();
        cut(session);
        return new Promise(() => {});
      case 'hang':
        if (fault.accepts) keep();
        return new Promise(() => {});
      case 'wait':
        keep();
        await new Promise<void>((resume) => waiting.push({ to, resume }));
        return 'Kept';
      default:
        keep();
        return 'Kept';
    }
  }

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

/** The text of a mail, without the line end that closes it. */
function textOf({ email }: SentEmail): string {
  return (email.text ?? '').trim();
}

function toError(fault: SmtpFailure | undefined): Error | null {
  if (fault?.does !== 'refuse') return null;
  return answer(fault.code, fault.message ?? 'Refused');
}

function answer(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
