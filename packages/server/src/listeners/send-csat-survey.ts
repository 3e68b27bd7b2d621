import { requireApp } from '../apps/app-directory.ts';
import { sendReply } from '../commands/send-reply.ts';
import { surveyContent } from '../domain/csat.ts';
import { lockSession } from '../state/sessions.ts';
import { listener } from './listener-deps.ts';

/** Sends the survey to the customer and schedules its expiry. */
export const SendCsatSurvey = listener<'MevrikCSATStartEvent'>({
  name: 'SendCsatSurvey',
  summary: 'Sends the survey to the customer and schedules its expiry.',
  async handle({ appId, data }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    const session = await lockSession(tx, data.case.sessionId);
    if (session.status !== 'active') return;
    await sendReply(tx, {
      session,
      sender: { type: 'system' },
      kind: 'system',
      content: surveyContent(app.settings.csat.question, data.case.id),
    });
    await tx.addJob(
      'expire-survey',
      { surveyId: data.survey.id },
      { runAt: new Date(data.survey.expiresAt), key: `expire-survey ${data.survey.id}` },
    );
  },
});
