import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../session/session.ts';
import type { ConversationRow } from '../../shared/sdk.ts';
import { keys } from '../keys.ts';

/** Marks messages as read while the page is visible. */
export function useReadReceipts(row: ConversationRow | undefined, me: number): void {
  const queries = useQueryClient();
  const lastId = row?.lastMessage?.id;
  const { id: sessionId, assignedAgentId } = row?.session ?? {};
  const unread = row?.unread ?? 0;
  useEffect(() => {
    if (sessionId === undefined || lastId === undefined || assignedAgentId !== me || unread === 0) return;
    const markRead = () => {
      if (document.visibilityState !== 'visible') return;
      api.rest.desk.markReadIn(sessionId, lastId).then(
        () => {
          void queries.invalidateQueries({ queryKey: keys.conversations });
          void queries.invalidateQueries({ queryKey: keys.row(sessionId) });
        },
        // The next message or visit to the tab marks it as read.
        () => {},
      );
    };
    markRead();
    document.addEventListener('visibilitychange', markRead);
    return () => document.removeEventListener('visibilitychange', markRead);
  }, [queries, sessionId, lastId, assignedAgentId, me, unread]);
}
