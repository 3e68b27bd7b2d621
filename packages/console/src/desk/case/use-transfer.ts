import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { noteOf } from './case-note.tsx';

/** What a conversation can be transferred to. */
export type Target = 'agent' | 'bot' | 'queue';

/** What an agent enters to transfer a conversation, and the request that transfers it. */
export function useTransfer(sessionId: number, target: Target | undefined, onTransferred: () => void) {
  const [agentId, setAgentId] = useState<string | null>(null);
  const [queue, setQueue] = useState('');
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function transfer(): Promise<void> {
    const to = receiver();
    if (typeof to === 'string') return setProblem(to);
    setBusy(true);
    setProblem(undefined);
    try {
      await api.rest.desk.transfer(sessionId, { to, ...noteOf(note) });
      onTransferred();
    } catch (error) {
      setProblem(errorMessage(error));
    } finally {
      setBusy(false);
    }
  }

  /** Who receives the conversation, or what is missing. */
  function receiver() {
    if (target === 'agent') return agentId ? { agentId: Number(agentId) } : 'Choose an agent.';
    if (target === 'queue') return queue.trim() === '' ? 'Enter a queue name.' : { queue: queue.trim() };
    return { bot: true as const };
  }

  return { agentId, setAgentId, queue, setQueue, note, setNote, problem, busy, transfer };
}
