import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { httpBotResponseSchema } from '../packages/server/src/domain/bot/http-bot.ts';
import { parseFlow, respond } from '../packages/server/src/domain/bot/index.ts';
import { compileRules, route, routingRuleSchema } from '../packages/server/src/domain/routing/index.ts';
import { startTestProduct } from './support/product.ts';

/** The examples of a guide in a language, in their order. */
function examples(guide: string, language: string): string[] {
  const text = readFileSync(new URL(`../docs/guides/${guide}.md`, import.meta.url), 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, code = '']) => code,
  );
}

describe('the guide to routing rules', () => {
  it('has rules that work as it says', () => {
    const [shown = '', tried = ''] = examples('routing-rules', 'json');
    const rules = compileRules(routingRuleSchema.array().parse(JSON.parse(shown).rules));
    const { rules: night, facts } = JSON.parse(tried);
    const decide = (change: object) => route(rules, { ...facts, ...change });
    expect(decide({ message: { ...facts.message, text: 'My INVOICE' } })).toMatchObject({ queue: 'billing' });
    expect(
      decide({ customer: { ...facts.customer, verified: true, attributes: { tier: 'gold' } } }),
    ).toMatchObject({
      action: 'transfer',
      priority: 'urgent',
    });
    expect(decide({})).toMatchObject({ rule: 'standard', action: 'bot' });
    expect(route(compileRules(night), facts)).toMatchObject({ action: 'bot', rule: 'standard' });
  });
});

describe('the guide to bots', () => {
  it('has a flow that works as it says', () => {
    const flow = parseFlow(examples('bots', 'yaml')[0] ?? '');
    const say = (text: string) => respond(flow, null, { kind: 'text', text }, { name: 'Vera' });
    expect(say('Are you open today?').replies[0]?.text).toContain('Monday to Friday');
    expect(say('help').replies[0]?.buttons).toHaveLength(2);
    expect(say('please speak to sales').handover).not.toBeNull();
    const asked = respond(flow, null, { kind: 'postback', payload: 'order' }, { name: null });
    const number = respond(flow, asked.state, { kind: 'text', text: '17' }, { name: null });
    const done = respond(flow, number.state, { kind: 'text', text: 'vera@example.com' }, { name: null });
    expect(done).toMatchObject({
      attributes: { number: 17, email: 'vera@example.com' },
      handover: { queue: 'orders', priority: 'high' },
    });
  });

  it('has an answer of the right shape', () => {
    const [, answer = ''] = examples('bots', 'json');
    expect(httpBotResponseSchema.parse(JSON.parse(answer)).replies).toHaveLength(1);
  });

  describe('and its bot', () => {
    let bot: ChildProcess | undefined;
    afterAll(() => void bot?.kill());

    it('answers the customers of an app, and gives them to a person', async () => {
      const product = await startTestProduct();
      const admin = await product.employ({ role: 'admin' });
      const port = await freePort();
      const stored = await admin.call('PUT', '/v1/admin/apps/1/bot', {
        kind: 'http',
        url: `http://127.0.0.1:${port}/turn`,
      });
      expect(stored.status).toBe(200);
      const [code = ''] = examples('bots', 'js');
      bot = spawn(process.execPath, ['--input-type=module', '--eval', code], {
        cwd: new URL('..', import.meta.url),
        env: { ...process.env, PORT: String(port), BOT_SECRET: stored.body.secret },
        stdio: 'inherit',
      });
      await expect
        .poll(() =>
          fetch(`http://127.0.0.1:${port}`).then(
            (answer) => answer.status,
            () => 0,
          ),
        )
        .toBe(401);
      const visitor = await product.visit();
      await visitor.write(`hello ${randomUUID()}`);
      await expect
        .poll(visitor.history)
        .toContainEqual(
          expect.objectContaining({ from: 'bot', text: expect.stringMatching(/^You said: hello/) }),
        );
      await visitor.write('I want a refund');
      await expect
        .poll(async () => (await admin.call('GET', '/v1/queue-items?status=waiting')).body.items)
        .toHaveLength(1);
      await product.stop();
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
