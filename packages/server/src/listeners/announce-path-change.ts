import { type AssignedAgent, topics } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { agents } from '../db/schema.ts';
import { parsePath } from '../domain/session.ts';
import { notice } from '../live/notice.ts';
import type { Tx } from '../log/transaction.ts';
import { listener } from './listener-deps.ts';

/** Notifies the screens that show a session, and the agents involved, that its path has changed. */
export const AnnouncePathChange = listener<'SessionPathChangedEvent'>({
  name: 'AnnouncePathChange',
  summary: 'Notifies connected clients and the agents involved that a session’s path has changed.',
  async handle({ appId, data: { sessionUser, oldPath, newPath } }, { tx, deps }) {
    const [from, to] = [parsePath(oldPath), parsePath(newPath)];
    const agentTopics = [from, to].flatMap((path) =>
      path?.kind === 'agent' ? [topics.agent(path.agentId)] : [],
    );
    const agent = to?.kind === 'agent' ? await servingAgent(tx, to.agentId) : null;
    const payload = { session: sessionUser, oldPath, newPath, agent };
    const { id, customerId, openCaseId } = sessionUser;
    const notified = new Set([
      topics.session(id),
      topics.user(customerId),
      ...(openCaseId === null ? [] : [topics.case(openCaseId)]),
      topics.sessions,
      ...agentTopics,
    ]);
    tx.afterCommit(() => {
      deps.notify([...notified].map((topic) => notice('session_path_changed', appId, topic, payload)));
      for (const path of [from, to]) if (path?.kind === 'queue') deps.queueChanged(appId, path.queue);
    });
  },
});

async function servingAgent(tx: Tx, id: number): Promise<AssignedAgent | null> {
  const [row] = await tx.orm
    .select({ name: agents.name, availability: agents.availability })
    .from(agents)
    .where(eq(agents.id, id));
  return row ?? null;
}
