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
  misbehave(failure: SmtpFailure, times?: number, to?: string): void;
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

interface SimulatedFailure {
  readonly failure: SmtpFailure;
  times: number;
  readonly to: string | undefined;
}

interface SmtpState {
  readonly sent: SentEmail[];
  readonly received: SentEmail[];
  readonly sockets: Set<Socket>;
  readonly socketOf: Map<string, Socket>;
  failures: SimulatedFailure[];
  waiting: { readonly to: string; resume(): void }[];
  isLocked: boolean;
  connections: number;
}

/** Starts the stand-in on the given port or on a free one. It accepts emails to any address. */
export async function startSmtpStandIn(port = 0): Promise<SmtpStandIn> {
  const state: SmtpState = {
    sent: [],
    received: [],
    sockets: new Set(),
    socketOf: new Map(),
    failures: [],
    waiting: [],
    isLocked: false,
    connections: 0,
  };
  const server = createServer(state);
  const listening = once(server.server, 'listening');
  server.listen(port, '127.0.0.1');
  await listening;
  return {
    port: (server.server.address() as AddressInfo).port,
    sent: state.sent,
    connections: () => state.connections,
    textsFor: (address) => state.sent.filter(({ to }) => to === address).map(textOf),
    asked: (address, text) => state.received.some((one) => one.to === address && textOf(one) === text),
    misbehave(failure, times = 1, to = undefined) {
      state.failures.push({ failure, times, to });
    },
    behave() {
      state.failures = [];
    },
    lockOut(locked) {
      state.isLocked = locked;
    },
    release(to) {
      const released = state.waiting.filter((one) => (to ?? one.to) === one.to);
      state.waiting = state.waiting.filter((one) => !released.includes(one));
      for (const { resume } of released) resume();
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of state.sockets) socket.destroy();
      await closed;
    },
  };
}

function createServer(state: SmtpState): SMTPServer {
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: true,
    onConnect(session, done) {
      const socket = [...state.sockets].find((one) => one.remotePort === session.remotePort);
      if (socket) state.socketOf.set(session.id, socket);
      done();
    },
    onAuth({ username }, _session, done) {
      if (state.isLocked) done(smtpError(535, 'Authentication credentials invalid'));
      else done(null, { user: username });
    },
    onMailFrom(_address, _session, done) {
      done(toError(nextFailure(state, '*', isRefusalAt('sender'))));
    },
    onRcptTo({ address }, session, done) {
      if (nextFailure(state, address, ({ does }) => does === 'cut-early')) return cut(state, session);
      done(toError(nextFailure(state, address, isRefusalAt('recipient'))));
    },
    onData(stream, session, done) {
      receive(state, stream, session).then(
        (text) => done(null, text),
        (error) => done(error),
      );
    },
  });
  // Connections that fail are part of the simulation.
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    state.connections++;
    state.sockets.add(socket);
    socket.once('close', () => state.sockets.delete(socket));
  });
  return server;
}

/** The next simulated failure for an address, which is used up by this. */
function nextFailure(
  { failures }: SmtpState,
  to: string,
  fits: (failure: SmtpFailure) => boolean,
): SmtpFailure | undefined {
  const next = failures.find((one) => one.times > 0 && (one.to ?? to) === to && fits(one.failure));
  if (next) next.times--;
  return next?.failure;
}

function isRefusalAt(at: string): (failure: SmtpFailure) => boolean {
  return (failure) => failure.does === 'refuse' && (failure.at ?? 'recipient') === at;
}

/** Closes the connection of a session. */
function cut({ socketOf }: SmtpState, session: SMTPServerSession): void {
  socketOf.get(session.id)?.destroy();
}

async function receive(
  state: SmtpState,
  stream: AsyncIterable<Buffer>,
  session: SMTPServerSession,
): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const { mailFrom, rcptTo } = session.envelope;
  const [{ address: to = '' } = {}] = rcptTo;
  const received = { from: mailFrom ? mailFrom.address : '', to, raw, email: await simpleParser(raw) };
  state.received.push(received);
  const failure = nextFailure(state, to, (one) => one.does !== 'refuse' || isRefusalAt('data')(one));
  if (failure?.does === 'refuse') throw toError(failure);
  if (!failure || !('accepts' in failure) || failure.accepts) state.sent.push(received);
  if (failure?.does === 'cut') cut(state, session);
  if (failure?.does === 'cut' || failure?.does === 'hang') return new Promise(() => {});
  if (failure?.does === 'wait') {
    await new Promise<void>((resume) => state.waiting.push({ to, resume }));
  }
  return 'Stored';
}

/** The text of an email, without the final line break. */
function textOf({ email }: SentEmail): string {
  return (email.text ?? '').trim();
}

function toError(failure: SmtpFailure | undefined): Error | null {
  if (failure?.does !== 'refuse') return null;
  return smtpError(failure.code, failure.message ?? 'Refused');
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
