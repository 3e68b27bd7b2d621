import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ConversationRow } from '../../shared/sdk.ts';
import { keys } from '../keys.ts';
import { customerName } from '../list/conversation-labels.ts';
import { useLive } from '../live.ts';
import { cacheDeliveryStatus, cacheMessage, cacheReadReceipt } from './message-cache.ts';

/** A typing notice expires after this time. */
const typingForMs = 6_000;

/** Who else is viewing a conversation, and who is typing in it. */
export function usePresence(
  row: ConversationRow | undefined,
  me: number,
): { readonly typing: string; readonly viewing: readonly string[] } {
  const live = useLive();
  const queries = useQueryClient();
  const [typing, setTyping] = useState('');
  const [viewing, setViewing] = useState<readonly string[]>([]);
  const { id: sessionId, appId } = row?.session ?? {};
  const customer = row && customerName(row.customer);
  const hasComment = Boolean(row?.comment);
  const client = appId === undefined ? undefined : live.clientOf(appId);
  useEffect(() => {
    if (!client || sessionId === undefined) return;
    const subscription = client.subscribe(`presence-session${sessionId}`);
    const updateViewing = () => {
      const others = [...subscription.members].filter(
        ({ id }) => id.startsWith('agent-') && id !== `agent-${me}`,
      );
      const names = others.map(({ info }) => nameOf(info) ?? 'A colleague');
      setViewing([...new Set(names)].sort());
    };
    let timer: ReturnType<typeof setTimeout>;
    subscription.when('subscribed', updateViewing);
    subscription.when('joined', updateViewing);
    subscription.when('left', updateViewing);
    subscription.on('typing', ({ by, agentId, name, typing: isTyping }) => {
      if (agentId === me) return;
      clearTimeout(timer);
      setTyping(isTyping ? `${by === 'agent' ? (name ?? 'A colleague') : customer} is typing…` : '');
      timer = setTimeout(() => setTyping(''), typingForMs);
    });
    subscription.on('message_post', () => setTyping(''));
    subscription.on('message_status', (status) => {
      cacheDeliveryStatus(queries, status);
      // A comment has one private reply: whether it is used follows from its delivery.
      if (hasComment) void queries.invalidateQueries({ queryKey: keys.row(sessionId) });
    });
    subscription.on('message_changed', ({ message }) => cacheMessage(queries, message));
    subscription.on('message_read', ({ by, messageId }) => {
      if (by === 'customer') cacheReadReceipt(queries, sessionId, messageId);
    });
    return () => {
      clearTimeout(timer);
      setTyping('');
      setViewing([]);
      subscription.unsubscribe();
    };
  }, [client, sessionId, me, customer, hasComment, queries]);
  return { typing, viewing };
}

/** The name in a member's presence data. */
function nameOf(info: unknown): string | undefined {
  if (typeof info !== 'object' || info === null || !('name' in info)) return undefined;
  return typeof info.name === 'string' ? info.name : undefined;
}
