import { Button, Group, Kbd, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconLock } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { type ConversationRow, MevrikError } from '../../shared/sdk.ts';
import { ReplyComposer, type ReplyComposerProps } from '../composer/reply-composer.tsx';
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
  const me = useMe();
  const [busy, setBusy] = useState(false);
  const [isWritingNote, setWritingNote] = useState(false);
  const { id: sessionId, status, agentType, assignedAgentId } = row.session;
  const queueItem = row.queueItem?.status === 'waiting' ? row.queueItem : undefined;
  const isTheirs = assignedAgentId !== null && assignedAgentId !== me.id;
  const canAccept = status === 'active' && (!isTheirs || me.role !== 'agent');
  const verb = queueItem ? 'Accept' : isTheirs || agentType === 'bot' ? 'Take over' : 'Assign to me';

  async function accept(): Promise<void> {
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
  useDeskAction('accept', () => void accept(), canAccept && !busy);
  useDeskAction('note', () => setWritingNote(true), !isWritingNote);

  if (isWritingNote) return <ReplyComposer {...composer} notesOnly onDone={() => setWritingNote(false)} />;
  return (
    <div className={classes.acceptBar}>
      <Text size="sm" c="dimmed">
        {queueItem
          ? `In queue “${queueItem.queue}”.`
          : status !== 'active'
            ? 'This session has ended. The customer’s next message starts a new one.'
            : colleague
              ? `Assigned to ${colleague}.`
              : agentType === 'bot'
                ? 'Handled by the bot.'
                : 'Not assigned to an agent.'}
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
        {canAccept && (
          <Button
            size="xs"
            variant={queueItem ? 'filled' : 'light'}
            loading={busy}
            onClick={() => void accept()}
            rightSection={
              <Kbd size="xs" aria-hidden>
                a
              </Kbd>
            }
          >
            {verb}
          </Button>
        )}
      </Group>
    </div>
  );
}
