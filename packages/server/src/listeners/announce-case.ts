import { topics } from '@mevrik/protocol';
import { requireApp } from '../apps/app-directory.ts';
import { sendReply } from '../commands/send-reply.ts';
import { lockSession } from '../commands/sessions.ts';
import { listener } from './needs.ts';

/** Tells the customer that a person will come, with the number to refer to, and the desk that there is a case. */
export const AnnounceCase = listener<'MevrikCaseCreatedEvent'>({
  name: 'AnnounceCase',
  summary: 'Tells the customer their reference number and the desk that there is a new case.',
  async handle({ appId, data }, { tx, needs }) {
    const app = await requireApp(needs.apps, appId);
    const session = await lockSession(tx, data.case.sessionId);
    if (session.status === 'active' && session.openCaseId === data.case.id) {
      const text = app.settings.caseOpenedText.replaceAll('{{case}}', String(data.case.id));
      await sendReply(tx, { session, sender: { type: 'system' }, kind: 'system', content: { text } });
    }
    const payload = { case: data.case };
    tx.afterCommit(() =>
      needs.notify([
        { appId, topic: topics.queues, event: 'case_created', payload },
        { appId, topic: topics.case(data.case.id), event: 'case_created', payload },
      ]),
    );
  },
});
