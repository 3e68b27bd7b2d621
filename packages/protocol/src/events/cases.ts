import { z } from 'zod';
import { type Case, caseSchema, csatSurveySchema } from '../api/models.ts';
import { type Topic, topics } from '../wire/topics.ts';
import { defineEvent } from './event.ts';

const ofCase = {
  key: (data: { case: Case }) => data.case.conversationKey,
  appId: (data: { case: Case }) => data.case.appId,
  sessionId: (data: { case: Case }) => data.case.sessionId,
};

const caseTopics = {
  topics: ['messages', 'session', 'user', 'case', 'agent-type'],
  on: (data: { case: Case }): readonly Topic[] => [
    topics.messages,
    topics.session(data.case.sessionId),
    topics.user(data.case.customerId),
    topics.case(data.case.id),
    topics.agentType(data.case.agentType),
  ],
} as const;

/** The parts of a case that the public `messages` topic may show. */
export function redactCase({ id, appId, sessionId, status, createdAt, closedAt }: Case) {
  return { id, appId, sessionId, status, createdAt, closedAt };
}

/** Customers receive events of their case too, but the disposition fields are for agents only. */
function withoutDispositionFields(supportCase: Case): Case {
  return { ...supportCase, dispositionFields: {} };
}

/** A case was opened. */
export const MevrikCaseCreatedEvent = defineEvent({
  name: 'MevrikCaseCreatedEvent',
  title: 'Case opened',
  summary: 'A case was opened.',
  trigger: 'A customer needs an agent, and a case was stored for them.',
  schema: z.strictObject({ case: caseSchema }),
  ...ofCase,
});

/** A case was closed. */
export const MevrikCaseClosedEvent = defineEvent({
  name: 'MevrikCaseClosedEvent',
  title: 'Case closed',
  summary: 'A case was closed.',
  trigger: 'An agent closed the case with a disposition, or it timed out.',
  schema: z.strictObject({ case: caseSchema }),
  ...ofCase,
  when: (data) => data.case.status === 'closed',
  broadcast: {
    as: 'case_closed',
    ...caseTopics,
    with: (data) => ({ case: withoutDispositionFields(data.case) }),
    publicly: (data) => ({ case: redactCase(data.case) }),
  },
});

/** A customer satisfaction survey started. */
export const MevrikCSATStartEvent = defineEvent({
  name: 'MevrikCSATStartEvent',
  title: 'Survey sent',
  summary: 'A customer satisfaction survey started.',
  trigger: 'A case was closed and its customer is eligible for a survey.',
  schema: z.strictObject({ case: caseSchema, survey: csatSurveySchema }),
  ...ofCase,
  broadcast: {
    as: 'case_start',
    ...caseTopics,
    with: (data) => ({ case: withoutDispositionFields(data.case), survey: data.survey }),
    publicly: (data) => ({ case: redactCase(data.case) }),
  },
});
