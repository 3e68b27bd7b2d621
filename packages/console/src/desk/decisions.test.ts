import { describe, expect, it } from 'vitest';
import type { ConversationRow } from '../shared/sdk.ts';
import { fillPlaceholders, findPlaceholder, type PlaceholderValues } from './composer/placeholders.ts';
import { privateReplyBlocker, replyWindowState } from './composer/reply-window.ts';
import { slaOf } from './list/sla.ts';

const minute = 60_000;
const hour = 60 * minute;
const opened = Date.parse('2026-01-01T12:00:00Z');
const at = (ms: number) => new Date(opened + ms).toISOString();

describe('a first answer', () => {
  const row = (firstReplyDueAt: string | null, firstReplyAt: string | null = null) =>
    ({ case: { id: 1, createdAt: at(0), firstReplyDueAt, firstReplyAt } }) as ConversationRow;

  it.each([
    ['has time', 0, { state: 'running', ms: 30 * minute }],
    ['is due soon in the last fifth of its time', 25 * minute, { state: 'soon', ms: 5 * minute }],
    ['is due on the very moment', 30 * minute, { state: 'soon', ms: 0 }],
    ['is overdue after it', 30 * minute + 1, { state: 'overdue', ms: 1 }],
  ])('%s', (_what, now, expected) => {
    expect(slaOf(row(at(30 * minute)), opened + now)).toEqual(expected);
  });

  it('is due at no time where the app wants none, or where it was given', () => {
    expect(slaOf(row(null), opened)).toBeUndefined();
    expect(slaOf(row(at(minute), at(0)), opened + hour)).toBeUndefined();
    expect(slaOf({ case: null }, opened)).toBeUndefined();
  });
});

describe('a canned reply', () => {
  const facts: PlaceholderValues = {
    'customer.name': 'Vera',
    'customer.email': null,
    'customer.phone': '',
    'agent.name': 'Kim',
    'app.name': 'Acme',
    'case.id': '7',
    attributes: { plan: 'gold', orders: 0 },
  };

  it.each([
    ['Hello {{customer.name}}, this is {{agent.name}}.', 'Hello Vera, this is Kim.'],
    ['{{ customer.name }} has #{{case.id}}', 'Vera has #7'],
    ['You are {{customer.attributes.plan}} with {{customer.attributes.orders}}', 'You are gold with 0'],
    ['Is {{customer.email|your address}} right?', 'Is your address right?'],
    ['Dear {{customer.phone|}}!', 'Dear !'],
    ['Call {{customer.phone}}', 'Call {{customer.phone}}'],
    ['{{customer.attributes.size}}', '{{customer.attributes.size}}'],
    ['{{toString}} {{__proto__}}', '{{toString}} {{__proto__}}'],
    ['No braces {at} all', 'No braces {at} all'],
  ])('says %j as %j', (text, said) => {
    expect(fillPlaceholders(text, facts)).toBe(said);
  });

  it('finds a placeholder that is still unfilled', () => {
    expect(findPlaceholder('Call {{customer.phone}} now')).toEqual({ text: '{{customer.phone}}', at: 5 });
    expect(findPlaceholder('Call me')).toBeUndefined();
  });
});

describe('a reply', () => {
  const window = { closesAt: at(24 * hour), closesForAgentsAt: at(24 * hour) };
  it.each([
    ['can be given', 0, 'open'],
    ['should be given soon', 23 * hour, 'soon'],
    ['comes too late', 24 * hour, 'closed'],
  ])('%s', (_what, now, state) => {
    expect(replyWindowState({ replyWindow: window }, opened + now)?.state).toBe(state);
  });

  it('can be given at any time where the channel has no window', () => {
    expect(replyWindowState({ replyWindow: null }, opened)).toBeUndefined();
  });

  it('to a comment is private once, and for some time', () => {
    const comment = (privateReply: object | null) => ({ comment: { privateReply } }) as ConversationRow;
    const closesAt = at(hour);
    expect(privateReplyBlocker(comment({ isUsed: false, closesAt }), opened)).toBeUndefined();
    expect(privateReplyBlocker(comment({ isUsed: true, closesAt }), opened)).toContain('once');
    expect(privateReplyBlocker(comment({ isUsed: false, closesAt }), opened + hour)).toContain('too old');
    expect(privateReplyBlocker(comment(null), opened)).toContain('no comment');
  });
});
