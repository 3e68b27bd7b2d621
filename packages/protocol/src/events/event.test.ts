import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Case, Message, QueueItem, Session } from '../api/models.ts';
import { type ProblemCode, ProblemError, problems } from '../wire/errors.ts';
import { parseTopic, topics } from '../wire/topics.ts';
import { catalogue, definitionOf, eventNames, isEventName } from './catalogue.ts';
import { defineEvent, payloadFor } from './event.ts';

const secret = 'for your eyes only';
const at = '2026-01-01T12:00:00.000Z';
const owned = { appId: 3, sessionId: 5, customerId: 7, conversationKey: '3/web:vera', createdAt: at };
const message: Message = {
  ...owned,
  id: 11,
  caseId: null,
  channel: 'web',
  kind: 'text',
  isReply: false,
  agentType: 'bot',
  sender: { type: 'customer', id: 7, name: secret },
  content: { text: secret },
  deliveryStatus: 'received',
};
const openCase: Case = {
  ...owned,
  id: 13,
  agentType: 'live',
  status: 'open',
  priority: 'normal',
  subject: secret,
  assignedAgentId: null,
  disposition: null,
  dispositionFields: { order: secret },
  closedBy: null,
  closedAt: null,
};
const closedCase: Case = { ...openCase, status: 'closed', closedBy: 'agent', closedAt: at };
const survey = { id: 1, caseId: 13, sessionId: 5, status: 'sent' as const, expiresAt: at };
const queueItem: QueueItem = {
  ...owned,
  id: 17,
  caseId: 13,
  queue: 'support',
  status: 'waiting',
  reason: 'handover',
  skills: [],
  priority: 'normal',
  assignedAgentId: null,
};
const session: Session = {
  id: 5,
  appId: 3,
  customerId: 7,
  conversationKey: owned.conversationKey,
  channel: 'web',
  status: 'active',
  agentType: 'bot',
  path: 'bot',
  assignedAgentId: null,
  openCaseId: null,
  expiresAt: at,
  createdAt: at,
};

describe('the catalogue', () => {
  it('has the fifteen events of the specification under the names that integrations use', () => {
    const specified = [
      'MessageReadyEvent',
      'MessageReplyReadyEvent',
      'MessagePostbackEvent',
      'MessageQuickReplyEvent',
      'NewMessageReceivedEvent',
      'MessageDeliveryFailedEvent',
      'SessionCreatedEvent',
      'SessionPathChangedEvent',
      'MevrikCaseCreatedEvent',
      'MevrikCaseClosedEvent',
      'MevrikCSATStartEvent',
      'NewCustomerProfileCreated',
      'QueueItemCreatedEvent',
      'NewFacebookEventReceived',
      'SaveAgentRepliesSocialEvent',
    ];
    expect(specified).toHaveLength(15);
    expect(eventNames).toEqual(expect.arrayContaining(specified));
  });

  it('has each event under its own name', () => {
    for (const name of eventNames) expect(definitionOf(name).name).toBe(name);
  });

  it('recognizes its names only', () => {
    expect(isEventName('MessageReadyEvent')).toBe(true);
    for (const name of ['', 'messagereadyevent', 'toString', '__proto__'])
      expect(isEventName(name)).toBe(false);
  });

  it('rejects invalid data and unknown fields', () => {
    const { schema } = catalogue.MessageReadyEvent;
    expect(schema.safeParse({ message }).success).toBe(true);
    expect(schema.safeParse({ message: { ...message, id: 0 } }).success).toBe(false);
    expect(schema.safeParse({ message, extra: true }).success).toBe(false);
    expect(schema.safeParse({}).success).toBe(false);
  });
});

describe('an event', () => {
  it('belongs to its conversation, app and session', () => {
    const ofMessage = catalogue.MessageReadyEvent;
    const ofCase = catalogue.MevrikCaseCreatedEvent;
    const ofSession = catalogue.SessionCreatedEvent;
    const ofQueue = catalogue.QueueItemCreatedEvent;
    for (const [key, appId, sessionId] of [
      [ofMessage.key({ message }), ofMessage.appId({ message }), ofMessage.sessionId({ message })],
      [
        ofCase.key({ case: openCase }),
        ofCase.appId({ case: openCase }),
        ofCase.sessionId({ case: openCase }),
      ],
      [ofQueue.key({ queueItem }), ofQueue.appId({ queueItem }), ofQueue.sessionId({ queueItem })],
      [
        ofSession.key({ sessionUser: session }),
        ofSession.appId({ sessionUser: session }),
        ofSession.sessionId({ sessionUser: session }),
      ],
    ]) {
      expect([key, appId, sessionId]).toEqual([owned.conversationKey, 3, 5]);
    }
  });

  it('is dispatched only if its condition holds', () => {
    const reply = { ...message, isReply: true };
    expect(catalogue.MessageReadyEvent.when({ message })).toBe(true);
    expect(catalogue.MessageReadyEvent.when({ message: reply })).toBe(false);
    expect(catalogue.MessageReplyReadyEvent.when({ message })).toBe(false);
    expect(catalogue.MessageReplyReadyEvent.when({ message: reply })).toBe(true);
    expect(catalogue.MevrikCaseClosedEvent.when({ case: openCase })).toBe(false);
    expect(catalogue.MevrikCaseClosedEvent.when({ case: closedCase })).toBe(true);
    const moved = { sessionUser: session, oldPath: 'bot', newPath: 'live/queue:support' };
    expect(catalogue.SessionPathChangedEvent.when(moved)).toBe(true);
    expect(catalogue.SessionPathChangedEvent.when({ ...moved, newPath: 'bot' })).toBe(false);
  });

  it('is always dispatched without a condition, and not broadcast without a broadcast definition', () => {
    const plain = defineEvent({
      name: 'Plain',
      title: '',
      summary: '',
      trigger: '',
      schema: z.strictObject({}),
      key: () => 'k',
      appId: () => 1,
      sessionId: () => null,
    });
    expect(plain).toMatchObject({ version: 1, broadcast: null });
    expect(plain.when({})).toBe(true);
  });
});

describe('a broadcast', () => {
  const samples = {
    MessageReadyEvent: { message },
    MessageReplyReadyEvent: { message: { ...message, isReply: true } },
    MevrikCaseClosedEvent: { case: closedCase },
    MevrikCSATStartEvent: { case: closedCase, survey },
    QueueItemCreatedEvent: { queueItem },
  };

  it('has the name that clients of the specification bind to', () => {
    const names = eventNames.map((name) => [name, definitionOf(name).broadcast?.as]);
    expect(Object.fromEntries(names)).toMatchObject({
      MessageReadyEvent: 'message_post',
      MessageReplyReadyEvent: 'message_reply',
      MevrikCaseClosedEvent: 'case_closed',
      MevrikCSATStartEvent: 'case_start',
      QueueItemCreatedEvent: 'queue_created',
    });
  });

  it('to the public topic is one of the samples below', () => {
    const isPublic = (name: (typeof eventNames)[number]) =>
      definitionOf(name).broadcast?.topics.includes('messages');
    expect(Object.keys(samples)).toEqual(expect.arrayContaining(eventNames.filter(isPublic)));
  });

  it('goes to the kinds of topic that it declares', () => {
    for (const [name, data] of Object.entries(samples)) {
      const on = definitionOf(name as keyof typeof samples).broadcast?.on(data) ?? [];
      const kinds = definitionOf(name as keyof typeof samples).broadcast?.topics;
      expect([name, on.map((topic) => parseTopic(topic)?.kind)]).toEqual([name, kinds]);
      expect([name, new Set(on).size]).toEqual([name, on.length]);
    }
    expect(catalogue.MessageReadyEvent.broadcast?.on({ message })).toEqual([
      'messages',
      'session5',
      'agentbot',
    ]);
    expect(catalogue.QueueItemCreatedEvent.broadcast?.on({ queueItem })).toEqual(['queues', 'queues-app-3']);
  });

  it.each(Object.entries(samples))(
    'of %s shows the public neither the content nor the sender',
    (name, data) => {
      const { broadcast } = definitionOf(name as keyof typeof samples);
      if (!broadcast?.on(data).includes(topics.messages)) return;
      const payload = JSON.stringify(payloadFor(broadcast, data, topics.messages));
      expect(payload).not.toContain(secret);
      expect(payload).not.toMatch(/customer|conversationKey|sender|content|subject|survey/);
    },
  );

  // Disposition fields are for agents only.
  it('sends the session’s own subscribers everything a customer may read', () => {
    expect(catalogue.MessageReadyEvent.broadcast?.with({ message })).toEqual({ message });
    expect(catalogue.MevrikCSATStartEvent.broadcast?.with({ case: closedCase, survey })).toEqual({
      case: { ...closedCase, dispositionFields: {} },
      survey,
    });
  });
});

describe('a problem', () => {
  it('has the status of its table, and says whether to retry', () => {
    for (const code of Object.keys(problems) as ProblemCode[]) {
      const problem = new ProblemError(code, 'because');
      const { status, retryable } = problems[code];
      expect(problem).toMatchObject({ status, retryable, fields: [], detail: 'because' });
    }
  });
});
