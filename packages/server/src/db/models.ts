import type { Case, CsatSurvey, Customer, Message, QueueItem, Session } from '@mevrik/protocol';
import type { cases, csatSurveys, customers, messages, queueItems, sessions } from './schema.ts';

/** A stored message as events, the API and clients see it. */
export function toMessage(row: typeof messages.$inferSelect): Message {
  const { id, appId, sessionId, customerId, caseId, conversationKey, channel, kind, isReply } = row;
  const { agentType, content, deliveryStatus, createdAt } = row;
  return {
    id,
    appId,
    sessionId,
    customerId,
    caseId,
    conversationKey,
    channel,
    kind,
    isReply,
    agentType,
    sender: {
      type: row.senderType,
      ...(row.senderId === null ? {} : { id: row.senderId }),
      ...(row.senderName === null ? {} : { name: row.senderName }),
    },
    content,
    deliveryStatus,
    createdAt,
  };
}

/** A stored session as events, the API and clients see it. */
export function toSession(row: typeof sessions.$inferSelect): Session {
  const { id, appId, customerId, conversationKey, channel, status, agentType, path } = row;
  const { assignedAgentId, openCaseId, expiresAt, createdAt } = row;
  return {
    id,
    appId,
    customerId,
    conversationKey,
    channel,
    status,
    agentType,
    path,
    assignedAgentId,
    openCaseId,
    expiresAt,
    createdAt,
  };
}

/** A stored case, with who answers its session at the moment: the bot or an agent. */
export function toCase(row: typeof cases.$inferSelect, agentType: Case['agentType']): Case {
  const { id, appId, sessionId, customerId, conversationKey, status, priority, subject } = row;
  const { assignedAgentId, disposition, dispositionFields, closedBy, closedAt, createdAt } = row;
  return {
    id,
    appId,
    sessionId,
    customerId,
    conversationKey,
    agentType,
    status,
    priority,
    subject,
    assignedAgentId,
    disposition,
    dispositionFields,
    closedBy,
    closedAt,
    createdAt,
  };
}

/** A stored queue item as events, the API and clients see it. */
export function toQueueItem(row: typeof queueItems.$inferSelect): QueueItem {
  const { assignedAt: _assignedAt, finishedAt: _finishedAt, ...item } = row;
  return item;
}

/** A stored customer as events, the API and clients see it. */
export function toCustomer(row: typeof customers.$inferSelect): Customer {
  const { mergedInto: _mergedInto, ...customer } = row;
  return customer;
}

/** A stored survey as its event and clients see it. */
export function toSurvey(row: typeof csatSurveys.$inferSelect): CsatSurvey {
  const { id, caseId, sessionId, status, expiresAt } = row;
  return { id, caseId, sessionId, status, expiresAt };
}
