import type { Client, SubscriptionHandle } from '@mevrik/client';
import type { Message, Session } from '@mevrik/protocol';
import type { ConversationState } from './conversation-state.ts';

const typingLastsMs = 6_000;

/** Callbacks for the events of a session. */
export interface SessionHandlers {
  /** `isLive`: a live reply, not one the visitor sent. */
  readonly take: (message: Message, isLive: boolean) => void;
  readonly set: (change: Partial<ConversationState>) => void;
  readonly readId: () => number;
  /** Subscribed, or events were missed: reload the messages. */
  readonly load: () => void;
}

/** The subscription to a session. */
export type SessionSubscription = SubscriptionHandle<`session${number}`>;

/** Subscribes to the events of a session. */
export function subscribeToSession(
  client: Client,
  { id }: Session,
  handlers: SessionHandlers,
): SessionSubscription {
  const { take, set } = handlers;
  const subscription = client.subscribe(`session${id}`);
  let typing: ReturnType<typeof setTimeout> | undefined;
  subscription.on('message_post', ({ message }) => take(message, false));
  subscription.on('message_reply', ({ message }) => take(message, true));
  subscription.on('message_changed', ({ message }) => take(message, false));
  subscription.on('session_path_changed', ({ session, agent }) =>
    set({
      session,
      agent: agent ?? undefined,
      ...(isInQueue(session) ? {} : { queuePosition: undefined }),
    }),
  );
  subscription.on('queue_moved', ({ queuePosition }) => set({ queuePosition }));
  subscription.on('agent_changed', ({ agent }) => set({ agent }));
  subscription.on('message_read', ({ by, messageId }) => {
    if (by === 'agent') set({ readId: Math.max(handlers.readId(), messageId) });
  });
  subscription.on('typing', ({ by, name, typing: isTyping }) => {
    if (by !== 'agent') return;
    clearTimeout(typing);
    set({ typing: isTyping ? (name ?? '') : undefined });
    if (isTyping) typing = setTimeout(() => set({ typing: undefined }), typingLastsMs);
  });
  subscription.when('load', handlers.load);
  return subscription;
}

/** Whether a session is in a queue. */
export function isInQueue(session: Session | undefined): boolean {
  return session?.path.startsWith('live/queue:') ?? false;
}
