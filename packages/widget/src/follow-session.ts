import type { Client, Held } from '@mevrik/client';
import type { Message, Session } from '@mevrik/protocol';
import type { ConversationState } from './conversation-state.ts';

const typingLastsMs = 6_000;

/** What is done with what a session brings. */
export interface SessionHearer {
  /** `isNews`: said by the other side, just now. */
  readonly take: (message: Message, isNews: boolean) => void;
  readonly set: (change: Partial<ConversationState>) => void;
  readonly readId: () => number;
  /** It stands, or something was missed for good: what is shown is loaded. */
  readonly load: () => void;
}

/** A session that is heard. */
export type HeardSession = Held<`session${number}`>;

/** Hears all that happens in a session. */
export function followSession(client: Client, { id }: Session, hearer: SessionHearer): HeardSession {
  const { take, set } = hearer;
  const channel = client.subscribe(`session${id}`);
  let typing: ReturnType<typeof setTimeout> | undefined;
  channel.on('message_post', ({ message }) => take(message, false));
  channel.on('message_reply', ({ message }) => take(message, true));
  channel.on('message_changed', ({ message }) => take(message, false));
  channel.on('session_path_changed', ({ session, agent }) =>
    set({
      session,
      agent: agent ?? undefined,
      ...(isWaiting(session) ? {} : { queuePosition: undefined }),
    }),
  );
  channel.on('queue_moved', ({ queuePosition }) => set({ queuePosition }));
  channel.on('agent_changed', ({ agent }) => set({ agent }));
  channel.on('message_read', ({ by, messageId }) => {
    if (by === 'agent') set({ readId: Math.max(hearer.readId(), messageId) });
  });
  channel.on('typing', ({ by, name, typing: isTyping }) => {
    if (by !== 'agent') return;
    clearTimeout(typing);
    set({ typing: isTyping ? (name ?? '') : undefined });
    if (isTyping) typing = setTimeout(() => set({ typing: undefined }), typingLastsMs);
  });
  channel.when('load', hearer.load);
  return channel;
}

/** Whether a session waits for a person. */
export function isWaiting(session: Session | undefined): boolean {
  return session?.path.startsWith('live/queue:') ?? false;
}
