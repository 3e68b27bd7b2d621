import { z } from 'zod';
import { type Case, caseSchema, csatSurveySchema } from '../api/models.ts';
import { type Topic, topics } from '../wire/topics.ts';
import { defineEvent } from './event.ts';

const ofCase = {
  key: (data: { case: Case }) => data.case.conversationKey,
  appId: (data: { case: Case }) => data.case.appId,
  sessionId: (data: { case: Case }) => data.case.sessionId,
};

const onCaseTopics = (data: { case: Case }): readonly Topic[] => [
  topics.messages,
  topics.session(data.case.sessionId),
  topics.agentType(data.case.agentType),
];

/** What the public `messages` topic may show of a case. */
export function redactCase({ id, appId, sessionId, status, createdAt, closedAt }: Case) {
  return { id, appId, sessionId, status, createdAt, closedAt };
}

/** Customers hear of their case too: what agents said of it as they closed it is for the desk alone, by the API. */
function withoutRemarks(found: Case): Case {
  return { ...found, dispositionFields: {} };
}

export const MevrikCaseCreatedEvent = defineEvent({
  name: 'MevrikCaseCreatedEvent',
  summary: 'A support case was opened.',
  trigger: 'A customer needs a person, and a case was stored for them.',
  schema: z.strictObject({ case: caseSchema }),
  ...ofCase,
});

export const MevrikCaseClosedEvent = defineEvent({
  name: 'MevrikCaseClosedEvent',
  summary: 'A support case was closed.',
  trigger: 'An agent closed the case with a disposition, or it timed out.',
  schema: z.strictObject({ case: caseSchema }),
  ...ofCase,
  when: (data) => data.case.status === 'closed',
  broadcast: {
    as: 'case_closed',
    on: onCaseTopics,
    with: (data) => ({ case: withoutRemarks(data.case) }),
    publicly: (data) => ({ case: redactCase(data.case) }),
  },
});

export const MevrikCSATStartEvent = defineEvent({
  name: 'MevrikCSATStartEvent',
  summary: 'A customer satisfaction survey began.',
  trigger: 'A case was closed and its customer is eligible for a survey.',
  schema: z.strictObject({ case: caseSchema, survey: csatSurveySchema }),
  ...ofCase,
  broadcast: {
    as: 'case_start',
    on: onCaseTopics,
    with: (data) => ({ case: withoutRemarks(data.case), survey: data.survey }),
    publicly: (data) => ({ case: redactCase(data.case) }),
  },
});
