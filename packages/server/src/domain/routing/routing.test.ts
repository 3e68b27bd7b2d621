import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules, type RoutingFacts, route, shippedRules } from './index.ts';

const facts: RoutingFacts = {
  app: { id: 1, name: 'Shop' },
  channel: { name: 'web', kind: 'web' },
  message: { kind: 'text', text: 'hello', payload: '' },
  session: { agentType: 'bot', path: 'bot' },
  customer: { verified: false, locale: '', attributes: {} },
};
const rule = (when: string, name = 'rule') => ({ name, when, action: 'queue' as const });

describe('the default rules', () => {
  const rules = compileRules(shippedRules);

  it.each([
    ['Bioscope queues every message', { channel: { name: 'bioscope', kind: 'web' } }, 'queue'],
    [
      'Sign Line opens a case for a video call',
      { message: { ...facts.message, kind: 'video_call_request' } },
      'ticket',
    ],
    ['Prelab, app 13, transfers at once', { app: { id: 13, name: 'Prelab' } }, 'transfer'],
    ['everyone else talks to the bot', {}, 'bot'],
  ])('%s', (_name, change, action) => {
    expect(route(rules, { ...facts, ...change })).toMatchObject({ action, failed: [] });
  });
});

describe('a list of rules', () => {
  it('is evaluated from top to bottom', () => {
    const rules = compileRules([rule('false', 'never'), rule('true', 'first'), rule('true', 'second')]);
    expect(route(rules, facts).rule).toBe('first');
  });

  it('leaves the message to the bot without a match', () => {
    expect(route(compileRules([rule('false')]), facts)).toMatchObject({ action: 'bot', rule: 'standard' });
  });

  it('skips a rule that fails to evaluate, and names it', () => {
    const rules = compileRules([rule('customer.attributes.tier == "gold"', 'gold'), rule('true', 'next')]);
    expect(route(rules, facts)).toMatchObject({ rule: 'next', failed: ['gold'] });
  });

  it.each([
    ['is no expression', 'message.text.contains('],
    ['knows no such variable', 'weather.sunny'],
    ['knows no such field', 'message.colour == "red"'],
    ['is neither true nor false', 'message.text'],
    ['compares what cannot be compared', 'app.id == "13"'],
    ['has an invalid pattern', 'message.text.matches("(")'],
    ['looks for a pattern in a number', 'app.id.matches("13")'],
    ['looks for a number', 'message.text.matches(13)'],
  ])('is rejected, naming the rule, where one %s', (_name, when) => {
    expect(() => compileRules([rule('true'), rule(when)])).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        fields: [expect.objectContaining({ path: 'rules.1.when' })],
      }),
    );
  });
});

describe('a pattern in a condition', () => {
  const matches = (when: string, text: string) =>
    route(compileRules([rule(when)]), {
      ...facts,
      message: { ...facts.message, text },
      customer: { ...facts.customer, attributes: { tier: 'gold', orders: 7 } },
    });

  it('matches anywhere in the text, unless it is anchored', () => {
    expect(matches('message.text.matches("invoice")', 'my invoice, please').action).toBe('queue');
    expect(matches('message.text.matches("^invoice")', 'my invoice, please').action).toBe('bot');
    expect(matches('message.text.matches("(?i)INVOICE$")', 'my invoice').action).toBe('queue');
  });

  it('can be matched against an attribute, and come from one', () => {
    expect(matches('customer.attributes.tier.matches("^g")', '').action).toBe('queue');
    expect(matches('message.text.matches(customer.attributes.tier)', 'golden').action).toBe('queue');
    expect(matches('customer.attributes.orders.matches("7")', '').failed).toEqual(['rule']);
    expect(matches('message.text.matches(message.text)', '(').failed).toEqual(['rule']);
  });

  it('works anywhere in an expression', () => {
    expect(matches('["a", "b"].exists(one, message.text.matches(one)) && true', 'cab').action).toBe('queue');
    expect(matches('!message.text.matches("a")', 'b').action).toBe('queue');
  });

  it('that backtracks forever in other engines runs in linear time', () => {
    const long = `${'a'.repeat(9_999)}!`;
    expect(matches('message.text.matches("^(a+)+$")', long)).toMatchObject({ action: 'bot', failed: [] });
    expect(matches('message.text.matches("(a|aa)+$")', long)).toMatchObject({ action: 'bot', failed: [] });
  });
});

describe('for any message', () => {
  const anyFacts = fc.record({
    app: fc.record({ id: fc.integer({ min: 1, max: 2_147_483_647 }), name: fc.string({ unit: 'binary' }) }),
    channel: fc.record({ name: fc.string(), kind: fc.string() }),
    message: fc.record({ kind: fc.string(), text: fc.string({ unit: 'binary' }), payload: fc.string() }),
    session: fc.record({ agentType: fc.constantFrom('bot', 'live'), path: fc.string() }),
    customer: fc.record({
      verified: fc.boolean(),
      locale: fc.string(),
      attributes: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.boolean())),
    }),
  });
  const rules = compileRules([
    rule('customer.attributes.tier == "gold"', 'gold'),
    rule('message.text.matches("^(a+)+$")', 'pattern'),
    rule('int(message.payload) > 3', 'number'),
    ...shippedRules,
  ]);

  it('routing gives one decision and never throws', () => {
    fc.assert(
      fc.property(anyFacts, (one) => {
        const decision = route(rules, one);
        expect(['bot', 'queue', 'ticket', 'transfer']).toContain(decision.action);
      }),
    );
  });

  it('any condition is either rejected or a rule', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (when) => {
        try {
          route(compileRules([rule(when)]), facts);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_input' });
        }
      }),
    );
  });
});
