import { topics } from '@mevrik/protocol';
import { z } from 'zod';
import { notice } from '../live/notice.ts';
import { job } from './job.ts';

const timeoutMs = 30_000;

/** Fetches the text and image of the post that a conversation's comment belongs to, once for each post. */
export const fetchPost = job({
  task: 'fetch-post',
  summary: 'Fetches the text and image of a post that a customer commented on.',
  payload: z.object({ sessionId: z.int(), postId: z.string() }),
  async run({ sessionId, postId }, { database: { sql }, apps, channels, files, log, notify }) {
    const [session] = await sql<{ appId: number; channel: string }[]>`
      SELECT app_id AS "appId", channel FROM sessions
      WHERE id = ${sessionId} AND social_context ->> 'postId' = ${postId} AND NOT social_context ? 'post'`;
    const channel = session && (await apps.byId(session.appId))?.channels.get(session.channel);
    const adapter = channel && channels.adapterFor(channel.kind);
    if (!adapter?.describePost || adapter.sender.delivers !== 'by-sending') return;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const post = await adapter.describePost(postId, { settings: channel?.settings, files, signal });
      const [known] = await sql<{ appId: number }[]>`
        UPDATE sessions SET social_context = social_context || ${JSON.stringify({ post })}::jsonb
        WHERE id = ${sessionId} AND social_context ->> 'postId' = ${postId} RETURNING app_id AS "appId"`;
      if (!known) return;
      notify([notice('post_fetched', known.appId, topics.agentType('live'), { sessionId, post })]);
    } catch (error) {
      const failure = adapter.sender.classify(error);
      if (failure.kind === 'temporary') throw error;
      // Without the permission the conversation goes on without the post.
      log.warn({ sessionId, postId, reason: failure.error, err: error }, 'failed to fetch a post');
    }
  },
});
