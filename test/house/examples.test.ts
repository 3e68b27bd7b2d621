import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, type TestProduct, testPassword } from '../support/product.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

describe('the examples', () => {
  let product: TestProduct;

  beforeAll(async () => {
    product = await startTestProduct();
  });

  afterAll(() => product.stop());

  it('have a conversation that waits in the queue after five requests', async () => {
    const { id } = await product.employ({ role: 'admin' });
    const [admin] = await product.database.sql<
      { email: string }[]
    >`SELECT email FROM agents WHERE id = ${id}`;
    const run = spawn('bash', [example('conversation.sh')], {
      env: { ...process.env, API: product.url, EMAIL: admin?.email, PASSWORD: testPassword },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = await text(run.stdout);
    expect(JSON.parse(output)).toMatchObject({ status: 'waiting', sessionId: expect.any(Number) });
  });

  it('print the replies of a session as they are sent', async () => {
    const { token } = await product.employ({ role: 'admin' });
    const visitor = await product.visit();
    const run = spawn(process.execPath, [example('subscribe.mjs')], {
      env: {
        ...process.env,
        API: product.url,
        APP_KEY: product.app.key,
        TOKEN: token,
        SESSION: String(visitor.sessionId),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(run.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe(`Subscribed to session ${visitor.sessionId}.`);
    await visitor.write('hello');
    const { value: printed } = await lines.next();
    const replies = (await visitor.history()).filter(({ from }) => from === 'bot');
    expect(replies.map(({ text }) => text)).toContain(printed);
    run.kill();
    await once(run, 'exit');
  });
});

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}
