import { type AssignedAgent, topics } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { agents } from '../db/schema.ts';
import { parsePath } from '../domain/session.ts';
import type { Tx } from '../log/transaction.ts';
import { listener } from './listener-deps.ts';

/** Tells the screens that show a session, and the agent it came to, that it goes another way now. */
export const AnnouncePathChange = listener<'SessionPathChangedEvent'>({
  name: 'AnnouncePathChange',
  summary: 'Tells connected clients, and the agent concerned, that a session goes another way.',
  async handle({ appId, data: { sessionUser, oldPath, newPath } }, { tx, deps }) {
    const [from, to] = [parsePath(oldPath), parsePath(newPath)];
    const hearers = [from, to].flatMap((path) =>
      path?.kind === 'agent' ? [topics.agent(path.agentId)] : [],
    );
    const agent = to?.kind === 'agent' ? await servingAgent(tx, to.agentId) : null;
    const payload = { session: sessionUser, oldPath, newPath, agent };
    const concerned = new Set([topics.session(sessionUser.id), topics.sessions, ...hearers]);
    tx.afterCommit(() => {
      deps.notify([...concerned].map((topic) => ({ appId, topic, event: 'session_path_changed', payload })));
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
