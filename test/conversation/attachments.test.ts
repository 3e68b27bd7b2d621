import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmailProduct, startEmail } from '../support/email.ts';
import { type FacebookProduct, ofThread, startFacebook } from '../support/facebook.ts';
import { type ObjectStore, startObjectStore } from '../support/object-store.ts';
import {
  type Answer,
  type Employed,
  startSecondNode,
  startTestProduct,
  type TestProduct,
} from '../support/product.ts';

/** A one-pixel image. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const pdf = Buffer.from('%PDF-1.4\n%âãÏÓ\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n', 'latin1');

async function upload(
  product: TestProduct,
  token: string,
  bytes: Buffer,
  query = '?name=cat.png',
  type = 'application/octet-stream',
): Promise<Answer> {
  const response = await fetch(`${product.url}/v1/attachments${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    body: new Uint8Array(bytes),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const opened = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
};

describe('an attachment', () => {
  let product: TestProduct;
  let agent: Employed;
  beforeAll(async () => {
    product = await startTestProduct({ ATTACHMENT_MAX_BYTES: '20000' });
    agent = await product.employ();
  });
  afterAll(() => product.stop());

  it('that a visitor uploads is in the message, unchanged, for the visitor and the agent', async () => {
    const visitor = await product.visit();
    const { status, body: file } = await upload(product, visitor.token, png);
    expect(status).toBe(201);
    expect(file).toMatchObject({
      type: 'image',
      name: 'cat.png',
      contentType: 'image/png',
      sizeBytes: png.length,
    });
    const sent = await visitor.call('POST', '/v1/messages', { attachments: [{ fileId: file.fileId }] });
    expect(sent.status).toBe(201);
    expect(sent.body.message).toMatchObject({
      kind: 'attachment',
      content: { attachments: [{ fileId: file.fileId }] },
    });
    const seen = await agent.call('GET', `/v1/sessions/${visitor.sessionId}/messages`);
    const own = await visitor.call('GET', '/v1/messages');
    for (const { body } of [seen, own]) {
      const [attachment] = body.items.find(({ kind }: { kind: string }) => kind === 'attachment').content
        .attachments;
      const { response, bytes } = await opened(attachment.url);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('image/png');
      expect(bytes.equals(png)).toBe(true);
    }
  });

  it('is served only under its signed URL, until that expires', async () => {
    const { body } = await upload(product, agent.token, png, '?appId=1');
    const url = new URL(body.url);
    const forge = (change: (forged: URL) => void) => {
      const forged = new URL(url);
      change(forged);
      return fetch(forged).then(({ status }) => status);
    };
    const other = (await upload(product, agent.token, pdf, '?appId=1')).body.fileId;
    expect(await forge((forged) => forged.searchParams.set('expires', '9999999999'))).toBe(403);
    expect(await forge((forged) => forged.searchParams.set('signature', 'x'))).toBe(403);
    expect(await forge((forged) => forged.searchParams.delete('signature'))).toBe(422);
    expect(await forge((forged) => (forged.pathname = `/files/${other}/cat.png`))).toBe(403);
    expect(await forge((forged) => (forged.pathname = '/files/..%2f..%2fetc/passwd'))).toBe(422);
    await product.database.sql`DELETE FROM files WHERE id = ${body.fileId}`;
    expect(await fetch(url).then(({ status }) => status)).toBe(404);
  });

  it('is never executed on our pages, and its type is detected from its bytes', async () => {
    const html = Buffer.from('<!doctype html><script>alert(1)</script>');
    const { body } = await upload(product, agent.token, html, '?appId=1&name=a.html', 'text/html');
    expect(body).toMatchObject({ type: 'file', contentType: 'text/plain' });
    const { response } = await opened(body.url);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('content-disposition')).toContain('attachment');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['বিড়াল "চিত্র".png', 'বিড়াল "চিত্র".png'],
    ['a\u202Egnp.exe', 'agnp.exe'],
    ['..', 'file'],
  ])('named %j is served as %j', async (given, name) => {
    const { body } = await upload(product, agent.token, png, `?appId=1&name=${encodeURIComponent(given)}`);
    expect(body.name).toBe(name);
    const { response } = await opened(body.url);
    expect(response.headers.get('content-disposition')).toContain(
      `filename*=UTF-8''${encodeURIComponent(name)}`,
    );
  });

  it('is served in ranges', async () => {
    const { body } = await upload(product, agent.token, png, '?appId=1');
    const { response, bytes } = await opened(body.url, { range: 'bytes=1-3' });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes 1-3/${png.length}`);
    expect(bytes.toString()).toBe('PNG');
    expect((await opened(body.url, { range: 'bytes=999999-' })).bytes.length).toBe(png.length);
  });

  it.each([
    ['of a type that is not accepted', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]), 415],
    ['that is too large', Buffer.alloc(20_001, 'a'), 413],
    ['that is empty', Buffer.alloc(0), 422],
  ])('%s is rejected and not stored', async (_what, bytes, status) => {
    const count = () => product.database.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM files`;
    const [before] = await count();
    expect((await upload(product, agent.token, bytes, '?appId=1')).status).toBe(status);
    expect((await count())[0]).toEqual(before);
  });

  it('cannot be used in a message by another visitor', async () => {
    const [owner, thief] = [await product.visit(), await product.visit()];
    const { body } = await upload(product, owner.token, png);
    const stolen = await thief.call('POST', '/v1/messages', { attachments: [{ fileId: body.fileId }] });
    expect(stolen.status).toBe(422);
    expect(stolen.body.errors[0].path).toBe('attachments.0.fileId');
    const smuggled = { ...body, url: 'https://example.com/x' };
    expect((await thief.call('POST', '/v1/messages', { attachments: [smuggled] })).status).toBe(422);
    expect((await upload(product, 'unknown', png)).status).toBe(401);
    const stranger = await product.employ({ appIds: [] });
    expect((await upload(product, stranger.token, png, '?appId=1')).status).toBe(403);
  });

  it('that is never sent is deleted after a day; one that was sent stays', async () => {
    const visitor = await product.visit();
    const [sent, unsent] = [
      await upload(product, visitor.token, png),
      await upload(product, visitor.token, pdf),
    ];
    await visitor.call('POST', '/v1/messages', { attachments: [{ fileId: sent.body.fileId }] });
    const { sql } = product.database;
    await sql`UPDATE files SET created_at = now() - interval '25 hours'`;
    await sql`SELECT graphile_worker.add_job('sweep-files')`;
    await expect.poll(async () => (await fetch(unsent.body.url)).status).toBe(404);
    expect((await fetch(sent.body.url)).status).toBe(200);
    const kept = await readdir(join(product.dataDir, 'files', '1'));
    expect(kept).toContain(sent.body.fileId);
    expect(kept).not.toContain(unsent.body.fileId);
  });
});

describe('attachments in an S3 store', () => {
  let store: ObjectStore;
  beforeAll(async () => {
    store = await startObjectStore();
  });
  afterAll(() => store.stop());

  it('are stored, served by every node, also in ranges, and deleted', async () => {
    const product = await startTestProduct(store.env);
    try {
      const visitor = await product.visit();
      const { body } = await upload(product, visitor.token, png);
      expect((await opened(body.url)).bytes.equals(png)).toBe(true);
      expect((await opened(body.url, { range: 'bytes=1-3' })).bytes.toString()).toBe('PNG');
      expect([...store.objects.keys()]).toEqual([`1/${body.fileId}`]);
      await product.database.sql`UPDATE files SET created_at = now() - interval '25 hours'`;
      await product.database.sql`SELECT graphile_worker.add_job('sweep-files')`;
      await expect.poll(async () => (await fetch(body.url)).status).toBe(404);
      expect([...store.objects.keys()]).toEqual([]);
    } finally {
      await product.stop();
    }
  });

  it('keep their record until the store has deleted them, and hold up no others', async () => {
    const product = await startTestProduct(store.env);
    try {
      const visitor = await product.visit();
      const uploads = [await upload(product, visitor.token, png), await upload(product, visitor.token, pdf)];
      const statuses = () =>
        Promise.all(uploads.map(async ({ body }) => (await fetch(body.url, { method: 'HEAD' })).status));
      await product.database.sql`UPDATE files SET created_at = now() - interval '25 hours'`;
      store.reject('DELETE');
      await product.database.sql`SELECT graphile_worker.add_job('sweep-files', max_attempts => 1)`;
      await expect.poll(() => store.rejections()).toBe(2);
      await expect
        .poll(() => product.database.sql`SELECT FROM graphile_worker.jobs WHERE last_error IS NOT NULL`)
        .toHaveLength(1);
      expect(await statuses()).toEqual([200, 200]);
      store.reject(null);
      await product.database.sql`SELECT graphile_worker.add_job('sweep-files')`;
      await expect.poll(statuses).toEqual([404, 404]);
      expect([...store.objects.keys()]).toEqual([]);
    } finally {
      store.reject(null);
      await product.stop();
    }
  });

  it('that rejects our credentials fails the upload without exposing the reason', async () => {
    const product = await startTestProduct({ ...store.env, S3_SECRET_ACCESS_KEY: 'wrong' });
    try {
      const visitor = await product.visit();
      const { status, body } = await upload(product, visitor.token, png);
      expect(status).toBe(500);
      expect(JSON.stringify(body)).not.toMatch(/S3|Signature/);
    } finally {
      await product.stop();
    }
  });
});

describe('Messenger attachments', () => {
  let product: FacebookProduct;
  let asked = 0;
  const host = createServer((request, response) => {
    if (request.url === '/gone') response.writeHead(404).end();
    else if (request.url === '/program.exe')
      response.end(Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]));
    else if (request.url === '/slow.png' && ++asked === 1) response.writeHead(503).end();
    else response.end(png);
  });
  const at = (path: string) => `http://127.0.0.1:${(host.address() as AddressInfo).port}/${path}`;
  beforeAll(async () => {
    product = await startFacebook({ env: { FETCH_PRIVATE_ADDRESSES: 'true' } });
    await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    host.close();
    await product.stop();
  });

  const arrives = async (mid: string, url: string, type = 'image') => {
    await product.webhook(
      ofThread({ sender: { id: 'writer' }, message: { mid, attachments: [{ type, payload: { url } }] } }),
    );
    const read = async () => {
      const [row] = await product.database.sql<
        { content: { attachments: Record<string, string>[] } }[]
      >`SELECT content FROM messages WHERE external_id = ${mid}`;
      return row?.content.attachments[0];
    };
    await expect.poll(read).toBeDefined();
    return read;
  };

  it('are downloaded before their URL expires', async () => {
    const read = await arrives('mid.picture', at('cat.png'));
    await expect.poll(async () => (await read())?.fileId).toBeDefined();
    const attachment = await read();
    expect(attachment).toMatchObject({ type: 'image', name: 'cat.png', contentType: 'image/png' });
    expect((await opened(attachment?.url ?? '')).bytes.equals(png)).toBe(true);
  });

  it('that cannot be downloaded show the reason', async () => {
    const gone = await arrives('mid.gone', at('gone'));
    await expect.poll(async () => (await gone())?.problem).toBe('The provider responded with status 404.');
    const program = await arrives('mid.program', at('program.exe'), 'file');
    await expect.poll(async () => (await program())?.problem).toContain('are not allowed');
  });

  it('that the provider does not have ready yet are downloaded later', async () => {
    const read = await arrives('mid.slow', at('slow.png'));
    await expect.poll(async () => (await read())?.fileId).toBeDefined();
  }, 80_000);

  it('that an agent sends are passed as a URL that the provider can open', async () => {
    const agent = await product.employ();
    const session = await product.writes('reader', 'a picture, please');
    const { body } = await upload(product, agent.token, png, '?appId=1&name=cat.png');
    await product.replies(session, { attachments: [{ fileId: body.fileId }] });
    const url = () =>
      product.graph.accepted
        .map(({ body }) => body)
        .find(({ recipient, message }) => recipient?.id === 'reader' && message?.attachment)?.message
        ?.attachment?.payload?.url;
    await expect.poll(url).toBeDefined();
    expect((await opened(url() ?? '')).bytes.equals(png)).toBe(true);
  });
});

describe('email attachments', () => {
  let product: EmailProduct;
  beforeAll(async () => {
    product = await startEmail();
  });
  afterAll(() => product.stop());

  it('are in the message, rejected ones are named, and replies carry their own', async () => {
    const person = 'painter@home.example';
    const session = await product.writes(person, {
      text: 'Here it is',
      attachments: [
        { filename: 'cat.png', content: png },
        { filename: 'virus.exe', content: Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]) },
      ],
    });
    const [message] = await product.messagesOf(person);
    expect(message?.content.text).toContain('[virus.exe');
    expect(message?.content.attachments).toEqual([
      expect.objectContaining({ name: 'cat.png', type: 'image' }),
    ]);
    const second = await startSecondNode(product);
    const seen = new URL(message?.content.attachments[0].url);
    expect(
      (await opened(`${second.url}${seen.pathname}${seen.search}`)).bytes.equals(png),
      'on any node',
    ).toBe(true);
    await second.stop();

    const agent = await product.employ();
    const { body } = await upload(product, agent.token, pdf, '?appId=1&name=offer.pdf');
    await product.replies(session, { text: 'Our offer', attachments: [{ fileId: body.fileId }] });
    await expect
      .poll(() => product.post.sent.filter(({ to }) => to === person).at(-1)?.email.attachments.length)
      .toBe(1);
    const sent = product.post.sent.filter(({ to }) => to === person).at(-1)?.email.attachments[0];
    expect(sent).toMatchObject({ filename: 'offer.pdf', contentType: 'application/pdf' });
    expect(sent?.content.equals(pdf)).toBe(true);
  });
});
