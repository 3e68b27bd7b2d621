import { type GraphStandIn, signWebhook, startGraphStandIn } from '@mevrik/stand-ins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quick } from '../support/facebook.ts';
import { type Answer, type Employed, startTestProduct, type TestProduct } from '../support/product.ts';
import { whatsappBody, whatsappStatus, whatsappText } from '../support/whatsapp.ts';

const secrets = { appSecret: 'meta-app-secret-0123', verifyToken: 'verify-me-please' };
let graph: GraphStandIn;
let product: TestProduct;
let agent: Employed;
let admin: Employed;
beforeAll(async () => {
  graph = await startGraphStandIn();
  product = await startTestProduct({ GRAPH_API_URL: graph.url, FETCH_PRIVATE_ADDRESSES: 'true' });
  agent = await product.employ({ capacity: 1000 });
  admin = await product.employ({ role: 'admin' });
  await put('wa', 'whatsapp', { phoneNumberId: '700', accessToken: 'token-of-700', ...secrets });
  await put('wa2', 'whatsapp', { phoneNumberId: '701', accessToken: 'token-of-701', ...secrets });
  await put('ig', 'instagram', { accountId: '500', accessToken: 'token-of-500', ...secrets });
  const settings = { welcome: false, caseOpenedText: 'In line.', delivery: { ...quick, attempts: 3 } };
  await admin.call('PATCH', '/v1/admin/apps/1', { settings });
  await admin.call('PUT', '/v1/admin/apps/1/rules', {
    rules: [{ name: 'all', when: 'true', action: 'queue' }],
  });
});
afterAll(async () => {
  await product.stop();
  await graph.stop();
});
beforeEach(() => graph.behave());

async function put(name: string, kind: string, settings: object): Promise<void> {
  const { status, body } = await admin.call('PUT', `/v1/admin/apps/1/channels/${name}`, { kind, settings });
  expect(status, JSON.stringify(body)).toBe(200);
}
const webhook = (kind: string, channel: string, body: object, secret = secrets.appSecret): Promise<Answer> =>
  product.call('POST', `/webhooks/${kind}/${product.app.key}/${channel}`, signWebhook(body, secret));
const sessionOf = async (key: string) => {
  const [row] = await product.database.sql<{ id: number }[]>`
    SELECT id::int FROM sessions WHERE conversation_key = ${key} AND path <> 'bot' AND status = 'active'`;
  return row?.id;
};
const replies = async (session: number | undefined, body: object): Promise<number> => {
  const answer = await agent.call('POST', `/v1/sessions/${session}/replies`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.message.id;
};
const stateOf = async (message: number) => {
  const [row] = await product.database.sql<{ status: string; delivery_error: string | null }[]>`
    SELECT delivery_status AS status, delivery_error FROM messages WHERE id = ${message}`;
  return row?.status;
};

describe.each([
  ['whatsapp', 'wa'],
  ['instagram', 'ig'],
])('a webhook of %s', (kind, channel) => {
  it('is verified only with the verify token, and accepted only with a valid signature', async () => {
    const path = `/webhooks/${kind}/${product.app.key}/${channel}`;
    const ask = (token: string) =>
      product.call('GET', `${path}?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`);
    expect(await ask(secrets.verifyToken)).toMatchObject({ status: 200, body: '1158201444' });
    expect((await ask('wrong-token')).status).toBe(403);
    expect((await webhook(kind, channel, {}, 'the wrong secret')).status).toBe(401);
    expect((await product.call('GET', path.replace(kind, 'facebook'))).status).toBe(404);
  });

  it('that is forged again and again is not written to the audit log each time', async () => {
    const forged = await Promise.all(
      Array.from({ length: 40 }, () => webhook(kind, channel, {}, 'a forger')),
    );
    expect(forged.map(({ status }) => status)).toEqual(Array(40).fill(401));
    const written = () => product.database.sql<{ action: string; app: number; code: string }[]>`
      SELECT action, app_id AS app, detail ->> 'code' AS code FROM audit_entries
      WHERE target IN (${channel}, 'POST /webhooks/:kind/:appKey/:channel') AND action LIKE '%.reject'`;
    await expect
      .poll(written)
      .toContainEqual({ action: 'webhook.reject', app: 1, code: 'invalid_signature' });
    const entries = await written();
    expect(entries.filter(({ action }) => action !== 'webhook.reject')).toEqual([]);
    expect(entries.length).toBeLessThan(10);
  });
});

describe('WhatsApp', () => {
  it('delivers messages of every number to its channel once, and sends replies in order', async () => {
    const body = whatsappBody(whatsappText('8801', 'Is it open?'));
    await Promise.all([webhook('whatsapp', 'wa', body), webhook('whatsapp', 'wa', body)]);
    // Meta calls one address for all numbers of an app.
    await webhook('whatsapp', 'wa', whatsappBody(whatsappText('8801', 'The other shop?'), '701'));
    await expect.poll(() => sessionOf('1/wa:8801')).toBeDefined();
    await expect.poll(() => sessionOf('1/wa2:8801')).toBeDefined();
    const session = await sessionOf('1/wa:8801');
    await replies(session, { text: 'Yes' });
    await replies(session, { text: 'Until six', quickReplies: [{ title: 'Thanks', payload: 'thanks' }] });
    const said = () =>
      graph.accepted
        .filter(({ page, body }) => page === '700' && body.to === '8801')
        .map(({ body }) => body.text?.body ?? body.interactive.body.text);
    await expect.poll(said).toEqual(['In line.', 'Yes', 'Until six']);
    const received = await product.database
      .sql`SELECT id FROM messages WHERE conversation_key = '1/wa:8801' AND NOT is_reply`;
    expect(received).toHaveLength(1);
  });

  it('applies statuses of a message, also a late failure', async () => {
    await webhook('whatsapp', 'wa', whatsappBody(whatsappText('8802', 'Hello')));
    await expect.poll(() => sessionOf('1/wa:8802')).toBeDefined();
    const session = await sessionOf('1/wa:8802');
    const report = async (message: number, status: string, errors?: object[]) => {
      const [row] = await product.database.sql<{ id: string }[]>`
        SELECT external_ids ->> 0 AS id FROM deliveries WHERE message_id = ${message}`;
      await webhook(
        'whatsapp',
        'wa',
        whatsappBody(whatsappStatus('8802', { id: row?.id, status, ...(errors ? { errors } : {}) })),
      );
    };
    const first = await replies(session, { text: 'one' });
    await expect.poll(() => stateOf(first)).toBe('sent');
    await report(first, 'delivered');
    await expect.poll(() => stateOf(first)).toBe('delivered');
    await report(first, 'read');
    await expect.poll(() => stateOf(first)).toBe('read');
    const second = await replies(session, { text: 'two' });
    await expect.poll(() => stateOf(second)).toBe('sent');
    await report(second, 'failed', [{ code: 131026, title: 'Undeliverable' }]);
    await expect.poll(() => stateOf(second)).toBe('failed');
    const [event] = await product.database.sql<{ data: { error: string } }[]>`
      SELECT data FROM events WHERE type = 'MessageDeliveryFailedEvent'`;
    expect(event?.data.error).toBe('WhatsApp did not deliver it: Undeliverable (131026).');
  });

  it('confirms a message without a response by its status', async () => {
    await webhook('whatsapp', 'wa', whatsappBody(whatsappText('8803', 'Hello')));
    await expect.poll(() => graph.textsFor('8803')).toEqual(['In line.']);
    const session = await sessionOf('1/wa:8803');
    await admin.call('PATCH', '/v1/admin/apps/1', {
      settings: { delivery: { ...quick, attempts: 3, doubtMs: 60_000 } },
    });
    graph.misbehave({ does: 'cut', accepts: true }, 1, ({ body }) => body.to === '8803');
    const message = await replies(session, { text: 'once' });
    await expect.poll(() => graph.textsFor('8803')).toEqual(['In line.', 'once']);
    const reference = graph.accepted.at(-1)?.body.biz_opaque_callback_data;
    await expect
      .poll(async () => {
        await webhook(
          'whatsapp',
          'wa',
          whatsappBody(
            whatsappStatus('8803', {
              id: 'wamid.late',
              status: 'sent',
              biz_opaque_callback_data: reference,
            }),
          ),
        );
        return stateOf(message);
      })
      .toBe('sent');
    expect(graph.textsFor('8803')).toEqual(['In line.', 'once']);
    await admin.call('PATCH', '/v1/admin/apps/1', { settings: { delivery: { ...quick, attempts: 3 } } });
  });

  it('downloads files in two steps with the channel’s token', async () => {
    const image = { type: 'image', image: { id: 'media-1' } };
    await webhook('whatsapp', 'wa', whatsappBody(whatsappText('8804', '', image)));
    const file = async () => {
      const [row] = await product.database.sql<
        { content: { attachments?: { fileId?: string; url: string }[] } }[]
      >`
        SELECT content FROM messages WHERE conversation_key = '1/wa:8804' AND NOT is_reply`;
      return row?.content.attachments?.[0];
    };
    await expect.poll(async () => (await file())?.fileId).toBeDefined();
    expect(await (await fetch((await file())?.url ?? '')).text()).toBe('the file media-1');
  });
});

describe('Instagram', () => {
  const messages = (...events: object[]) => ({
    object: 'instagram',
    entry: [
      {
        id: '500',
        time: 1,
        messaging: events.map((one) => ({ recipient: { id: '500' }, timestamp: Date.now(), ...one })),
      },
    ],
  });

  it('receives a direct message, sends a reply, and applies a deletion', async () => {
    await webhook(
      'instagram',
      'ig',
      messages({ sender: { id: 'reader' }, message: { mid: 'ig.1', text: 'Do you ship?' } }),
    );
    await expect.poll(() => sessionOf('1/ig:reader')).toBeDefined();
    await replies(await sessionOf('1/ig:reader'), { text: 'Everywhere' });
    await expect.poll(() => graph.textsFor('reader')).toEqual(['In line.', 'Everywhere']);
    await webhook(
      'instagram',
      'ig',
      messages({ sender: { id: 'reader' }, message: { mid: 'ig.1', is_deleted: true } }),
    );
    const content = async () => {
      const [row] = await product.database.sql<
        { content: object }[]
      >`SELECT content FROM messages WHERE external_id = 'ig.1'`;
      return row?.content;
    };
    await expect.poll(content).toEqual({});
  });

  it('receives a comment, which an agent answers publicly or once privately', async () => {
    const comment = {
      id: 'c.1',
      text: 'How much?',
      from: { id: '88', username: 'carl' },
      media: { id: 'p1' },
    };
    await webhook('instagram', 'ig', {
      object: 'instagram',
      entry: [{ id: '500', time: 1, changes: [{ field: 'comments', value: comment }] }],
    });
    await expect.poll(() => sessionOf('1/ig:comments:88')).toBeDefined();
    const session = await sessionOf('1/ig:comments:88');
    await replies(session, { text: 'Ten' });
    await replies(session, { text: 'Here is your offer', privately: true });
    const said = () =>
      graph.accepted
        .filter(({ page, body }) => page === 'c.1' || body.recipient?.comment_id === 'c.1')
        .map(({ edge, body }) => [edge, body.message.text ?? body.message]);
    await expect.poll(said).toEqual([
      ['replies', 'Ten'],
      ['messages', 'Here is your offer'],
    ]);
  });

  it.each([
    ['picture', { media_url: 'https://ig.example/p.jpg' }, 'https://ig.example/p.jpg'],
    [
      'video: its thumbnail, not the video itself',
      { media_url: 'https://ig.example/v.mp4', thumbnail_url: 'https://ig.example/v.jpg' },
      'https://ig.example/v.jpg',
    ],
    ['post whose picture has no URL', { media_url: 'nowhere' }, null],
  ])('shows agents the post above a comment: a %s', async (what, shown, imageUrl) => {
    const media = `media ${what.slice(0, 5)}`;
    graph.publish({ id: media, caption: `A ${what}`, ...shown });
    const comment = { id: `c ${media}`, text: 'Nice!', from: { id: media }, media: { id: media } };
    await webhook('instagram', 'ig', {
      object: 'instagram',
      entry: [{ id: '500', time: 1, changes: [{ field: 'comments', value: comment }] }],
    });
    const key = `1/ig:comments:${media}`;
    await expect.poll(() => sessionOf(key)).toBeDefined();
    const session = await sessionOf(key);
    const post = async () =>
      (await agent.call('GET', `/v1/sessions/${session}/conversation`)).body.comment?.post;
    await expect.poll(post).toEqual({ text: `A ${what}`, imageUrl });
  });
});
