import { describe, expect, it } from 'vitest';
import { type BotFlow, type BotInput, type BotTurn, defaultFlow, parseFlow, respond } from './index.ts';

const vera = { name: 'Vera' };

/** The turns of a customer who repeats a message. */
function repeat(flow: BotFlow, text: string, times: number): BotTurn[] {
  const turns: BotTurn[] = [];
  for (let count = 0; count < times; count++) {
    turns.push(respond(flow, turns.at(-1)?.state ?? null, { kind: 'text', text }, vera));
  }
  return turns;
}

describe('a customer whom the bot does not understand', () => {
  it.each([1, 2, 3, 10])('is handed over at the %ith time in a row', (after) => {
    const flow = parseFlow(`fallback: { replies: [Pardon?], after: ${after}, handover: { queue: desk } }`);
    const turns = repeat(flow, 'qwertz', after);
    expect(turns.slice(0, -1).map(({ handover }) => handover)).toEqual(Array(after - 1).fill(null));
    expect(turns.at(-1)).toMatchObject({
      handover: { queue: 'desk', reason: expect.stringContaining('not understand') },
      state: { misunderstandings: 0 },
    });
  });

  it('is shown a menu instead where the flow says so', () => {
    const flow = parseFlow(`
menus: { m: { text: Choose one, choices: [{ title: A }, { title: B, payload: b }] } }
fallback: { after: 2, goto: menu.m }`);
    const shown = repeat(flow, 'qwertz', 2).at(-1);
    expect(shown).toMatchObject({ handover: null, replies: [{ text: 'Choose one' }] });
    expect(shown?.replies[0]?.quickReplies?.map(({ payload }) => payload)).toEqual(['menu.m.1', 'b']);
  });
});

describe('a file without text', () => {
  const file: BotInput = { kind: 'attachment' };
  const shipped = parseFlow(defaultFlow);
  /** The turns of a customer for a list of inputs. */
  function turnsOf(flow: BotFlow, ...inputs: readonly (string | BotInput)[]): BotTurn[] {
    const turns: BotTurn[] = [];
    for (const one of inputs) {
      const input = typeof one === 'string' ? { kind: 'text' as const, text: one } : one;
      turns.push(respond(flow, turns.at(-1)?.state ?? null, input, vera));
    }
    return turns;
  }
  const textsOf = (turns: readonly BotTurn[]) => turns.map(({ replies }) => replies.map(({ text }) => text));

  it('is acknowledged, and the bot asks once what it is about; it is not a misunderstanding', () => {
    const turns = turnsOf(shipped, file, file, file, 'opening hours', { kind: 'attachment', text: ' ' });
    expect(turns.map(({ handover }) => handover)).toEqual([null, null, null, null, null]);
    const [thanks, question] = [
      'Thanks, we’ve received your file.',
      'Could you tell me briefly what it’s about?',
    ];
    expect(textsOf(turns)).toEqual([
      [thanks, question],
      [thanks],
      [thanks],
      [expect.stringContaining('Monday')],
      [thanks, question],
    ]);
  });

  it('does not change the count of misunderstandings', () => {
    const turns = turnsOf(shipped, 'qwertz', file, 'uiop');
    expect(turns.map(({ state }) => state.misunderstandings)).toEqual([1, 1, 0]);
    expect(turns.at(-1)?.handover).not.toBeNull();
  });

  it('is handled by its text where it has some', () => {
    const said = (text: string): BotInput => ({ kind: 'attachment', text });
    expect(turnsOf(shipped, said('a human please')).at(-1)?.handover).not.toBeNull();
    expect(turnsOf(shipped, said('qwertz'), said('uiop')).at(-1)?.handover).not.toBeNull();
  });

  it('is not an invalid answer to a form: the question is repeated', () => {
    const press: BotInput = { kind: 'postback', payload: 'message' };
    const turns = turnsOf(shipped, press, file, file, file, 'vera@example.com');
    const asked = ['Thanks, we’ve received your file.', 'What is your email address?'];
    expect(textsOf(turns).slice(1)).toEqual([asked, asked, asked, ['What is your question?']]);
  });

  it('does what the flow says', () => {
    const flow = parseFlow(`
files: { message: "Got it, {{customer.name}}.", replies: [], handover: { queue: claims } }
menus: { m: { text: Choose one, choices: [{ title: A }] } }`);
    expect(turnsOf(flow, file)[0]).toMatchObject({
      replies: [{ text: 'Got it, Vera.' }, { text: 'I’m connecting you with our team.' }],
      handover: { queue: 'claims', reason: 'The customer sent a file.' },
    });
    const asking = parseFlow(`
files: { goto: menu.m }
menus: { m: { text: Choose one, choices: [{ title: A }] } }`);
    expect(textsOf(turnsOf(asking, file))).toEqual([['Thanks, we’ve received your file.', 'Choose one']]);
    expect(() => parseFlow('files: { goto: menu.none }')).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ path: 'flow.files.goto' })] }),
    );
  });
});

describe('a handover', () => {
  const flow = parseFlow(`
intents:
  - { name: refund, keywords: [refund], replies: ['1', '2', '3', '4', '5'], goto: menu.m, handover: { queue: billing } }
menus: { m: { text: Never shown, choices: [{ title: A }] } }
handover: { message: "One moment, {{customer.name}}.", queue: desk, priority: high, skills: [english] }`);
  const handOver = (text: string) => respond(flow, null, { kind: 'text', text }, vera);

  it('is announced last', () => {
    const said = handOver('I want a refund').replies.map(({ text }) => text);
    expect(said).toEqual(['1', '2', '3', '4', '5', 'One moment, Vera.']);
  });

  it('uses the defaults, except for what its step sets', () => {
    expect(handOver('a human please').handover).toMatchObject({ queue: 'desk', priority: 'high' });
    expect(handOver('refund').handover).toMatchObject({
      queue: 'billing',
      priority: 'high',
      skills: ['english'],
    });
  });

  it('ends an open form', () => {
    const form = { name: 'f', field: 0, tries: 0 };
    const state = { form, answers: { x: 1 }, misunderstandings: 1 };
    const turn = respond(flow, state, { kind: 'text', text: 'a human please' }, vera);
    expect(turn.state).toEqual({ form: null, answers: { x: 1 }, misunderstandings: 0 });
  });
});

describe('an intent', () => {
  const flow = parseFlow(`
intents:
  - { name: first, keywords: [order], replies: [First] }
  - { name: second, keywords: [order, parcel], patterns: ['order \\d+', '^track'], replies: [Second] }`);
  const reply = (text: string) => respond(flow, null, { kind: 'text', text }, vera).replies[0]?.text;

  it('is the first match, by keyword or by pattern, ignoring case', () => {
    expect(reply('my order 17')).toBe('First');
    expect(reply('my PARCEL?')).toBe('Second');
    expect(reply('TRACK it')).toBe('Second');
    expect(reply('orderly')).not.toBe('First');
  });
});
