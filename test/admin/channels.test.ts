import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type GraphStandIn, type SmtpStandIn, startGraphStandIn, startSmtpStandIn } from '@mevrik/stand-ins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let graph: GraphStandIn;
let post: SmtpStandIn;
let admin: Employed;
const telegramAsked: { path: string | undefined; body: unknown }[] = [];
/** The Bot API, as far as these tests call it. */
const botApi = createServer(async (request, response) => {
  telegramAsked.push({ path: request.url, body: await json(request) });
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"result":true}');
});
beforeAll(async () => {
  botApi.listen(0, '127.0.0.1');
  [graph, post] = await Promise.all([startGraphStandIn(), startSmtpStandIn(), once(botApi, 'listening')]);
  product = await startTestProduct({
    GRAPH_API_URL: graph.url,
    SMTP_PORT: '0',
    SMTP_NAME: 'mail.shop.example',
  });
  admin = await product.employ({ role: 'admin' });
});
afterAll(async () => {
  await product.stop();
  await Promise.all([graph.stop(), post.stop()]);
  botApi.close();
});

const page = {
  pageId: '42',
  appSecret: 'the app secret of Meta’s',
  verifyToken: 'the verify token',
  pageToken: 'the page token',
};
const paths = ({ body }: Answer) => body.errors?.map(({ path }: { path: string }) => path);
const channel = (app: number, name: string) => {
  const at = `/v1/admin/apps/${app}/channels/${name}`;
  return {
    show: () => admin.call('GET', at),
    put: (body: object) => admin.call('PUT', at, body),
    change: (body: object) => admin.call('PATCH', at, body),
    test: (body: object) => admin.call('POST', `${at}/test`, body),
    connect: () => admin.call('POST', `${at}/connect`),
    /** What is stored, including secrets. */
    stored: async () => {
      const [row] = await product.database.sql`
        SELECT enabled, settings FROM channels WHERE app_id = ${app} AND name = ${name}`;
      return row;
    },
  };
};
async function pageOfNewApp() {
  const { id, key } = (await admin.call('POST', '/v1/admin/apps', { name: 'Shop' })).body;
  const made = channel(id, 'page');
  await made.put({ kind: 'facebook', settings: page });
  return { ...made, appId: id as number, key: key as string };
}
const mailbox = () => ({ host: '127.0.0.1', port: post.port, tls: 'none' });

describe('the kinds of channel', () => {
  it('describe their settings in plain words, and mark secrets', async () => {
    const { body } = await admin.call('GET', '/v1/admin/channel-kinds');
    expect(body.mailServer).toMatch(/^mail\.shop\.example:\d+$/);
    expect(body.items.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(['web', 'api', 'facebook', 'instagram', 'whatsapp', 'telegram', 'email']),
    );
    const fields = body.items.flatMap(({ kind, title, groups }: never) => {
      expect(title).not.toBe(kind);
      return (groups as { fields: { path: string; title: string; type: string }[] }[]).flatMap(
        ({ fields }) => fields,
      );
    });
    // A setting without a label has the label of its schema.
    expect(
      fields.filter(({ path, title }: Record<string, string>) => path?.split('.').at(-1) === title),
    ).toEqual([]);
    const secrets = new Set(
      fields
        .filter(({ type }: { type: string }) => type === 'secret')
        .map(({ path }: { path: string }) => path),
    );
    expect([...secrets].sort()).toEqual(
      [
        'accessToken',
        'appSecret',
        'pageToken',
        'verifyToken',
        'secretToken',
        'token',
        'dkim.privateKey',
        'imap.password',
        'smtp.password',
      ].sort(),
    );
  });

  it('are for administrators only', async () => {
    const supervisor = await product.employ({ role: 'supervisor' });
    expect((await supervisor.call('GET', '/v1/admin/channel-kinds')).status).toBe(403);
    expect((await supervisor.call('GET', '/v1/admin/apps/1/channels/web')).status).toBe(403);
    expect((await supervisor.call('PATCH', '/v1/admin/apps/1/channels/web', {})).status).toBe(403);
  });
});

describe('a channel', () => {
  it('is shown with its settings, and only the names of its secrets', async () => {
    const { show, key } = await pageOfNewApp();
    const { body } = await show();
    expect(body).toEqual({
      name: 'page',
      kind: 'facebook',
      enabled: true,
      settings: { pageId: '42' },
      secrets: expect.arrayContaining(['appSecret', 'verifyToken', 'pageToken']),
      webhookUrl: `${product.url}/webhooks/facebook/${key}/page`,
    });
  });

  it('keeps settings and secrets that a change omits, and loses removed ones', async () => {
    const { change, stored } = await pageOfNewApp();
    const { status, body } = await change({ settings: { pageId: '43', humanAgentTag: true } });
    expect([status, body.settings]).toEqual([200, { pageId: '43', humanAgentTag: true }]);
    expect(await stored()).toEqual({
      enabled: true,
      settings: { ...page, pageId: '43', humanAgentTag: true },
    });
    await change({ settings: { pageToken: null, humanAgentTag: null } });
    const { pageToken: _gone, ...rest } = page;
    expect((await stored())?.settings).toEqual({ ...rest, pageId: '43' });
    await change({ enabled: false });
    expect(await stored()).toEqual({ enabled: false, settings: { ...rest, pageId: '43' } });
  });

  it('can have groups of settings changed in part or removed whole', async () => {
    const email = channel(1, 'mail');
    const smtp = { ...mailbox(), user: 'shop', password: 'the smtp password' };
    await email.put({ kind: 'email', settings: { address: 'support@shop.example', smtp } });
    expect((await email.show()).body).toMatchObject({
      settings: { smtp: { user: 'shop' } },
      secrets: ['smtp.password'],
      webhookUrl: null,
    });
    await email.change({ settings: { smtp: { user: 'desk' } } });
    expect((await email.stored())?.settings.smtp).toEqual({ ...smtp, user: 'desk' });
    await email.change({ settings: { smtp: null } });
    expect((await email.stored())?.settings).toEqual({ address: 'support@shop.example' });
  });

  it.each([
    [
      'a required setting removed',
      { settings: { appSecret: null, verifyToken: null } },
      ['settings.appSecret', 'settings.verifyToken'],
    ],
    ['a secret that is too short', { settings: { appSecret: 'x' } }, ['settings.appSecret']],
    ['a setting that its kind does not have', { settings: { colour: 'red' } }, ['settings']],
    ['another kind', { kind: 'telegram' }, ['kind']],
  ])('is not changed with %s, and every invalid field is named', async (_what, wrong, expected) => {
    const { change, stored } = await pageOfNewApp();
    const before = await stored();
    const answer = await change(wrong);
    expect([answer.status, paths(answer)]).toEqual([422, expected]);
    expect(await stored()).toEqual(before);
  });

  it('that does not exist can neither be read nor changed', async () => {
    const none = channel(1, 'nowhere');
    expect([(await none.show()).status, (await none.change({ enabled: true })).status]).toEqual([404, 404]);
    expect((await none.connect()).status).toBe(404);
  });

  it('leaves no secret in the audit log, which records what changed', async () => {
    const { change, appId } = await pageOfNewApp();
    await change({ settings: { pageToken: 'another page token' } });
    const rows = await product.database.sql`
      SELECT action, detail FROM audit_entries WHERE app_id = ${appId} AND action = 'channel.change'`;
    expect(rows).toEqual([
      { action: 'channel.change', detail: { channel: 'page', enabled: true, changed: ['pageToken'] } },
    ]);
  });
});

describe('the credentials of a channel', () => {
  it('are tested before they are saved, merged into the stored ones', async () => {
    const { test, stored } = await pageOfNewApp();
    const before = await stored();
    expect((await test({ kind: 'facebook' })).body).toEqual({ ok: true, reason: null });
    graph.revoke('a token of yesterday');
    const { body } = await test({ kind: 'facebook', settings: { pageToken: 'a token of yesterday' } });
    expect(body).toEqual({ ok: false, reason: expect.stringContaining('token is no longer valid') });
    expect(body.reason).not.toContain('a token of yesterday');
    expect((await test({ kind: 'facebook', settings: { pageToken: null } })).body.reason).toMatch(
      /has no access token/,
    );
    expect(await stored()).toEqual(before);
  });

  it('are tested for a channel that does not exist yet', async () => {
    const answer = await channel(1, 'new').test({ kind: 'facebook', settings: page });
    expect(answer.body).toEqual({ ok: true, reason: null });
    const incomplete = await channel(1, 'new').test({ kind: 'facebook', settings: { pageId: '42' } });
    expect([incomplete.status, paths(incomplete)]).toEqual([
      422,
      ['settings.appSecret', 'settings.verifyToken'],
    ]);
    expect((await channel(1, 'new').show()).status).toBe(404);
  });

  it('of a mail server and a mailbox are tested by logging in', async () => {
    const email = (settings: object) =>
      channel(1, 'post').test({ kind: 'email', settings: { address: 'post@shop.example', ...settings } });
    expect((await email({ smtp: mailbox() })).body).toEqual({ ok: true, reason: null });
    const closed = { host: '127.0.0.1', port: 1, tls: 'none' };
    expect((await email({ smtp: closed })).body).toMatchObject({
      ok: false,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    const imap = { ...closed, user: 'post', password: 'x' };
    expect((await email({ smtp: mailbox(), imap })).body).toMatchObject({
      ok: false,
      reason: expect.stringContaining('The mailbox cannot be read'),
    });
  });

  it('do not exist for the web channel', async () => {
    expect((await channel(1, 'web').test({ kind: 'web' })).status).toBe(409);
  });
});

describe('a provider', () => {
  it('gets our webhook URL if it has an API for it', async () => {
    const bot = channel(1, 'bot');
    const settings = {
      token: `900:${'t'.repeat(30)}`,
      secretToken: 'the-secret-of-the-tests',
      apiUrl: `http://127.0.0.1:${(botApi.address() as AddressInfo).port}`,
    };
    await bot.put({ kind: 'telegram', settings });
    expect((await bot.connect()).body).toEqual({ ok: true, reason: null });
    expect(telegramAsked).toEqual([
      {
        path: `/bot${settings.token}/setWebhook`,
        body: {
          url: `${product.url}/webhooks/telegram/${product.app.key}/bot`,
          secret_token: settings.secretToken,
        },
      },
    ]);
    expect((await (await pageOfNewApp()).connect()).status).toBe(409);
  });
});
