import { topics } from '@mevrik/protocol';
import { parsePath } from '../domain/session.ts';
import { listener } from './needs.ts';

/** Tells the screens that show a session, and the agent it came to, that it goes another way now. */
export const AnnouncePathChange = listener<'SessionPathChangedEvent'>({
  name: 'AnnouncePathChange',
  summary: 'Tells connected clients, and the agent concerned, that a session goes another way.',
  async handle({ appId, data: { sessionUser, oldPath, newPath } }, { tx, needs }) {
    const [from, to] = [parsePath(oldPath), parsePath(newPath)];
    const agents = [from, to].flatMap((path) => (path?.kind === 'agent' ? [topics.agent(path.agentId)] : []));
    const payload = { session: sessionUser, oldPath, newPath };
    const concerned = new Set([topics.session(sessionUser.id), topics.sessions, ...agents]);
    tx.afterCommit(() =>
      needs.notify([...concerned].map((topic) => ({ appId, topic, event: 'session_path_changed', payload }))),
    );
  },
});
