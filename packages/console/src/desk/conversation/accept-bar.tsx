import { Button, Group, Kbd, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconLock } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { type ConversationRow, MevrikError } from '../../shared/sdk.ts';
import { ReplyComposer } from '../composer/reply-composer.tsx';
import type { ReplyComposerProps } from '../composer/use-reply.ts';
import { useDeskAction } from '../desk-actions.ts';
import { customerName } from '../list/conversation-labels.ts';
import classes from './conversation.module.css';

/** Replaces the composer while the conversation is not assigned to this agent. */
export function AcceptBar(props: {
  row: ConversationRow;
  /** The name of the assigned agent. */
  colleague: string | undefined;
  composer: ReplyComposerProps;
  onAssigned: () => Promise<unknown>;
}) {
  const { row, colleague, composer, onAssigned } = props;
  const [isWritingNote, setWritingNote] = useState(false);
  const { canAccept, busy, accept } = useAccept(row, onAssigned);
  useDeskAction('accept', () => void accept(), canAccept && !busy);
  useDeskAction('note', () => setWritingNote(true), !isWritingNote);

  if (isWritingNote) return <ReplyComposer {...composer} notesOnly onDone={() => setWritingNote(false)} />;
  return (
    <div className={classes.acceptBar}>
      <Text size="sm" c="dimmed">
        {describeAssignment(row, colleague)}
      </Text>
      <Group gap="xs" wrap="nowrap">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconLock size={14} />}
          onClick={() => setWritingNote(true)}
        >
          Add note
        </Button>
        {canAccept && <AcceptButton row={row} busy={busy} onAccept={() => void accept()} />}
      </Group>
    </div>
  );
}

function AcceptButton(props: { row: ConversationRow; busy: boolean; onAccept: () => void }) {
  const { row, busy, onAccept } = props;
  const me = useMe();
  const { agentType, assignedAgentId } = row.session;
  const isTheirs = assignedAgentId !== null && assignedAgentId !== me.id;
  const isWaiting = waitingItemOf(row) !== undefined;
  const verb = isWaiting ? 'Accept' : isTheirs || agentType === 'bot' ? 'Take over' : 'Assign to me';
  return (
    <Button
      size="xs"
      variant={isWaiting ? 'filled' : 'light'}
      loading={busy}
      onClick={onAccept}
      rightSection={
        <Kbd size="xs" aria-hidden>
          a
        </Kbd>
      }
    >
      {verb}
    </Button>
  );
}

/** The queue position of a waiting conversation. */
const waitingItemOf = ({ queueItem }: ConversationRow) =>
  queueItem?.status === 'waiting' ? queueItem : undefined;

/** Whether this agent can accept or take over a conversation, and the request that does. */
function useAccept(row: ConversationRow, onAssigned: () => Promise<unknown>) {
  const me = useMe();
  const [busy, setBusy] = useState(false);
  const { id: sessionId, status, assignedAgentId } = row.session;
  const isTheirs = assignedAgentId !== null && assignedAgentId !== me.id;
  const canAccept = status === 'active' && (!isTheirs || me.role !== 'agent');

  async function accept(): Promise<void> {
    const queueItem = waitingItemOf(row);
    setBusy(true);
    try {
      if (queueItem) await api.rest.desk.acceptQueueItem(queueItem.id);
      else await api.rest.desk.transfer(sessionId, { to: { agentId: me.id } });
    } catch (error) {
      const isLate = error instanceof MevrikError && error.code === 'already_taken';
      notifications.show({
        color: isLate ? 'yellow' : 'red',
        title: isLate ? 'Already taken' : 'Could not assign the conversation',
        message: isLate ? `Another agent just accepted ${customerName(row.customer)}.` : errorMessage(error),
      });
    } finally {
      await onAssigned();
      setBusy(false);
    }
  }

  return { canAccept, busy, accept };
}

/** Where the conversation is: in a queue, with a colleague or the bot, or ended. */
function describeAssignment(row: ConversationRow, colleague: string | undefined): string {
  const queueItem = waitingItemOf(row);
  if (queueItem) return `In queue “${queueItem.queue}”.`;
  const { status, agentType } = row.session;
  if (status !== 'active') return 'This session has ended. The customer’s next message starts a new one.';
  if (colleague) return `Assigned to ${colleague}.`;
  return agentType === 'bot' ? 'Handled by the bot.' : 'Not assigned to an agent.';
}
