import type { DiagnosisLink, DiagnosisStep, QueueReason, Verdict } from '@mevrik/protocol';
import { describe, expect, it } from 'vitest';
import { linkLabel, verdictWords } from './diagnosis-words.ts';
import { stepWords } from './step-words.ts';
import { listNames, spokenDuration } from './words.ts';

const kim = { type: 'agent', name: 'Kim' } as const;
const waiting = { queue: 'support', seconds: 200, position: 2 };
const words = (code: Verdict['code'], facts: object) =>
  verdictWords({ code, tone: 'plain', facts, links: [] } as unknown as Verdict);
const queued = (reason: QueueReason, more: object = {}) =>
  words(reason.code, { waiting, reason, byBot: false, failedBot: null, ...more });
const step = (code: DiagnosisStep['code'], facts: object) =>
  stepWords({ code, tone: 'plain', at: null, facts, link: null } as unknown as DiagnosisStep);

describe('a duration', () => {
  it.each([
    [0, 'less than a minute'],
    [60, '1 minute'],
    [7_199, '119 minutes'],
    [7_200, '2 hours'],
    [200_000, '2 days'],
  ])('of %d seconds reads %s', (seconds, text) => expect(spokenDuration(seconds)).toBe(text));
});

describe('a list of names', () => {
  it.each([
    [['Kim'], 'Kim'],
    [['Kim', 'Noor'], 'Kim and Noor'],
    [['Kim', 'Noor', 'Ada'], 'Kim, Noor and 1 other'],
    [['Kim', 'Noor', 'Ada', 'Vera'], 'Kim, Noor and 2 others'],
  ])('of %j reads %s', (names, text) => expect(listNames(names)).toBe(text));
});

describe('a verdict', () => {
  it.each<[Verdict['code'], object, string, string | null]>([
    ['answered', { agent: 'Kim', seconds: 30 }, 'Answered by Kim after less than a minute.', null],
    ['answered_by_bot', { bot: 'http', app: 'Shop', channel: 'web' }, 'Answered by Shop’s bot on web.', null],
    ['survey_answered', { score: 4 }, 'This was the answer to a survey: 4 out of 5.', null],
    [
      'agent_silent',
      { agent: 'Kim', seconds: 3_700, availability: 'away' },
      'Assigned to Kim for 61 minutes without a reply. Kim is away now.',
      'Transfer it to an agent who is online.',
    ],
    [
      'closed_unanswered',
      { closedBy: 'agent', agent: 'Kim', disposition: 'spam' },
      'The case was closed by Kim as “spam” before this message was answered.',
      'If it still matters, write to the customer, or wait for their next message.',
    ],
    [
      'listener_dead',
      { listener: 'Answer', error: 'poisoned.' },
      'The listener that answers messages (Answer) failed and is out of retries: poisoned.',
      'Fix the cause, then retry or discard the event under Dead letters.',
    ],
    [
      'listener_discarded',
      { listener: 'Answer', discardedBy: 'Ada', seconds: 5, error: 'poisoned' },
      'Ada discarded this message for Answer less than a minute ago. It had failed: poisoned.',
      'If it should still be answered, replay its event.',
    ],
    [
      'reply_window_closed',
      { author: null, channel: 'page', hours: 24, error: null },
      'The reply window on page closed without a reply. It stays open for 24 hours after the customer’s last message.',
      'Nothing can be sent until the customer writes again. Contact them by phone or email.',
    ],
    [
      'reply_window_closed',
      { author: kim, channel: 'page', hours: null, error: 'Outside the window.' },
      'Kim’s reply on page came too late: Outside the window.',
      'Nothing can be sent until the customer writes again. Contact them by phone or email.',
    ],
    [
      'channel_down',
      { author: kim, channel: 'page', error: null },
      'Kim’s reply is waiting because page is down: no reason was recorded.',
      'Fix the channel’s settings; an expired token is the most likely cause. Waiting replies are sent automatically once the channel is up.',
    ],
    [
      'delivered',
      { author: { type: 'bot', name: null }, channel: 'page', state: 'read' },
      'The bot’s reply was read by the customer.',
      null,
    ],
  ])('%s says why and what to do', (code, facts, sentence, advice) => {
    expect(words(code, facts)).toEqual({ sentence, advice });
  });

  it('of a waiting conversation names the queue, the time, the position and the reason', () => {
    expect(queued({ code: 'queue_no_agent_online', app: 'Shop', hasAgents: true, away: ['Kim'] })).toEqual({
      sentence: 'In queue “support” for 3 minutes, at position 2: no agent is online, and Kim is away.',
      advice: 'Ask an agent to go online at the desk.',
    });
    const reason = { code: 'queue_no_agent_online' as const, app: 'Shop', hasAgents: false, away: [] };
    expect(queued(reason, { byBot: true }).sentence).toBe(
      'The bot handed over to an agent. In queue “support” for 3 minutes, at position 2: no agents work for Shop.',
    );
  });

  it('of a closed app says when it opens, in the app’s time zone', () => {
    const opensAt = '2026-03-02T03:00:00.000Z';
    const { sentence } = queued({ code: 'queue_closed', app: 'Shop', opensAt, timeZone: 'Asia/Dhaka' });
    expect(sentence).toMatch(/Shop is closed until Monday, March 2.*9:00/);
  });

  it('of a missing skill names the skill, and the agents who have it', () => {
    const reason = { app: 'Shop', skills: ['billing'], online: ['Kim'], skilled: ['Noor'] };
    const { sentence, advice } = queued({ code: 'queue_no_skill', ...reason });
    expect(sentence).toContain(
      'it requires the skill “billing”, which Kim, the only agent online, does not have.',
    );
    expect(advice).toBe('Ask Noor to go online, or give the skill to an agent who is online.');
  });

  it('of a bot that failed gives the advice for both', () => {
    const reason = {
      code: 'queue_no_capacity',
      agents: [{ name: 'Kim', assigned: 1, capacity: 1 }],
    } as const;
    const { sentence, advice } = words('bot_failed', { waiting, reason, byBot: false, failedBot: 'Shop' });
    expect(sentence).toMatch(/^Shop’s bot failed to answer\. In queue “support”.*Kim \(1 of 1\)\.$/);
    expect(advice).toMatch(/^Check the bot’s URL and its logs\. Meanwhile: Close finished conversations/);
  });
});

describe('a step', () => {
  it.each<[DiagnosisStep['code'], object, string, string | null]>([
    ['provider_received', { provider: 'facebook' }, 'Received from facebook', null],
    [
      'message_written',
      {
        author: { type: 'customer', name: null, id: 7 },
        channel: 'web',
        isReply: false,
        messageId: 3,
        sessionId: 2,
      },
      'Customer 7 wrote on web',
      'Message 3 in session 2.',
    ],
    [
      'listener_done',
      { listener: 'Answer', durationMs: 0.4, attempt: 2 },
      'Answer handled the event',
      'In less than 1 ms, at attempt 2.',
    ],
    ['assigned', { agent: 'Kim', seconds: 120 }, 'Assigned to Kim', 'After 2 minutes in the queue.'],
    ['first_reply_due', { isOverdue: true, seconds: 1_680 }, 'First reply is 28 minutes overdue', null],
    [
      'delivery_attempt',
      { author: kim, channel: 'page', outcome: 'permanent', error: 'No such person' },
      'Kim’s reply was rejected by the provider (page)',
      'No such person',
    ],
  ])('%s says what happened', (code, facts, title, detail) => {
    expect(step(code, facts)).toEqual({ title, detail });
  });
});

describe('a link', () => {
  it.each<[DiagnosisLink, string]>([
    [{ to: 'message', id: '17' }, 'Message 17'],
    [{ to: 'routing_rules', id: null }, 'Routing rules'],
  ])('%j has a label', (link, label) => expect(linkLabel(link)).toBe(label));
});
