import { type GraphStandIn, signWebhook, startGraphStandIn } from '@mevrik/stand-ins';
import { type Answer, startTestProduct, type TestProduct } from './product.ts';

/** The settings of the tests' page. */
export const page = {
  pageId: '900',
  appSecret: 'meta-app-secret-0123',
  verifyToken: 'verify-me-please',
  pageToken: 'page-token-of-900',
};

/** Delivery settings with delays short enough to wait for. */
export const quick = {
  firstDelayMs: 10,
  longestDelayMs: 50,
  timeoutMs: 1_000,
  doubtMs: 10,
};

/** The product with a Facebook channel `page`, connected to a stand-in of the Graph API. */
export interface FacebookProduct extends TestProduct {
  readonly graph: GraphStandIn;
  /** Posts a signed webhook body. */
  webhook(payload: unknown, channel?: string): Promise<Answer>;
  /** A customer writes to the page. @returns their session. */
  writes(contactId: string, text: string): Promise<number>;
  /** An agent replies in a session. */
  replies(sessionId: number, content: string | Record<string, unknown>): Promise<number>;
  /** The delivery of a message. */
  deliveryOf(messageId: number): Promise<Delivery>;
}

/** The state of a delivery. */
export interface Delivery {
  readonly id: number;
  readonly status: string;
  readonly attempts: number;
  readonly doubts: number;
  readonly error: string | null;
  readonly channel: string;
}

/** Starts the product and the stand-in. The bot is silent, so that only the test sends messages. */
export async function startFacebook(
  options: { settings?: Record<string, unknown>; env?: Record<string, string>; graph?: GraphStandIn } = {},
): Promise<FacebookProduct> {
  const graph = options.graph ?? (await startGraphStandIn());
  const product = await startTestProduct({ GRAPH_API_URL: graph.url, ...options.env });
  const { sql } = product.database;
  const admin = await product.employ({ role: 'admin' });
  await configure(sql, options.settings);
  await admin.call('PATCH', '/v1/admin/apps/1', {}); // Clears the cache of the app.
  const agent = await product.employ({ capacity: 1000 });
  let written = 0;

  async function webhook(payload: unknown, channel = 'page'): Promise<Answer> {
    const path = `/webhooks/facebook/${product.app.key}/${channel}`;
    return product.call('POST', path, signWebhook(payload, page.appSecret));
  }

  return {
    ...product,
    graph,
    webhook,
    async writes(contactId, text) {
      const mid = `mid.${contactId}.${++written}`;
      await webhook(ofThread({ sender: { id: contactId }, message: { mid, text } }));
      for (;;) {
        const [row] = await sql<{ session_id: number }[]>`
          SELECT session_id FROM messages JOIN sessions ON sessions.id = session_id
          WHERE external_id = ${mid} AND sessions.path <> 'bot'`;
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
      return row ?? { id: 0, status: 'none', attempts: 0, doubts: 0, error: null, channel: '' };
    },
    async stop() {
      await product.stop();
      await graph.stop();
    },
  };
}

/** Gives app 1 the page, and hands every conversation over immediately. */
async function configure(
  sql: TestProduct['database']['sql'],
  settings: Record<string, unknown> = {},
): Promise<void> {
  await sql`
    INSERT INTO channels (app_id, name, kind, settings) VALUES (1, 'page', 'facebook', ${JSON.stringify(page)}::jsonb)`;
  const all = { welcome: false, caseOpenedText: 'In line.', delivery: quick, ...settings };
  await sql`UPDATE apps SET settings = ${JSON.stringify(all)}::jsonb WHERE id = 1`;
  await sql`DELETE FROM routing_rules WHERE app_id = 1`;
  await sql`
    INSERT INTO routing_rules (app_id, position, name, "when", action) VALUES (1, 0, 'all', 'true', 'queue')`;
}

/** A webhook body with messaging events of the page, dated now by default. */
export function ofThread(...events: Record<string, unknown>[]) {
  const messaging = events.map((event) => ({
    recipient: { id: page.pageId },
    timestamp: Date.now(),
    ...event,
  }));
  return { object: 'page', entry: [{ id: page.pageId, time: Date.now(), messaging }] };
}

/** A webhook body about a comment under a post of the page. */
export function ofComment(comment: Record<string, unknown>) {
  const value = {
    item: 'comment',
    verb: 'add',
    post_id: '900_1',
    parent_id: '900_1',
    created_time: Math.floor(Date.now() / 1000),
    message: 'Where is it?',
    ...comment,
  };
  return { object: 'page', entry: [{ id: page.pageId, time: 1, changes: [{ field: 'feed', value }] }] };
}
