import { type SmtpStandIn, startSmtpStandIn } from '@mevrik/stand-ins';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { type Delivery, quick } from './facebook.ts';
import { startTestProduct, type TestProduct } from './product.ts';

/** The address of the tests' channel. */
export const support = 'support@shop.example';

/** A stored message of a conversation. */
export interface StoredMessage {
  readonly id: number;
  readonly session_id: number;
  readonly conversation_key: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into contents of every shape
  readonly content: any;
}

/** A stored email. */
export interface KeptEmail {
  readonly id: number;
  readonly status: string;
  readonly note: string | null;
  readonly message_id: string | null;
  readonly raw: Buffer;
}

/**
 * The product with an email channel `mail`, which receives on its own port and sends through a stand-in that
 * records what customers would receive.
 */
export interface EmailProduct extends TestProduct {
  readonly post: SmtpStandIn;
  readonly smtpPort: number;
  /** Sends an email as a real client does. @throws the server's response. */
  send(email: SendMailOptions): Promise<{ readonly messageId: string; readonly response: string }>;
  /** The customers' messages in the conversation of an address, oldest first. */
  messagesOf(address: string): Promise<readonly StoredMessage[]>;
  /** All stored emails, oldest first. */
  kept(): Promise<readonly KeptEmail[]>;
  /** A customer writes to the channel. @returns their session once it is handed over. */
  writes(address: string, email?: SendMailOptions): Promise<number>;
  /** An agent replies in a session. @returns the message's id. */
  replies(sessionId: number, content: string | Record<string, unknown>): Promise<number>;
  /** The delivery of a message. */
  deliveryOf(messageId: number): Promise<Delivery | undefined>;
}

/** Starts the product. The bot is silent, and every conversation is handed over immediately. */
export async function startEmail(
  options: {
    readonly channel?: Record<string, unknown>;
    readonly settings?: Record<string, unknown>;
    readonly env?: Record<string, string>;
    readonly post?: SmtpStandIn;
  } = {},
): Promise<EmailProduct> {
  const post = options.post ?? (await startSmtpStandIn());
  const product = await startTestProduct({ SMTP_PORT: '0', ...options.env });
  const { sql } = product.database;
  const admin = await product.employ({ role: 'admin' });
  const settings = { welcome: false, caseOpenedText: 'In line.', delivery: quick, ...options.settings };
  await admin.call('PATCH', '/v1/admin/apps/1', { settings });
  const rules = [{ name: 'all', when: 'true', action: 'queue' }];
  await admin.call('PUT', '/v1/admin/apps/1/rules', { rules });
  const smtp = { host: '127.0.0.1', port: post.port, tls: 'none', laterMinutes: 0 };
  const channel = { kind: 'email', settings: { address: support, smtp, ...options.channel } };
  const put = await admin.call('PUT', '/v1/admin/apps/1/channels/mail', channel);
  if (put.status !== 200) throw new Error(`The channel was refused: ${JSON.stringify(put.body)}`);
  const agent = await product.employ({ capacity: 1000 });
  const smtpPort = product.smtpPort ?? 0;

  async function send(email: SendMailOptions) {
    const transport = createTransport({ host: '127.0.0.1', port: smtpPort, ignoreTLS: true });
    try {
      return await transport.sendMail({ to: support, ...email });
    } finally {
      transport.close();
    }
  }

  return {
    ...product,
    post,
    smtpPort,
    send,
    async writes(address, email = { text: 'hello' }) {
      const { messageId } = await send({ from: address, ...email });
      for (;;) {
        const [row] = await sql<{ session_id: number }[]>`
          SELECT session_id FROM messages JOIN sessions ON sessions.id = session_id
          WHERE external_id = ${messageId} AND sessions.path <> 'bot'`;
        if (row) return row.session_id;
        await new Promise((resume) => setTimeout(resume, 20));
      }
    },
    async replies(sessionId, content) {
      const body = typeof content === 'string' ? { text: content } : content;
      const answer = await agent.call('POST', `/v1/sessions/${sessionId}/replies`, body);
      if (answer.status !== 201) throw new Error(`The reply was refused: ${JSON.stringify(answer.body)}`);
      return answer.body.message.id;
    },
    async deliveryOf(messageId) {
      const [row] = await sql<Delivery[]>`
        SELECT id, status, attempts, doubts, error, channel FROM deliveries
        WHERE message_id = ${messageId} ORDER BY id DESC LIMIT 1`;
      return row;
    },
    messagesOf: (address) =>
      sql<StoredMessage[]>`
        SELECT id, session_id, conversation_key, content FROM messages
        WHERE conversation_key = ${`1/mail:${address}`} AND NOT is_reply ORDER BY id`,
    kept: () => sql<KeptEmail[]>`SELECT id, status, note, message_id, raw FROM inbound_emails ORDER BY id`,
    async stop() {
      await product.stop();
      await post.stop();
    },
  };
}
