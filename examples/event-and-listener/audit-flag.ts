import { writeAudit } from '../audit/audit.ts';
import { listener } from './listener-deps.ts';

/** Records in the audit log who flagged a conversation. */
export const AuditFlag = listener<'ConversationFlaggedEvent'>({
  name: 'AuditFlag',
  summary: 'Records in the audit log who flagged a conversation.',
  async handle({ appId, data: { flag } }, { tx }) {
    await writeAudit(tx.sql, {
      appId,
      actor: `agent ${flag.agentId}`,
      action: 'conversation.flag',
      target: `session ${flag.sessionId}`,
    });
  },
});
