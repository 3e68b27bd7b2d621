import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Ask,
  basic,
  expectRejected,
  sign,
  startHttp,
  type TestHttp,
  type Visit,
} from '../support/http.ts';

let http: TestHttp;
let ann: Visit;
let bob: Visit;
let rita: Visit;
let agent: { id: number; accessToken: string; refreshToken: string };
let outsider: { id: number; accessToken: string };
let queueItemId: number;
let caseId: number;
let rivalCaseId: number;
let app: string;

beforeAll(async () => {
  http = await startHttp();
  ann = await http.visit();
  bob = await http.visit();
  rita = await http.visit(http.rival);
  agent = await http.staff('alex');
  outsider = await http.staff('olga', 'agent', [http.rival]);
  ({ id: queueItemId, caseId } = await http.handOver(ann));
  ({ caseId: rivalCaseId } = await http.handOver(rita));
  app = basic(http.acme.key, http.acme.secret);
});
afterAll(() => http.stop());

/** Sends a request, and expects this error and that nothing was stored. */
const refuse = (method: string, path: string, ask: Ask, status: number, code: string) =>
  expectRejected(http, { method, path, ask }, { status, code });

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('a body', () => {
  it.each<[string, string, Ask, number, string]>([
    ['that is not JSON', '/v1/messages', { body: '{"text":' }, 400, 'bad_request'],
    ['that is empty', '/v1/messages', { body: '' }, 400, 'bad_request'],
    ['with a prototype in it', '/v1/messages', { body: '{"__proto__":{"text":"a"}}' }, 400, 'bad_request'],
    [
      'in an unsupported format',
      '/v1/messages',
      { body: '<text/>', headers: { 'content-type': 'application/xml' } },
      415,
      'unsupported_media_type',
    ],
    ['that is not an object', '/v1/messages', { body: [] }, 422, 'invalid_input'],
    ['that is null', '/v1/messages', { body: 'null' }, 422, 'invalid_input'],
    ['of the wrong type', '/v1/messages', { body: { text: 7 } }, 422, 'invalid_input'],
    ['with an unknown field', '/v1/messages', { body: { text: 'a', isReply: true } }, 422, 'invalid_input'],
    ['without a required field', '/v1/messages', { body: {} }, 422, 'invalid_input'],
    ['with an empty text', '/v1/messages', { body: { text: '' } }, 422, 'invalid_input'],
    ['with a blank text', '/v1/messages', { body: { text: ' \n ' } }, 422, 'invalid_input'],
    [
      'with a text that is too long',
      '/v1/messages',
      { body: { text: 'a'.repeat(10_001) } },
      422,
      'invalid_input',
    ],
    ['with NUL in a text', '/v1/messages', { body: { text: 'a\0b' } }, 422, 'invalid_input'],
    ['with an unpaired surrogate', '/v1/messages', { body: '{"text":"\\ud800"}' }, 422, 'invalid_input'],
    ['nested without end', '/v1/messages', { body: `{"text":${nested(200_000)}}` }, 422, 'invalid_input'],
    [
      'of a kind that customers cannot write',
      '/v1/messages',
      { body: { kind: 'note', text: 'a' } },
      422,
      'invalid_input',
    ],
    [
      'of kind attachment without one',
      '/v1/messages',
      { body: { kind: 'attachment', text: 'a' } },
      422,
      'invalid_input',
    ],
    [
      'with a file whose URL is not http',
      '/v1/messages',
      { body: { attachments: [{ type: 'file', url: 'javascript:alert(1)' }] } },
      422,
      'invalid_input',
    ],
    ['with a button without a payload', '/v1/postbacks', { body: { title: 'Yes' } }, 422, 'invalid_input'],
    ['with a score outside the scale', '/v1/csat-answers', { body: { score: 6 } }, 422, 'invalid_input'],
    [
      'that answers a survey that is not open',
      '/v1/csat-answers',
      { body: { score: 5 } },
      409,
      'survey_closed',
    ],
    [
      'with a message id beyond the range',
      '/v1/read',
      { body: { messageId: 2 ** 60 } },
      422,
      'invalid_input',
    ],
    [
      'with the id of an unknown message',
      '/v1/read',
      { body: { messageId: Number.MAX_SAFE_INTEGER } },
      404,
      'not_found',
    ],
    [
      'with an unprintable key',
      '/v1/messages',
      { body: { text: 'a' }, headers: { 'idempotency-key': 'a\tb' } },
      400,
      'bad_request',
    ],
    [
      'with a key that is too long',
      '/v1/messages',
      { body: { text: 'a' }, headers: { 'idempotency-key': 'k'.repeat(201) } },
      400,
      'bad_request',
    ],
  ])('%s is rejected', async (_what, path, ask, status, code) => {
    await refuse('POST', path, { token: ann.accessToken, ...ask }, status, code);
  });

  it('of a wrong type gets an error that names the field', async () => {
    const ask = { token: ann.accessToken, body: { text: 7, colour: 'red' } };
    const { body } = await refuse('POST', '/v1/messages', ask, 422, 'invalid_input');
    expect(body.errors).toEqual(
      expect.arrayContaining([
        { path: 'text', message: expect.any(String) },
        { path: 'colour', message: expect.any(String) },
      ]),
    );
  });
});

describe('a visit', () => {
  const visit = (body: unknown, status: number, code: string) =>
    refuse('POST', '/v1/visitors', { body }, status, code);

  it('at an unknown app is rejected', () => visit({ appKey: 'unknown' }, 404, 'unknown_app'));
  it('at a disabled app is rejected', async () => {
    const { sql } = http.database;
    await sql`UPDATE apps SET enabled = false WHERE id = ${http.rival.id}`;
    http.apps.forget();
    http.authenticator.forget();
    try {
      await visit({ appKey: http.rival.key }, 404, 'unknown_app');
      await refuse('GET', '/v1/me', { token: rita.accessToken }, 401, 'unauthenticated');
      await refuse(
        'POST',
        '/v1/visitors/refresh',
        { body: { refreshToken: rita.refreshToken } },
        404,
        'unknown_app',
      );
    } finally {
      await sql`UPDATE apps SET enabled = true WHERE id = ${http.rival.id}`;
      http.apps.forget();
      http.authenticator.forget();
    }
  });
  it('on a channel that is not for visitors is rejected', () =>
    visit({ appKey: http.acme.key, channel: 'facebook' }, 422, 'invalid_input'));
  it('with an unverified identity is rejected', async () => {
    const { key: appKey, secret } = http.acme;
    for (const signature of [
      '',
      'a',
      sign('anna', http.rival.secret),
      sign('bert', secret),
      sign('anna', ''),
    ]) {
      const status = signature === '' ? 422 : 401;
      const code = signature === '' ? 'invalid_input' : 'invalid_signature';
      await visit({ appKey, identity: { externalId: 'anna', signature } }, status, code);
    }
  });
  it('with an unknown refresh token is rejected', async () => {
    for (const refreshToken of ['a', `${crypto.randomUUID()}.${'a'.repeat(43)}`]) {
      await refuse('POST', '/v1/visitors/refresh', { body: { refreshToken } }, 401, 'unauthenticated');
    }
  });
  it('with the refresh token of an agent is rejected, and the token stays valid', async () => {
    const { refreshToken } = agent;
    await refuse('POST', '/v1/visitors/refresh', { body: { refreshToken } }, 401, 'unauthenticated');
    const visitors = { body: { refreshToken: ann.refreshToken } };
    await refuse('POST', '/v1/agents/refresh', visitors, 401, 'unauthenticated');
    const { status, body } = await http.post<{ refreshToken: string }>('/v1/agents/refresh', {
      refreshToken,
    });
    expect(status).toBe(200);
    agent = { ...agent, ...body };
  });
});

const externalMessage = () => ({
  channel: 'sms',
  contactId: '+8801',
  externalId: 'one',
  kind: 'text',
  content: { text: 'hello' },
});

describe('a back end', () => {
  const bring = (change: object, code = 'invalid_input') =>
    refuse(
      'POST',
      '/v1/external-messages',
      { body: { ...externalMessage(), ...change }, headers: { authorization: app } },
      422,
      code,
    );
  it('can only bring messages to channels of its app', () => bring({ channel: 'nowhere' }));
  it('cannot write as a visitor of the web channel', () => bring({ channel: 'web' }));
  it('cannot bring a postback without a payload', () => bring({ kind: 'postback' }));
  it('cannot bring notes', () => bring({ kind: 'note' }));
  it('cannot call endpoints for customers or agents', async () => {
    const headers = { authorization: app };
    await refuse('GET', '/v1/me', { headers }, 403, 'forbidden');
    await refuse('GET', '/v1/sessions', { headers }, 403, 'forbidden');
  });
});

describe('an unauthorized caller', () => {
  it.each([
    '/v1/queue-items',
    '/v1/sessions',
    '/v1/sessions/1',
    '/v1/cases/1',
    '/v1/customers/1',
    '/v1/agents/me',
  ])('does not read %s as a customer, and the attempt is audited', async (path) => {
    http.audited.length = 0;
    await refuse('GET', path, { token: ann.accessToken }, 403, 'forbidden');
    expect(http.audited).toMatchObject([
      { actor: `customer ${ann.customer.id}`, action: 'request.reject', appId: http.acme.id },
    ]);
  });

  it('cannot mark messages of another customer as read', async () => {
    const { body } = await http.post<{ message: { id: number } }>(
      '/v1/messages',
      { text: 'mine' },
      bob.accessToken,
    );
    const ask = { token: ann.accessToken, body: { messageId: body.message.id } };
    await refuse('POST', '/v1/read', ask, 404, 'not_found');
  });

  it('cannot access anything of another app', async () => {
    const token = outsider.accessToken;
    const { id } = ann.session;
    const attempts: [string, string, unknown?][] = [
      ['GET', `/v1/sessions/${id}`],
      ['GET', `/v1/sessions/${id}/messages`],
      ['POST', `/v1/sessions/${id}/replies`, { text: 'a' }],
      ['POST', `/v1/sessions/${id}/notes`, { text: 'a' }],
      ['POST', `/v1/sessions/${id}/typing`, { typing: true }],
      ['POST', `/v1/sessions/${id}/read`, { messageId: 1 }],
      ['POST', `/v1/sessions/${id}/transfer`, { to: { bot: true } }],
      ['POST', `/v1/queue-items/${queueItemId}/accept`],
      ['GET', `/v1/cases/${caseId}`],
      ['POST', `/v1/cases/${caseId}/close`, { disposition: 'resolved' }],
      ['GET', `/v1/customers/${ann.customer.id}`],
      ['GET', `/v1/sessions?appId=${http.acme.id}`],
      ['GET', `/v1/queue-items?appId=${http.acme.id}`],
    ];
    http.published.length = 0;
    for (const [method, path, body] of attempts)
      await refuse(method, path, { token, body }, 403, 'forbidden');
    expect(http.published).toEqual([]);
  });

  it('does not see other apps in lists', async () => {
    const sessions = await http.get<{ items: { appId: number }[] }>('/v1/sessions', outsider.accessToken);
    expect(sessions.body.items.map((item) => item.appId)).toEqual([http.rival.id]);
    const queue = await http.get<{ items: { caseId: number }[] }>('/v1/queue-items', outsider.accessToken);
    expect(queue.body.items.map((item) => item.caseId)).toEqual([rivalCaseId]);
  });
});

describe('an id in a URL', () => {
  const positions = ['sessions/#', 'sessions/#/messages', 'cases/#', 'customers/#'];
  it.each(['0', '-1', 'one', '1.5', '9007199254740992', '1e400', '99999999999999999999', '%00', '1%27'])(
    'that is %s is rejected',
    async (id) => {
      for (const template of positions) {
        const path = `/v1/${template.replace('#', id)}`;
        await refuse('GET', path, { token: agent.accessToken }, 422, 'invalid_input');
      }
    },
  );

  it('that does not exist is not found', async () => {
    const token = agent.accessToken;
    for (const template of positions) {
      await refuse('GET', `/v1/${template.replace('#', '9007199254740991')}`, { token }, 404, 'not_found');
    }
    await refuse('POST', '/v1/queue-items/9007199254740991/accept', { token }, 404, 'not_found');
    const body = { text: 'a' };
    await refuse('POST', '/v1/sessions/9007199254740991/replies', { token, body }, 404, 'not_found');
  });

  it('that is not an agent’s is rejected as the target of a transfer', async () => {
    const path = `/v1/sessions/${ann.session.id}/transfer`;
    for (const agentId of [2_147_483_647, Number.MAX_SAFE_INTEGER, outsider.id]) {
      const ask = { token: agent.accessToken, body: { to: { agentId } } };
      await refuse('POST', path, ask, 422, 'invalid_input');
    }
  });

  it('is validated in a query too', async () => {
    const admin = await http.staff('ada', 'admin', []);
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=a',
      'cursor=x',
      'cursor=LTE',
      'status=open',
      'colour=red',
    ]) {
      await refuse('GET', `/v1/sessions?${query}`, { token: agent.accessToken }, 422, 'invalid_input');
    }
    await refuse(
      'GET',
      `/v1/sessions?appId=${Number.MAX_SAFE_INTEGER}`,
      { token: admin.accessToken },
      422,
      'invalid_input',
    );
  });
});

describe('a URL', () => {
  it('that is malformed is rejected', async () => {
    await refuse('GET', '/v1/sessions/%ZZ', { token: agent.accessToken }, 400, 'bad_request');
  });
  it('without a route is not found, whatever the method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      await refuse(method, '/v1/nowhere', {}, 404, 'not_found');
    }
  });
});
