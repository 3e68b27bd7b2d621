import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from './support/product.ts';

const script = fileURLToPath(new URL('../scripts/demo.ts', import.meta.url));
const administrator = { email: 'ada@example.com', password: 'a long passphrase' };

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct();
  const token = new URL(product.setupUrl as string).searchParams.get('token');
  await product.call('POST', '/v1/setup', { body: { token, name: 'Ada', ...administrator } });
});
afterAll(() => product.stop());

function demo(env: Record<string, string>) {
  const args = ['--import', 'tsx', '--conditions=@mevrik/source', script];
  return promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
}

describe('the demonstration, against a running server', () => {
  it('plays the whole conversation and shows every event with its place and its listeners', async () => {
    const { stdout } = await demo({
      MEVRIK_URL: product.url,
      MEVRIK_EMAIL: administrator.email,
      MEVRIK_PASSWORD: administrator.password,
    });
    for (const line of [
      'Alex    Hello Vera, how can I help?',
      'Vera gives 5 of 5',
      'the session is back with the bot',
    ]) {
      expect(stdout).toContain(line);
    }
    for (const event of [
      'NewCustomerProfileCreated',
      'SessionCreatedEvent',
      'MessageReadyEvent',
      'MessageReplyReadyEvent',
      'MevrikCaseCreatedEvent',
      'QueueItemCreatedEvent',
      'SessionPathChangedEvent',
      'MevrikCaseClosedEvent',
      'MevrikCSATStartEvent',
    ]) {
      expect(stdout).toMatch(new RegExp(`\\+\\d+ ms {2}${event} {2}partition \\d+, offset \\d+`));
    }
    expect(stdout).toMatch(/✓ HandleMessageReadyEvent +\d+\.\d ms, \d+ ms after the event/);
    expect(stdout).not.toMatch(/pending|parked|dead/);
    const { body } = await product.call('POST', '/v1/agents/login', { body: administrator });
    const apps = await product.call('GET', '/v1/admin/apps', { token: body.accessToken });
    expect(apps.body.items).toContainEqual(
      expect.objectContaining({ name: 'Demonstration', enabled: false }),
    );
  });

  it('says what it needs', async () => {
    const failure = await demo({ MEVRIK_URL: product.url }).catch((error) => error);
    expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('MEVRIK_EMAIL') });
  });
});
