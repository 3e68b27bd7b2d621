import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo, Server, Socket } from 'node:net';

/** The parts of the IMAP server's interface that we use; the package has no types. */
interface Hoodiecrow {
  readonly server: Server;
  readonly users: Record<string, { password: string }>;
  listen(port: number, host: string): void;
  getMailbox(path: string): { uidvalidity: number; uidnext: number; messages: { uid: number }[] };
  appendMessage(path: string, flags: string[], internaldate: Date, raw: string): void;
}

/** An IMAP server with one mailbox. */
export interface TestMailbox {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Adds an email; an older date means that it was moved here. */
  receive(raw: string, date?: Date): void;
  /** Recreates the mailbox: the same emails with other UIDs. */
  renumber(): void;
  /** Cuts every connection. */
  cut(): void;
  /** Changes the password. */
  changePassword(password: string): void;
  /** The number of connections that are open now. */
  readers(): number;
  /** The number of connections so far. */
  connections(): number;
  stop(): Promise<void>;
}

/** Starts the server on a free port, with these emails. */
export async function startMailbox(emails: readonly string[] = []): Promise<TestMailbox> {
  const hoodiecrow = createRequire(import.meta.url)('hoodiecrow-imap');
  const user = 'support';
  const server: Hoodiecrow = hoodiecrow({
    plugins: ['ID', 'IDLE', 'UNSELECT', 'LITERALPLUS', 'NAMESPACE'],
    users: { [user]: { password: 'the password' } },
    storage: {
      INBOX: { uidvalidity: 100, messages: emails.map((raw) => ({ raw })) },
      '': { separator: '/' },
    },
  });
  const sockets = new Set<Socket>();
  let connections = 0;
  server.server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    // A client that resets its connection is closed next.
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const inbox = () => server.getMailbox('INBOX');
  return {
    port: (server.server.address() as AddressInfo).port,
    user,
    password: 'the password',
    receive: (raw, date = new Date()) => server.appendMessage('INBOX', [], date, raw),
    renumber() {
      const mailbox = inbox();
      mailbox.uidvalidity++;
      mailbox.messages.forEach((message, at) => {
        message.uid = at + 1;
      });
      mailbox.uidnext = mailbox.messages.length + 1;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    changePassword(password) {
      server.users[user] = { password };
    },
    readers: () => sockets.size,
    connections: () => connections,
    async stop() {
      const closed = once(server.server, 'close');
      server.server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
