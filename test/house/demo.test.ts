import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type StandIns, startStandIns } from '@mevrik/stand-ins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from '../support/product.ts';

const script = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));
const administrator = { email: 'ada@example.com', password: 'a long passphrase' };

let product: TestProduct;
let standIns: StandIns;
beforeAll(async () => {
  standIns = await startStandIns();
  product = await startTestProduct({ SMTP_PORT: '0', GRAPH_API_URL: standIns.graphUrl });
  const token = new URL(product.setupUrl as string).searchParams.get('token');
  await product.call('POST', '/v1/setup', { body: { token, name: 'Ada', ...administrator } });
});
afterAll(async () => {
  await product.stop();
  await standIns.stop();
});

function demo(env: Record<string, string>) {
  const args = ['--import', 'tsx', '--conditions=@mevrik/source', script];
  return promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
}

describe('the demo, against a running server', () => {
  it('plays the whole conversation and shows every event with its position and its listeners', async () => {
    const { stdout } = await demo({
      MEVRIK_URL: product.url,
      MEVRIK_EMAIL: administrator.email,
      MEVRIK_PASSWORD: administrator.password,
      MEVRIK_SMTP_PORT: String(product.smtpPort),
      MEVRIK_STAND_IN: standIns.graphUrl,
    });
    for (const line of [
      'Alex    Hello Vera, how can I help?',
      'Vera rates it 5 of 5',
      'the session is back with the bot',
      'our SMTP listener answers "250 Stored"',
      'Subject: Re: Where is my order?',
      'Vera    It is here, thank you!',
      'from Vera at work <vera@work.example>, in the same conversation',
      'the signed webhook is answered with 200',
      '"text": "Blue and green."',
      'is read, as Vera’s Messenger reports',
      'its attempts: temporary, sent',
      'posted under the comment, at /c_900900_',
      'as the one private reply to the comment (/messages)',
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

  it('reports missing variables', async () => {
    const failure = await demo({ MEVRIK_URL: product.url }).catch((error) => error);
    expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('MEVRIK_EMAIL') });
  });
});

describe('the guide to Facebook', () => {
  it('can be followed with curl, from the first webhook to what Facebook received', async () => {
    const guide = await readFile(new URL('../../docs/guides/facebook.md', import.meta.url), 'utf8');
    const steps = [...guide.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
    expect(steps).toHaveLength(3);
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', steps.join('\n')], {
      env: {
        ...process.env,
        API: product.url,
        META: standIns.graphUrl,
        EMAIL: administrator.email,
        PASSWORD: administrator.password,
      },
      timeout: 120_000,
    });
    for (const line of [
      '1158201444',
      '{"received":1}',
      '"text": "Blue and green."',
      '"subscribed":',
      '"status": 200',
    ]) {
      expect(stdout).toContain(line);
    }
    expect(stdout).toMatch(/"name": "page",\s+"isDown": (false|true)/);
    expect(stdout).toMatch(/"status": "\w+",\s+"attempts": \[\s+"/);
  });

  it('starts its stand-ins with the command that it names', async () => {
    const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(scripts['stand-ins']).toBe('tsx packages/stand-ins/src/main.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', 'packages/stand-ins/src/main.ts'], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, GRAPH_PORT: '0', TELEGRAM_PORT: '0', STAND_IN_SMTP_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await expect.poll(() => said).toContain('Stop with Ctrl+C');
    const url = /GRAPH_API_URL=(\S+) npm start/.exec(said)?.[1];
    expect(await (await fetch(`${url}/stand-in/accepted`)).json()).toEqual([]);
    expect((await fetch(`${url}/stand-in/nonsense`)).status).toBe(400);
    child.kill('SIGINT');
    await once(child, 'exit');
  });
});
