import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../packages/server/src/config/config.ts';
import { settings } from '../../packages/server/src/config/settings.ts';
import {
  httpBotRequestSchema,
  httpBotResponseSchema,
} from '../../packages/server/src/domain/bot/http-bot.ts';
import { parseFlow, respond } from '../../packages/server/src/domain/bot/index.ts';
import {
  compileRules,
  type RoutingFacts,
  route,
  routingRuleSchema,
  shippedRules,
} from '../../packages/server/src/domain/routing/index.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

interface Example {
  readonly guide: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

const guides = new URL('../../docs/guides/', import.meta.url);

/** Every fenced example of every guide, in order. */
const examples: readonly Example[] = readdirSync(guides)
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => {
    const text = readFileSync(new URL(file, guides), 'utf8');
    return [...text.matchAll(/^```([\w ]*)\n([\s\S]*?)^```$/gm)].map(
      ({ index, 1: language = '', 2: code = '' }) => ({
        guide: file.replace('.md', ''),
        line: text.slice(0, index).split('\n').length,
        language,
        code,
      }),
    );
  });
const codeOf = (guide: string, language: string) =>
  examples.filter((one) => one.guide === guide && one.language === language).map(({ code }) => code);
/** The guide's JSON examples that have this field. */
const jsonWith = (guide: string, field: string) =>
  codeOf(guide, 'json')
    .map((code) => JSON.parse(code))
    .filter((value) => field in value);

let product: TestProduct;
let admin: Employed;
let bot: ChildProcess | undefined;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(async () => {
  if (bot?.kill()) await once(bot, 'exit');
  await product.stop();
});

/** Checks a JSON example by using it as the guide describes. @returns what is wrong with it. */
async function tryJson(value: Record<string, unknown>): Promise<unknown> {
  if (
    'attachments' in value ||
    'offline' in value ||
    'sla' in value ||
    'businessHours' in value ||
    'dispositions' in value
  ) {
    return (await admin.call('PATCH', '/v1/admin/apps/1', { settings: value })).status;
  }
  // Changes a part of a channel's settings and keeps the others.
  if ('pace' in value) {
    return (await admin.call('PATCH', '/v1/admin/apps/1/channels/guide-facebook', { settings: value }))
      .status;
  }
  if ('facts' in value) return (await admin.call('POST', '/v1/admin/rules/test', value)).status;
  if ('rules' in value) return (await admin.call('PUT', '/v1/admin/apps/1/rules', value)).status;
  if ('state' in value) return (await admin.call('POST', '/v1/admin/bot/test', value)).status;
  // The channel of the guide's own adapter, which test/contracts/channel-guide.test.ts creates.
  if (value.kind === 'textline') return 200;
  if ('settings' in value) {
    return (await admin.call('PUT', `/v1/admin/apps/1/channels/guide-${value.kind}`, value)).status;
  }
  if ('kind' in value) return (await admin.call('PUT', '/v1/admin/apps/1/bot', value)).status;
  if ('type' in value) return httpBotRequestSchema.safeParse(value).error ?? 200;
  // A response of ours, which has its own test.
  if ('failed' in value) return 200;
  return httpBotResponseSchema.strict().safeParse(value).error ?? 200;
}

describe('every example of a guide', () => {
  it('is in a language that is tested here', () => {
    expect(examples.length).toBeGreaterThan(0);
    // PHP is not installed: test/gateway/laravel.test.ts tests the same settings.
    const tried = ['cel', 'html', 'js', 'json', 'yaml', 'sh', 'bash', 'bash terminal', 'php', 'ts'];
    expect(examples.filter(({ language }) => !tried.includes(language))).toEqual([]);
  });

  it.each(examples.filter(({ language }) => language === 'sh'))(
    '$guide:$line has settings that are accepted',
    ({ code }) => {
      for (const line of code.replaceAll('…', 'x'.repeat(20)).trim().split('\n')) {
        const assignments = [...line.matchAll(/(\w+)=(?:'([^']*)'|(\S+))/g)].map(
          ([, name, quoted, plain]) => [name, quoted ?? plain] as const,
        );
        expect(assignments).not.toEqual([]);
        expect(Object.keys(settings)).toEqual(expect.arrayContaining(assignments.map(([name]) => name)));
        loadConfig({ ...Object.fromEntries(assignments) });
      }
    },
  );

  it.each(examples.filter(({ language }) => language === 'html'))(
    '$guide:$line uses only attributes and calls of the chat that exist',
    ({ code }) => {
      const source = readFileSync(new URL('../../packages/widget/src/config.ts', import.meta.url), 'utf8');
      const attributes = [...code.matchAll(/ data-([a-z-]+)=/g)].map(([, name = '']) => name);
      expect(attributes).toContain('app-key');
      for (const name of attributes) {
        expect(source).toContain(
          `data.${name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}`,
        );
      }
    },
  );

  it.each(examples.filter(({ language }) => language === 'yaml'))(
    '$guide:$line is a valid flow',
    ({ code }) => {
      expect(parseFlow(code).definition).toBeDefined();
    },
  );

  it.each(examples.filter(({ language }) => language === 'json'))(
    '$guide:$line is accepted',
    async ({ code }) => {
      expect(await tryJson(JSON.parse(code))).toBe(200);
    },
  );

  it.each(examples.filter(({ language }) => language === 'cel'))(
    '$guide:$line has valid conditions',
    ({ code }) => {
      for (const when of code.trim().split('\n')) compileRules([{ name: when, when, action: 'bot' }]);
    },
  );
});

describe('the guide to files', () => {
  it('has an upload that ends in a message', async () => {
    const visitor = await product.visit();
    const picture = readFileSync(new URL('../../docs/images/chat.png', import.meta.url));
    const program = new Function(
      'url',
      'token',
      'bytes',
      `return (async () => { ${codeOf('attachments', 'js').join('\n')} })()`,
    );
    await program(product.url, visitor.token, picture);
    const { body } = await visitor.call('GET', '/v1/messages');
    expect(body.items.map(({ content }: { content: unknown }) => content)).toContainEqual({
      text: 'Look!',
      attachments: [expect.objectContaining({ name: 'cat.png', contentType: 'image/png' })],
    });
  });
});

describe('the guide to routing rules', () => {
  const [{ facts } = {}] = jsonWith('routing-rules', 'facts') as { facts: RoutingFacts }[];
  const shown = jsonWith('routing-rules', 'rules').filter((value) => !('facts' in value));
  const decide = (rules: unknown, change: Partial<RoutingFacts>) =>
    route(compileRules(routingRuleSchema.array().parse(rules)), { ...(facts as RoutingFacts), ...change });
  const said = (text: string) => ({ message: { kind: 'text', text, payload: '' } });
  const customer = { verified: true, locale: 'de-AT', attributes: { tier: 'gold', orders: 12 } };

  it('has rules that work as described', () => {
    const [{ rules }] = shown;
    expect(decide(rules, said('My INVOICE'))).toMatchObject({ queue: 'billing', skills: ['billing'] });
    expect(decide(rules, { customer })).toMatchObject({ action: 'transfer', priority: 'urgent' });
    expect(decide(rules, {})).toMatchObject({ rule: 'standard', action: 'bot' });
  });

  it('has conditions that can be true', () => {
    const conditions = codeOf('routing-rules', 'cel')
      .join('')
      .trim()
      .split('\n')
      .map((when) => ({ name: when, when, action: 'queue' }));
    const worlds: Partial<RoutingFacts>[] = [
      { channel: { name: 'page', kind: 'facebook' } },
      { message: { kind: 'attachment', text: '', payload: '' } },
      said('I want my Money Back'),
      said('where is ORDER 17?'),
      said('x'.repeat(501)),
      { customer },
      { customer: { ...customer, locale: '' } },
      {},
    ];
    const trueOnes = worlds.flatMap((world) =>
      conditions.filter((one) => decide([one], world).rule === one.name).map(({ name }) => name),
    );
    expect(conditions.map(({ name }) => name).filter((name) => !trueOnes.includes(name))).toEqual([]);
    expect(decide(conditions, {}).failed).toEqual([]);
  });

  it('shows the response that its test returns', async () => {
    const [asked] = jsonWith('routing-rules', 'facts');
    const [answer] = jsonWith('routing-rules', 'failed');
    expect((await admin.call('POST', '/v1/admin/rules/test', asked)).body).toEqual(answer);
  });

  it('shows the rules that every app starts with', () => {
    expect(shown.at(-1).rules).toEqual(shippedRules);
  });
});

describe('the guide to bots', () => {
  const flow = parseFlow(codeOf('bots', 'yaml')[0] ?? '');
  const vera = { name: 'Vera' };

  it('has a flow that works as described', () => {
    const say = (text: string) => respond(flow, null, { kind: 'text', text }, vera);
    expect(say('Are you open today?').replies[0]?.text).toContain('Monday to Friday');
    expect(say('help').replies[0]?.buttons).toHaveLength(2);
    expect(say('please speak to sales').handover).not.toBeNull();
    const asked = respond(flow, null, { kind: 'postback', payload: 'order' }, vera);
    const number = respond(flow, asked.state, { kind: 'text', text: '17' }, vera);
    const done = respond(flow, number.state, { kind: 'text', text: 'vera@example.com' }, vera);
    expect(done).toMatchObject({
      attributes: { number: 17, email: 'vera@example.com' },
      handover: { queue: 'orders', priority: 'high' },
    });
  });

  it("names the fields of a test's response, whose state is passed to the next turn", async () => {
    const [turn] = jsonWith('bots', 'state');
    const { body } = await admin.call('POST', '/v1/admin/bot/test', turn);
    expect(Object.keys(body).sort()).toEqual([
      'attributes',
      'handover',
      'interpretation',
      'replies',
      'state',
    ]);
    expect(body.replies).toEqual([{ text: 'Hi there!' }]);
    const next = { ...turn, text: 'qwertz', state: body.state };
    expect((await admin.call('POST', '/v1/admin/bot/test', next)).body.state.misunderstandings).toBe(1);
  });

  it("has a bot that replies to an app's customers, and hands them over to an agent", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await admin.call('PUT', '/v1/admin/apps/1/rules', { rules: [] });
    await product.database.sql`DELETE FROM bots`;
    const stored = await admin.call('PUT', '/v1/admin/apps/1/bot', { kind: 'http', url: `${url}/turn` });
    expect(stored.body.secret).toMatch(/^whsec_/);
    const example = new URL('../../examples/http-bot.mjs', import.meta.url);
    expect(codeOf('bots', 'js')[0]?.trim()).toBe(readFileSync(example, 'utf8').trim());
    bot = spawn(process.execPath, [fileURLToPath(example)], {
      env: { ...process.env, PORT: new URL(url).port, BOT_SECRET: stored.body.secret },
      stdio: 'inherit',
    });
    const unsigned = () =>
      fetch(url, { method: 'POST', body: '{}' }).then(
        ({ status }) => status,
        // Not listening yet.
        () => 0,
      );
    await expect.poll(unsigned).toBe(401);
    const visitor = await product.visit();
    const text = `hello ${randomUUID()}`;
    await visitor.write(text);
    await expect
      .poll(visitor.history)
      .toContainEqual({ from: 'bot', kind: 'text', text: `You said: ${text}` });
    await visitor.write('I want a refund');
    // An earlier example may have left another one there: whether it did depends on the business hours of the guide.
    await expect
      .poll(async () => (await admin.call('GET', '/v1/queue-items?status=waiting')).body.items)
      .toContainEqual(expect.objectContaining({ sessionId: visitor.sessionId }));
  });

  it('says correctly that the secret stays when the URL changes', async () => {
    const [http] = jsonWith('bots', 'url');
    expect((await admin.call('PUT', '/v1/admin/apps/1/bot', http)).body.secret).toBeUndefined();
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
