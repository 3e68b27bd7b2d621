import { requireApp } from '../apps/app-directory.ts';
import { writeAudit } from '../audit/audit.ts';
import { resetToBot, startSurvey } from '../commands/survey.ts';
import { sync } from '../dispatch/listener.ts';
import { scheduleAssignment } from '../state/queue-items.ts';
import { type ListenerDeps, listener } from './listener-deps.ts';

/** Begins the survey about a closed case, where its customer is eligible. */
export const StartCsat = listener<'MevrikCaseClosedEvent'>({
  name: 'StartCsat',
  summary: 'Begins the satisfaction survey, if the customer is eligible.',
  async handle({ appId, data }, { tx, deps }) {
    await startSurvey(tx, await requireApp(deps.apps, appId), data.case);
  },
});

/** Sends the session of a closed case back to the bot; the agent's free place is filled from the queue. */
export const ResetSessionToBot = listener<'MevrikCaseClosedEvent'>({
  name: 'ResetSessionToBot',
  summary: 'Sends the session back to the bot and fills the agent’s free place.',
  async handle({ appId, data }, { tx, deps }) {
    await resetToBot(tx, data.case.sessionId);
    const app = await requireApp(deps.apps, appId);
    if (app.settings.assignment !== 'manual') await scheduleAssignment(tx, appId);
  },
});

/** No case is closed without a trace of who did it: the entry commits with the closing, or neither does. */
export const AuditCaseClosure = sync<ListenerDeps, 'MevrikCaseClosedEvent'>({
  name: 'AuditCaseClosure',
  summary: 'Writes the closing of a case into the audit trail, in the same transaction.',
  async handle({ appId, data }, { tx }) {
    const { id, closedBy, assignedAgentId, disposition } = data.case;
    await writeAudit(tx.sql, {
      appId,
      actor: closedBy === 'agent' && assignedAgentId !== null ? `agent ${assignedAgentId}` : `${closedBy}`,
      action: 'case.close',
      target: `case ${id}`,
      detail: { disposition },
    });
  },
});
