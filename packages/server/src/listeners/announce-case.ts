import { type Case, topics } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { requireApp } from '../apps/app-directory.ts';
import type { AppSettings } from '../apps/app-settings.ts';
import { sendReply } from '../commands/send-reply.ts';
import { customers } from '../db/schema.ts';
import { formatInstant, openingAt } from '../domain/business-hours.ts';
import { notice } from '../live/notice.ts';
import { liveQueueItem } from '../state/queue-items.ts';
import { lockSession } from '../state/sessions.ts';
import { listener } from './listener-deps.ts';

/** Sends the customer their reference number and notifies the desk of the new case. */
export const AnnounceCase = listener<'MevrikCaseCreatedEvent'>({
  name: 'AnnounceCase',
  summary: 'Sends the customer their reference number and notifies the desk of the new case.',
  async handle({ appId, data }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    const session = await lockSession(tx, data.case.sessionId);
    if (session.status === 'active' && session.openCaseId === data.case.id) {
      const [customer] = await tx.orm
        .select({ locale: customers.locale })
        .from(customers)
        .where(eq(customers.id, session.customerId));
      const isLeft = (await liveQueueItem(tx, session.id))?.reason === 'offline_form';
      const text = isLeft
        ? app.settings.offline.thanks.replaceAll('{{case}}', String(data.case.id))
        : openedText(app.settings, data.case, customer?.locale ?? 'en');
      await sendReply(tx, { session, sender: { type: 'system' }, kind: 'system', content: { text } });
    }
    const payload = { case: data.case };
    tx.afterCommit(() =>
      deps.notify([
        notice('case_created', appId, topics.queues, payload),
        notice('case_created', appId, topics.case(data.case.id), payload),
        notice('case_created', appId, topics.user(data.case.customerId), payload),
      ]),
    );
  },
});

/** The text for the customer: that they are in the queue or, outside business hours, when the team is back. */
function openedText(
  { businessHours, caseOpenedText, closedText }: AppSettings,
  { id, createdAt }: Case,
  locale: string,
): string {
  const { isOpen, changesAt } = openingAt(businessHours, Date.parse(createdAt));
  const opensAt = businessHours && changesAt ? formatInstant(businessHours, changesAt, locale) : undefined;
  const text =
    isOpen || opensAt === undefined ? caseOpenedText : closedText.replaceAll('{{opensAt}}', opensAt);
  return text.replaceAll('{{case}}', String(id));
}
