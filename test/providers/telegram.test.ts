import { startTelegramStandIn, type TelegramStandIn } from '@mevrik/stand-ins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { botToken } from '../support/channel-samples.ts';
import { quick } from '../support/facebook.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

const secretToken = 'the-secret-of-the-tests';

let botApi: TelegramStandIn;
let product: TestProduct;
let agent: Employed;
let admin: Employed;
beforeAll(async () => {
  botApi = await startTelegramStandIn();
  product = await startTestProduct({ FETCH_PRIVATE_ADDRESSES: 'true' });
  agent = await product.employ({ capacity: 100 });
  admin = await product.employ({ role: 'admin' });
  const channel = { kind: 'telegram', settings: { token: botToken, secretToken, apiUrl: botApi.url } };
  expect((await admin.call('PUT', '/v1/admin/apps/1/channels/bot', channel)).status).toBe(200);
  await admin.call('PATCH', '/v1/admin/apps/1', {
    settings: { welcome: false, caseOpenedText: 'In line.', delivery: quick },
  });
  await admin.call('PUT', '/v1/admin/apps/1/rules', {
    rules: [{ name: 'all', when: 'true', action: 'queue' }],
  });
});
afterAll(async () => {
  await product.stop();
  await botApi.stop();
});

let updateId = 0;
const postWebhook = (body: object, secret = secretToken) =>
  product.call('POST', `/webhooks/telegram/${product.app.key}/bot`, {
    headers: { 'x-telegram-bot-api-secret-token': secret },
    body: { update_id: ++updateId, ...body },
  });
const message = (chat: number, fields: object) => ({
  message: {
    message_id: updateId + 1,
    from: { id: chat, first_name: 'Ada' },
    chat: { id: chat, type: 'private' },
    ...fields,
  },
});
const toChat = (chat: number) => botApi.textsFor(String(chat));
const sessionOf = async (chat: number) => {
  const [row] = await product.database.sql<{ id: number }[]>`
    SELECT id::int FROM sessions WHERE conversation_key = ${`1/bot:${chat}`} AND path <> 'bot'`;
  return row?.id;
};

describe('a conversation on Telegram', () => {
  it('is received by the webhook, answered by an agent, and sent in order', async () => {
    expect((await postWebhook(message(42, { text: 'Is it open today?' }))).status).toBe(200);
    await expect.poll(() => sessionOf(42)).toBeDefined();
    await expect.poll(() => toChat(42)).toEqual(['In line.']);
    const session = await sessionOf(42);
    for (const text of ['Yes', 'until six']) {
      expect((await agent.call('POST', `/v1/sessions/${session}/replies`, { text })).status).toBe(201);
    }
    await expect.poll(() => toChat(42)).toEqual(['In line.', 'Yes', 'until six']);
    const { body } = await agent.call('GET', `/v1/sessions/${session}/conversation`);
    expect(body.customer.name).toBe('Ada');
  });

  it('is rejected without the secret, and stored once however often it arrives', async () => {
    expect((await postWebhook(message(43, { text: 'x' }), 'wrong')).status).toBe(401);
    const body = { update_id: 7_000, ...message(43, { text: 'twice' }) };
    await Promise.all([postWebhook(body), postWebhook(body), postWebhook(body)]);
    await expect.poll(() => sessionOf(43)).toBeDefined();
    const rows = await product.database
      .sql`SELECT id FROM messages WHERE conversation_key = '1/bot:43' AND NOT is_reply`;
    expect(rows).toHaveLength(1);
  });

  it('continues with another bot whose ids start again; a new token of the same bot changes nothing', async () => {
    const channel = (token: string) => ({
      kind: 'telegram',
      settings: { token, secretToken, apiUrl: botApi.url },
    });
    const put = async (token: string) => {
      const { status } = await admin.call('PUT', '/v1/admin/apps/1/channels/bots', channel(token));
      expect(status).toBe(200);
    };
    const postUpdate = async (number: number, fields: object) => {
      const from = { id: 60, first_name: 'Ada' };
      const said = { message_id: 5, from, chat: { id: 60, type: 'private' }, ...fields };
      const body = {
        update_id: number,
        ...('edit_date' in said ? { edited_message: said } : { message: said }),
      };
      const headers = { 'x-telegram-bot-api-secret-token': secretToken };
      const path = `/webhooks/telegram/${product.app.key}/bots`;
      expect((await product.call('POST', path, { headers, body })).status).toBe(200);
    };
    const texts = async () => {
      const rows = await product.database.sql<{ text: string }[]>`
        SELECT content ->> 'text' AS text FROM messages
        WHERE conversation_key = '1/bots:60' AND NOT is_reply ORDER BY id`;
      return rows.map(({ text }) => text);
    };
    await put(botToken);
    await postUpdate(100, { text: 'to the first' });
    await expect.poll(texts).toEqual(['to the first']);
    await put(`900:${'u'.repeat(30)}`);
    await postUpdate(100, { text: 'to the first' });
    await put(`901:${'t'.repeat(30)}`);
    await postUpdate(100, { text: 'to the second' });
    await expect.poll(texts).toEqual(['to the first', 'to the second']);
    await postUpdate(101, { text: 'to the second, in better words', edit_date: 1 });
    await expect.poll(texts).toEqual(['to the first', 'to the second, in better words']);
  });

  it('is stored, whatever characters its texts and names contain', async () => {
    const hostile = message(59, {
      text: 'a\u0000b\ud800',
      document: { file_id: '\ud800', '\u0000': 1 },
      date: 1e300,
    });
    expect(
      (await postWebhook({ update_id: 8_000, ...hostile, '\udc00name': { '\u0000': 'x' } })).status,
    ).toBe(200);
    const [log] = await product.database
      .sql`SELECT payload FROM webhook_event_logs WHERE deduplication_key = 'bot 900 update 8000'`;
    expect(log?.payload).toMatchObject({ update_id: '8000', name: { '': 'x' } });
    await expect.poll(() => sessionOf(59)).toBeDefined();
  });

  it('keeps a live location as it was sent, without notes about its updates', async () => {
    const locationAt = (latitude: number) => ({
      message_id: 1,
      from: { id: 61, first_name: 'Ada' },
      chat: { id: 61, type: 'private' },
      location: { latitude, longitude: 13, live_period: 900 },
    });
    await postWebhook({ message: locationAt(52) });
    for (const latitude of [53, 54]) await postWebhook({ edited_message: locationAt(latitude) });
    await postWebhook(message(61, { text: 'I am here' }));
    const stored = async () => {
      const rows = await product.database.sql<{ text: string }[]>`
        SELECT content ->> 'text' AS text FROM messages
        WHERE conversation_key = '1/bot:61' AND (kind = 'note' OR NOT is_reply) ORDER BY id`;
      return rows.map(({ text }) => text);
    };
    await expect.poll(stored).toContain('I am here');
    expect(await stored()).toEqual(['https://www.openstreetmap.org/?mlat=52&mlon=13', 'I am here']);
  });

  it('includes its files', async () => {
    await postWebhook(message(44, { photo: [{ file_id: 'small' }, { file_id: 'big' }] }));
    const file = async () => {
      const [row] = await product.database.sql<
        { content: { attachments: { fileId?: string; url: string }[] } }[]
      >`
        SELECT content FROM messages WHERE conversation_key = '1/bot:44' AND NOT is_reply`;
      return row?.content.attachments[0];
    };
    await expect.poll(async () => (await file())?.fileId).toBeDefined();
    expect(await (await fetch((await file())?.url ?? '')).text()).toBe('the photo');
    expect(JSON.stringify(await file())).not.toContain(botToken);
  });

  it('waits as long as Telegram asks, and fails with a reason if the bot was blocked', async () => {
    await postWebhook(message(45, { text: 'hello' }));
    await expect.poll(() => toChat(45)).toEqual(['In line.']);
    const session = await sessionOf(45);
    botApi.misbehave({ does: 'refuse', status: 429, answer: { ok: false, parameters: { retry_after: 1 } } });
    await agent.call('POST', `/v1/sessions/${session}/replies`, { text: 'later' });
    await expect.poll(() => toChat(45)).toEqual(['In line.', 'later']);
    const blocked = { ok: false, description: 'Forbidden: bot was blocked by the user' };
    botApi.misbehave({ does: 'refuse', status: 403, answer: blocked });
    const { body } = await agent.call('POST', `/v1/sessions/${session}/replies`, { text: 'too late' });
    const status = async () => {
      const [row] = await product.database.sql<{ status: string; error: string }[]>`
        SELECT status, error FROM deliveries WHERE message_id = ${body.message.id}`;
      return row;
    };
    await expect.poll(async () => (await status())?.status).toBe('failed');
    expect((await status())?.error).toContain('has blocked the bot');
  });
});
