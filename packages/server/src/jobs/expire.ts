import { z } from 'zod';
import { appSettingsSchema } from '../apps/app-settings.ts';
import { closeCase } from '../commands/close-case.ts';
import { expireSurvey } from '../commands/survey.ts';
import { job, timer } from './job.ts';

/** The maximum number of rows per run; the rest follow a minute later. */
const sweepLimit = 1_000;

const defaultCaseIdleMinutes = appSettingsSchema.parse({}).caseIdleMinutes;

/** Ends a satisfaction survey that was not answered in time. */
export const expireSurveyJob = job({
  task: 'expire-survey',
  summary: 'Ends a satisfaction survey that was not answered in time.',
  payload: z.object({ surveyId: z.int() }),
  run: ({ surveyId }, { unitOfWork }) => unitOfWork.run((tx) => expireSurvey(tx, surveyId)),
});

/** Ends inactive sessions. A session with an open case lasts as long as the case. */
export const expireSessions = timer({
  task: 'expire-sessions',
  summary: 'Ends sessions that have been inactive for too long.',
  cron: '* * * * *',
  async run({ unitOfWork }) {
    await unitOfWork.run(async (tx) => {
      await tx.sql`
        UPDATE sessions SET status = 'expired'
        WHERE id IN (SELECT id FROM sessions
                     WHERE status = 'active' AND expires_at < now() AND open_case_id IS NULL
                     ORDER BY expires_at LIMIT ${sweepLimit} FOR UPDATE SKIP LOCKED)`;
    });
  },
});

/** Closes inactive cases. */
export const closeIdleCases = timer({
  task: 'close-idle-cases',
  summary: 'Closes cases that have been inactive for too long.',
  cron: '* * * * *',
  async run({ database, unitOfWork, apps, log }) {
    const idleFor = database.sql`
      coalesce((apps.settings ->> 'caseIdleMinutes')::int, ${defaultCaseIdleMinutes}) * interval '1 minute'`;
    const idle = await database.sql<{ id: number; app_id: number }[]>`
      SELECT cases.id, cases.app_id FROM cases JOIN apps ON apps.id = cases.app_id
      WHERE status = 'open'
        AND cases.last_activity_at < now() - ${idleFor}
        AND NOT EXISTS (SELECT FROM messages WHERE messages.session_id = cases.session_id
                        AND messages.created_at >= now() - ${idleFor})
      ORDER BY cases.last_activity_at LIMIT ${sweepLimit}`;
    for (const { id, app_id: appId } of idle) {
      const app = await apps.byId(appId);
      if (!app) continue;
      try {
        const by = 'timeout' as const;
        await unitOfWork.run((tx) => closeCase(tx, { app, caseId: id, by, disposition: 'timeout' }));
      } catch (error) {
        log.warn({ caseId: id, err: error }, 'failed to close an idle case');
      }
    }
  },
});
