import { botStateSchema, messageContentSchema } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BotInput, defaultFlow, greet, isHandoverRequest, parseFlow, respond } from './index.ts';

const vera = { name: 'Vera' };
const flow = parseFlow(defaultFlow);
const text = (said: string): BotInput => ({ kind: 'text', text: said });

/** Sends messages in order and returns the last turn. */
function converse(which: typeof flow, ...said: (string | BotInput)[]) {
  let turn = respond(which, null, { kind: 'text', text: '' }, vera);
  let state: typeof turn.state | null = null;
  for (const one of said) {
    turn = respond(which, state, typeof one === 'string' ? text(one) : one, vera);
    state = turn.state;
  }
  return turn;
}

describe('a request for an agent', () => {
  it.each([
    'I want to talk to a human',
    'AGENT, please!!!',
    'Ich möchte mit einem Mitarbeiter sprechen',
    'je voudrais un conseiller',
    'quiero hablar con una persona',
    'можно оператора? Живой человек',
    'أريد التحدث مع موظف',
    'আমি প্রতিনিধি চাই',
    '我要人工客服',
    '担当者と話したい',
    '상담원 연결해 주세요',
    'müşteri hizmetleri',
  ])('is recognised: %s', (said) => expect(isHandoverRequest(said)).toBe(true));

  it.each(['what is a reagent?', 'my agenda', 'the management', 'hello', '', '🙂', 'humanity'])(
    'is not recognised in: %s',
    (said) => expect(isHandoverRequest(said)).toBe(false),
  );

  it('includes the app’s own words', () => {
    expect(isHandoverRequest('get me the Boss!', ['the boss'])).toBe(true);
    expect(isHandoverRequest('embossed', ['boss'])).toBe(false);
  });

  it('is recognised inside a form', () => {
    const menu = { kind: 'postback', payload: 'message' } as const;
    expect(converse(flow, menu, 'no, a human please').handover).toMatchObject({ reason: expect.any(String) });
  });
});

describe('the built-in bot', () => {
  it('greets by name, and leaves no gap without one', () => {
    const greeting = parseFlow('greeting: ["Hi {{customer.name}}!"]');
    expect(greet(greeting, vera)).toEqual([{ text: 'Hi Vera!' }]);
    expect(greet(greeting, { name: null })).toEqual([{ text: 'Hi!' }]);
  });

  it('hands over when it did not understand twice in a row', () => {
    expect(converse(flow, 'qwertz').handover).toBeNull();
    expect(converse(flow, 'qwertz', 'uiop').handover).not.toBeNull();
    expect(converse(flow, 'qwertz', 'hello', 'uiop').handover).toBeNull();
  });

  it('asks a form’s questions, stores the answers, and hands over after three invalid ones', () => {
    const menu = { kind: 'postback', payload: 'message' } as const;
    const done = converse(flow, menu, 'vera@example.com', 'Do you ship to Norway?');
    expect(done.attributes).toEqual({ email: 'vera@example.com', question: 'Do you ship to Norway?' });
    expect(done.handover).not.toBeNull();
    expect(converse(flow, menu, 'one', 'two').replies[0]?.text).toContain('doesn’t look like');
    expect(converse(flow, menu, 'one', 'two', 'three').handover).not.toBeNull();
  });

  it.each([
    ['number', 'about 7', '7,5', 7.5],
    ['email', 'vera@', ' vera@example.com ', 'vera@example.com'],
    ['phone', 'call me', '+49 (30) 123-456', '+49 (30) 123-456'],
    ['choice', 'green', 'RED', 'red'],
    ['text', '   ', 'anything', 'anything'],
  ])('validates an answer of type %s', (type, wrong, right, kept) => {
    const choices = type === 'choice' ? ', choices: [red, blue]' : '';
    const form = parseFlow(`
intents: [{ name: go, keywords: [go], goto: form.f }]
forms: { f: { fields: [{ name: x, type: ${type}, ask: What?${choices} }], done: { replies: [Thanks] } } }`);
    expect(converse(form, 'go', wrong).attributes).toEqual({});
    expect(converse(form, 'go', wrong, right)).toMatchObject({
      attributes: { x: kept },
      replies: [{ text: 'Thanks' }],
    });
  });
});

describe('the choices under a form’s question', () => {
  const form = parseFlow(`
intents: [{ name: go, keywords: [go], goto: form.f }]
menus: { m: { text: What?, choices: [{ title: Sales, payload: Sales, replies: [From the menu] }] } }
forms:
  f:
    fields: [{ name: team, type: choice, ask: Which team?, choices: [Sales, Human resources] }]
    done: { replies: ["{{answers.team}} it is"] }`);
  const press = (title: string): BotInput => ({ kind: 'quick_reply', text: title, payload: title });

  it('are answers, whatever else they match', () => {
    for (const team of ['Sales', 'Human resources']) {
      const turn = converse(form, 'go', press(team));
      expect(turn).toMatchObject({ replies: [{ text: `${team} it is` }], handover: null });
    }
  });

  it('match elsewhere again once the question is answered', () => {
    expect(converse(form, press('Sales')).replies).toEqual([{ text: 'From the menu' }]);
    expect(converse(form, press('Human resources')).handover).not.toBeNull();
    expect(converse(form, 'go', 'a human please').handover).not.toBeNull();
  });
});

describe('a flow', () => {
  it.each([
    ['leads nowhere', 'intents: [{ name: a, keywords: [a], goto: menu.none }]', 'flow.intents.0'],
    ['has an invalid pattern', 'intents: [{ name: a, patterns: ["("] }]', 'flow.intents.0.patterns'],
    [
      'has two intents of a name',
      'intents: [{ name: a, keywords: [a] }, { name: a, keywords: [b] }]',
      'flow.intents.1.name',
    ],
    ['has a field that we do not know', 'greetings: [hello]', 'flow'],
    ['says nothing where it should say something', 'greeting: [{}]', 'flow.greeting.0'],
    [
      'offers a press under no text',
      'greeting: [{ quickReplies: [{ title: a, payload: a }] }]',
      'flow.greeting.0',
    ],
    [
      'uses a payload twice',
      'menus: { m: { text: What?, choices: [{ title: a, payload: x }, { title: b, payload: x }] } }',
      'flow.menus.m.choices.1.payload',
    ],
    [
      'asks for a choice without choices',
      'forms: { f: { fields: [{ name: x, type: choice, ask: What? }], done: {} } }',
      'flow.forms.f',
    ],
  ])('is rejected where it %s', (_name, yaml, path) => {
    expect(() => parseFlow(yaml)).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        fields: expect.arrayContaining([expect.objectContaining({ path: expect.stringContaining(path) })]),
      }),
    );
  });

  it('that is an alias bomb is rejected', () => {
    const bomb = Array.from({ length: 9 }, (_, level) => {
      const inner = level === 0 ? '["x"]' : `[${`*a${level - 1},`.repeat(9)}]`;
      return `a${level}: &a${level} ${inner}`;
    });
    expect(() => parseFlow(bomb.join('\n'))).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('is parsed, or rejected as invalid, for any input', () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.json({ maxDepth: 4 }),
      fc
        .array(
          fc.constantFrom(
            'intents:',
            '- name: a',
            '  goto: form.x',
            '&a',
            '*a',
            '{',
            ']',
            '"',
            '\t',
            '\n',
            '|',
          ),
        )
        .map((parts) => parts.join('\n')),
    );
    fc.assert(
      fc.property(anything, (yaml) => {
        try {
          parseFlow(yaml);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_input' });
        }
      }),
    );
  });

  it('reports every error at once', () => {
    const invalid = `
intents: [{ name: a, goto: menu.none }, { name: b, patterns: ['('] }, { name: b }]
fallback: { goto: form.none }`;
    try {
      parseFlow(invalid);
      expect.unreachable();
    } catch (error) {
      const { fields } = error as { fields: { path: string }[] };
      expect(fields.map(({ path }) => path).sort()).toEqual([
        'flow.fallback.goto',
        'flow.intents.0.goto',
        'flow.intents.1.patterns.0',
        'flow.intents.2.name',
      ]);
    }
  });

  it.each([
    ['as deep as it is long', '['.repeat(20_000)],
    ['that repeats itself', 'a: &a [*a]'],
    ['longer than any', `# ${'x'.repeat(300_000)}`],
    [
      'of repetitions within repetitions',
      `intents: [{ name: a, patterns: ["${'('.repeat(5)}a${'{30})'.repeat(5)}"] }]`,
    ],
    ['with a text that cannot be stored', 'greeting: ["a\\0b"]'],
    ['of two documents', 'greeting: [a]\n---\ngreeting: [b]'],
    ['with a key twice', 'greeting: [a]\ngreeting: [b]'],
  ])('is rejected quickly when it is one %s', (_name, yaml) => {
    expect(() => parseFlow(yaml)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('can have patterns that backtrack forever in other engines', () => {
    const evil = parseFlow('intents: [{ name: a, patterns: ["^(a+)+$"], replies: [found] }]');
    expect(converse(evil, `${'a'.repeat(9_000)}!`).replies[0]?.text).not.toBe('found');
  });
});

describe('for any input', () => {
  const input = fc.record({
    kind: fc.constantFrom('text', 'postback', 'quick_reply', 'attachment', 'video_call_request'),
    text: fc.option(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('hello', 'menu', 'vera@example.com', 'person', '{{answers.email}}'),
      ),
      { nil: undefined },
    ),
    payload: fc.option(fc.constantFrom('hours', 'message', 'person', '__proto__', 'constructor', ''), {
      nil: undefined,
    }),
  });

  it('the bot sends a few valid messages and keeps a storable state', () => {
    fc.assert(
      fc.property(
        fc.array(input, { maxLength: 12 }),
        fc.option(fc.string(), { nil: null }),
        (inputs, name) => {
          let state = null;
          for (const one of inputs) {
            const turn = respond(flow, state, one as BotInput, { name });
            expect(turn.replies.length).toBeLessThanOrEqual(10);
            for (const reply of turn.replies) messageContentSchema.parse(reply);
            expect(turn.replies.length > 0 || turn.handover !== null).toBe(true);
            state = botStateSchema.parse(turn.state);
          }
        },
      ),
    );
  });

  it('the bot answers in every storable state, also one of an older flow', () => {
    const name = fc.constantFrom('message', 'gone', 'constructor', '__proto__', 'toString');
    const anyState = fc.record({
      form: fc.option(
        fc.record({ name, field: fc.integer({ min: 0, max: 20 }), tries: fc.integer({ min: 0, max: 100 }) }),
      ),
      answers: fc.dictionary(fc.string({ maxLength: 64 }), fc.oneof(fc.string(), fc.integer())),
      misunderstandings: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(anyState, input, (state, one) => {
        const turn = respond(flow, botStateSchema.parse(state), one as BotInput, vera);
        for (const reply of turn.replies) messageContentSchema.parse(reply);
        expect(turn.replies.length > 0 || turn.handover !== null).toBe(true);
      }),
    );
  });

  it('the same state and input give the same turn', () => {
    fc.assert(
      fc.property(input, (one) => {
        expect(respond(flow, null, one as BotInput, vera)).toEqual(
          respond(flow, null, one as BotInput, vera),
        );
      }),
    );
  });
});
