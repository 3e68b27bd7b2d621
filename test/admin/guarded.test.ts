import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

const app = '/v1/admin/apps/1';
const rule = { name: 'all', when: 'true', action: 'bot' };
/** What two administrators may change concurrently: how it is read, and two changes to it. */
const guarded: readonly [what: string, at: string, method: string, path: string, one: object, two: object][] =
  [
    ['an app', app, 'PATCH', app, { name: 'Here' }, { name: 'There' }],
    [
      'the settings of an app',
      app,
      'PUT',
      `${app}/settings`,
      { sessionIdleMinutes: 9, csat: { thanks: 'Thank you', enabled: false } },
      { country: 'BD' },
    ],
    [
      'routing rules',
      `${app}/rules`,
      'PUT',
      `${app}/rules`,
      { rules: [{ ...rule, queue: 'desk', skills: ['b', 'a'] }] },
      { rules: [rule, { ...rule, name: 'more' }] },
    ],
    [
      'a bot',
      `${app}/bot`,
      'PUT',
      `${app}/bot`,
      { kind: 'http', url: 'https://bot.example.com/' },
      { kind: 'builtin', flow: 'greeting: [Ahoy]' },
    ],
    [
      'a channel',
      `${app}/channels/web`,
      'PUT',
      `${app}/channels/web`,
      { kind: 'web', enabled: false },
      { kind: 'web', enabled: true },
    ],
    [
      'a part of a channel',
      `${app}/channels/web`,
      'PATCH',
      `${app}/channels/web`,
      { enabled: false },
      { enabled: true },
    ],
  ];
const tagOf = ({ headers }: { headers: Headers }) => headers.get('etag') ?? '';
const read = (at: string) => admin.call('GET', at);

describe.each(guarded)('%s', (_what, at, method, path, one, two) => {
  const write = (body: object, tag?: string) =>
    admin.call(method, path, body, tag === undefined ? undefined : { 'if-match': tag });

  it('that has changed since it was read is not overwritten', async () => {
    await write(two);
    const seen = tagOf(await read(at));
    expect(seen).toMatch(/^"[\w-]{22}"$/);
    expect(tagOf(await read(at))).toBe(seen);
    const first = await write(one, seen);
    expect(first.status).toBe(200);
    expect(tagOf(first)).not.toBe(seen);
    expect(tagOf(await read(at))).toBe(tagOf(first));

    const late = await write(two, seen);
    expect(late).toMatchObject({
      status: 412,
      body: {
        code: 'precondition_failed',
        type: '/problems/precondition_failed',
        detail: expect.stringContaining('Load it again'),
      },
    });
    expect(late.headers.get('content-type')).toContain('application/problem+json');
    expect(tagOf(await read(at))).toBe(tagOf(first));
    // The current version is accepted; a compressing proxy may have made the tag a weak one.
    expect((await write(two, `"other", W/${tagOf(first)}`)).status).toBe(200);
    expect(tagOf(await read(at))).not.toBe(tagOf(first));
  });

  it('is overwritten without If-Match, or with *', async () => {
    await write(two);
    expect((await write(one)).status).toBe(200);
    expect((await write(two, '*')).status).toBe(200);
    expect(await write(one, 'no tag')).toMatchObject({ status: 400, body: { code: 'bad_request' } });
  });

  it('is changed by only one of two who read the same version', async () => {
    await write(two);
    const seen = tagOf(await read(at));
    const answers = await Promise.all([write(one, seen), write(one, seen)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});

describe('a channel', () => {
  const page = `${app}/channels/page`;
  const secrets = { pageId: '42', appSecret: 'the app secret of Meta’s', verifyToken: 'the verify token' };
  const put = (pageToken: string, tag?: string) =>
    admin.call(
      'PUT',
      page,
      { kind: 'facebook', settings: { ...secrets, pageToken } },
      tag === undefined ? {} : { 'if-match': tag },
    );

  it('that does not exist yet has no version to match', async () => {
    for (const tag of ['*', '"something"']) expect((await put('the first token', tag)).status).toBe(412);
    expect((await read(page)).status).toBe(404);
  });

  it('has a different ETag with a different secret', async () => {
    const before = tagOf(await put('the first token'));
    const after = tagOf(await put('the second token'));
    expect(after).not.toBe(before);
    expect((await put('the third token', before)).status).toBe(412);
    expect((await put('the third token', after)).status).toBe(200);
  });
});

it('is described in the OpenAPI document', async () => {
  const { body } = await product.call('GET', '/v1/openapi.json');
  const bot = body.paths['/v1/admin/apps/{id}/bot'];
  expect(bot.put.parameters).toContainEqual(expect.objectContaining({ in: 'header', name: 'If-Match' }));
  for (const answer of [bot.get, bot.put]) expect(answer.responses['200'].headers).toHaveProperty('ETag');
  expect(bot.get.parameters.map(({ in: where }: { in: string }) => where)).not.toContain('header');
});
