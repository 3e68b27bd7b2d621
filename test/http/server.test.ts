import { request as plainRequest } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withAccess } from '../../packages/server/src/http/access.ts';
import type { Api } from '../../packages/server/src/http/http-deps.ts';
import { startHttp, type TestHttp } from '../support/http.ts';

let http: TestHttp;
let lag = 0;
beforeAll(async () => {
  http = await startHttp({ lag: () => lag });
});
afterAll(() => http.stop());

describe('a route that does not declare its access', () => {
  it('keeps the server from starting', async () => {
    const routes = [(api: Api) => void api.get('/v1/forgotten', () => 'secret')];
    await expect(startWith(routes)).rejects.toThrow('GET /v1/forgotten does not declare who may call it');
  });

  async function startWith(routes: readonly ((api: Api) => void)[]) {
    const started = await startHttp({ routes });
    await started.stop();
  }
});

describe('a route for administrators', () => {
  it('rejects everyone else, even if the handler does not check', async () => {
    const routes = [
      (api: Api) => void api.get('/v1/secrets', { config: { access: ['admin'] } }, () => 'secret'),
    ];
    const guarded = await startHttp({ routes });
    const statuses = [(await guarded.get('/v1/secrets')).status];
    for (const { accessToken } of [
      await guarded.visit(),
      await guarded.staff('alex', 'agent'),
      await guarded.staff('sue', 'supervisor'),
      await guarded.staff('ada', 'admin'),
    ]) {
      statuses.push((await guarded.get('/v1/secrets', accessToken)).status);
    }
    expect(statuses).toEqual([401, 403, 403, 403, 200]);
    await guarded.stop();
  });
});

describe('a problem', () => {
  it('has a type that links to its meaning', async () => {
    const { body: problem } = await http.get<Record<string, unknown>>('/v1/me');
    const { status, body } = await http.get(String(problem.type));
    expect({ status, body }).toEqual({
      status: 200,
      body: { code: 'unauthenticated', title: problem.title, status: 401, retryable: false },
    });
  });

  it('follows RFC 9457 and has an id to quote', async () => {
    const { status, headers, body } = await http.get('/v1/nothing-here');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toEqual({
      type: '/problems/not_found',
      title: expect.any(String),
      status: 404,
      detail: expect.any(String),
      code: 'not_found',
      instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
    });
  });

  it('reveals nothing about internal errors', async () => {
    const routes = [
      (api: Api) =>
        void api.get('/v1/broken', { config: { access: 'public' } }, () => {
          throw new Error('SELECT password FROM agents');
        }),
    ];
    const broken = await startHttp({ routes });
    const { status, body } = await broken.get('/v1/broken');
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(body)).not.toContain('SELECT');
    await broken.stop();
  });
});

describe('the OpenAPI document', () => {
  it('describes every route with its access and body', async () => {
    const { status, body } = await http.get<OpenApi>('/v1/openapi.json');
    expect(status).toBe(200);
    const post = body.paths['/v1/messages']?.post;
    expect(post?.security).toEqual([{ token: [] }]);
    expect(JSON.stringify(post?.requestBody)).toContain('attachments');
    expect(JSON.stringify(post)).toContain('Idempotency-Key');
    expect(JSON.stringify(post)).toContain('application/problem+json');
    expect(body.paths['/v1/visitors']?.post?.security).toBeUndefined();
    expect(body.paths['/v1/external-messages']?.post?.security).toEqual([{ app: [] }]);
  });

  it('has a page', async () => {
    const { status, headers } = await http.get('/docs/');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
  });

  interface OpenApi {
    readonly paths: Record<string, { readonly post?: { security?: unknown; requestBody?: unknown } }>;
  }
});

describe('a browser', () => {
  it('may call from any origin, without cookies', async () => {
    const { status, headers } = await http.ask('OPTIONS', '/v1/messages', {
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,idempotency-key',
      },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-headers')).toContain('idempotency-key');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('may call only from configured origins', async () => {
    const named = await startHttp({ corsOrigins: ['https://shop.example'] });
    const from = async (origin: string) =>
      (await named.ask('GET', '/v1/me', { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await from('https://shop.example')).toBe('https://shop.example');
    expect(await from('https://elsewhere.example')).toBeNull();
    await named.stop();
  });

  it('gets security headers, on errors too', async () => {
    const { headers } = await http.get('/v1/me');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("object-src 'none'");
  });
});

describe('a limit', () => {
  it('rejects too many requests from one address for a while', async () => {
    const few = await startHttp({ rateLimitPerMinute: 3 });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await few.get('/v1/openapi.json')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const { headers, body } = await few.get('/v1/openapi.json');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toMatchObject({ code: 'too_many_requests' });
    await few.stop();
  });

  it('is higher for requests that back ends sign', async () => {
    const signed = withAccess(
      'public',
      async (scope: FastifyInstance) => void scope.get('/signed', () => 'done'),
    );
    const few = await startHttp({ rateLimitPerMinute: 3, routes: [signed] });
    const statuses: number[] = [];
    for (let count = 0; count < 31; count++) statuses.push((await few.get('/signed')).status);
    expect(statuses).toEqual([...Array(30).fill(200), 429]);
    await few.stop();
  });

  it('counts rejected requests too, so that tokens cannot be guessed', async () => {
    const few = await startHttp({ rateLimitPerMinute: 3 });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await few.get('/v1/me', 'guess')).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    await few.stop();
  });

  it('rejects new messages while the log is overloaded, and nothing else', async () => {
    const { accessToken } = await http.visit();
    lag = 101;
    try {
      const refused = await http.post('/v1/messages', { text: 'hello' }, accessToken);
      expect(refused.status).toBe(503);
      expect(refused.body).toMatchObject({ code: 'overloaded' });
      expect(refused.headers.get('retry-after')).not.toBeNull();
      expect((await http.get('/v1/me', accessToken)).status).toBe(200);
    } finally {
      lag = 0;
    }
    expect((await http.post('/v1/messages', { text: 'hello' }, accessToken)).status).toBe(201);
  });

  it('rejects a large body before it has arrived', async () => {
    const { accessToken } = await http.visit();
    const before = await http.state();
    const megabytes = 11 * 1_048_576;
    for (const headers of [{ 'content-length': String(megabytes) }, { 'transfer-encoding': 'chunked' }]) {
      const { status, body, sent } = await pour(megabytes, {
        ...headers,
        'content-type': 'application/json',
        authorization: `Bearer ${accessToken}`,
      });
      expect(status).toBe(413);
      expect(JSON.parse(body)).toMatchObject({ code: 'too_large' });
      expect(sent).toBeLessThan(megabytes);
    }
    expect(await http.state()).toEqual(before);
  });

  it('closes the connection of a caller who keeps sending a large body', async () => {
    const { accessToken } = await http.visit();
    const request = plainRequest(`${http.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    });
    const ended = new Promise<void>((resolve) => {
      // The close event follows.
      request.on('error', () => {});
      request.on('close', resolve);
    });
    const chunk = Buffer.alloc(65_536, 'a');
    let sent = 0;
    const more = () => {
      if (request.destroyed) return;
      sent += chunk.length;
      request.write(chunk, () => setImmediate(more));
    };
    more();
    await ended;
    // What the server accepts, and what the buffers between the two hold.
    expect(sent).toBeLessThan(64 * 1_048_576);
  });

  /** Sends until the response arrives, and returns how much was sent. */
  function pour(bytes: number, headers: Record<string, string>) {
    return new Promise<{ status: number; body: string; sent: number }>((resolve, reject) => {
      let sent = 0;
      let isAnswered = false;
      const request = plainRequest(`${http.url}/v1/messages`, { method: 'POST', headers }, (response) => {
        isAnswered = true;
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, sent }));
        response.on('error', reject);
      });
      request.on('error', (error) => {
        if (!isAnswered) reject(error);
      });
      const chunk = Buffer.alloc(65_536, 'a');
      const more = () => {
        if (isAnswered || sent >= bytes) return;
        sent += chunk.length;
        request.write(chunk, () => setImmediate(more));
      };
      more();
    });
  }
});

describe('a trace', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it('is copied from the request to its events', async () => {
    const { accessToken, customer } = await http.visit();
    await http.post('/v1/messages', { text: 'hello' }, accessToken, { traceparent });
    const [row] = await http.database.sql`
      SELECT traceparent FROM events WHERE key = ${customer.conversationKey} AND type = 'MessageReadyEvent'`;
    expect(row?.traceparent).toBe(traceparent);
  });

  it('that is invalid is ignored', async () => {
    const { accessToken, customer } = await http.visit();
    const headers = { traceparent: `${traceparent}; DROP TABLE` };
    expect((await http.post('/v1/messages', { text: 'hello' }, accessToken, headers)).status).toBe(201);
    const [row] = await http.database.sql`
      SELECT traceparent FROM events WHERE key = ${customer.conversationKey} AND type = 'MessageReadyEvent'`;
    expect(row?.traceparent).toBeNull();
  });
});
