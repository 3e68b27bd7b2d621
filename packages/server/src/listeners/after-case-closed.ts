import { requireApp } from '../apps/app-directory.ts';
import { writeAudit } from '../audit/audit.ts';
import { resetToBot, startSurvey } from '../commands/survey.ts';
import { sync } from '../dispatch/listener.ts';
import { scheduleAssignment } from '../state/queue-items.ts';
import { type ListenerDeps, listener } from './listener-deps.ts';

/** Starts the survey about a closed case if the customer is eligible. */
export const StartCsat = listener<'MevrikCaseClosedEvent'>({
  name: 'StartCsat',
  summary: 'Starts the satisfaction survey if the customer is eligible.',
  async handle({ appId, data }, { tx, deps }) {
    await startSurvey(tx, await requireApp(deps.apps, appId), data.case);
  },
});

/** Returns the session of a closed case to the bot and assigns the agent's freed capacity. */
export const ResetSessionToBot = listener<'MevrikCaseClosedEvent'>({
  name: 'ResetSessionToBot',
  summary: 'Returns the session to the bot and assigns the agent’s freed capacity.',
  async handle({ appId, data }, { tx, deps }) {
    await resetToBot(tx, data.case.sessionId);
    const app = await requireApp(deps.apps, appId);
    if (app.settings.assignment !== 'manual') await scheduleAssignment(tx, appId);
  },
});

/** Records who closed a case; the audit entry commits in the same transaction. */
export const AuditCaseClosure = sync<ListenerDeps, 'MevrikCaseClosedEvent'>({
  name: 'AuditCaseClosure',
  summary: 'Records the closing of a case in the audit log, in the same transaction.',
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
