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
  onTaken: () => Promise<unknown>;
}) {
  const { row, colleague, composer, onTaken } = props;
  const me = useMe();
  const [busy, setBusy] = useState(false);
  const [writesNote, setWritesNote] = useState(false);
  const { id: sessionId, status, agentType, assignedAgentId } = row.session;
  const waits = row.queueItem?.status === 'waiting' ? row.queueItem : undefined;
  const isTheirs = assignedAgentId !== null && assignedAgentId !== me.id;
  const canTake = status === 'active' && (!isTheirs || me.role !== 'agent');
  const verb = waits ? 'Accept' : isTheirs || agentType === 'bot' ? 'Take over' : 'Assign to me';

  async function take(): Promise<void> {
    setBusy(true);
    try {
      if (waits) await api.rest.desk.acceptQueueItem(waits.id);
      else await api.rest.desk.transfer(sessionId, { to: { agentId: me.id } });
    } catch (error) {
      const isLate = error instanceof MevrikError && error.code === 'already_taken';
      notifications.show({
        color: isLate ? 'yellow' : 'red',
        title: isLate ? 'Already taken' : 'Could not assign the conversation',
        message: isLate ? `Another agent just accepted ${customerName(row.customer)}.` : errorMessage(error),
      });
    } finally {
      await onTaken();
      setBusy(false);
    }
  }
  useDeskAction('accept', () => void take(), canTake && !busy);
  useDeskAction('note', () => setWritesNote(true), !writesNote);

  if (writesNote) return <ReplyComposer {...composer} notesOnly onDone={() => setWritesNote(false)} />;
  return (
    <div className={classes.acceptBar}>
      <Text size="sm" c="dimmed">
        {waits
          ? `In queue “${waits.queue}”.`
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
          onClick={() => setWritesNote(true)}
        >
          Add note
        </Button>
        {canTake && (
          <Button
            size="xs"
            variant={waits ? 'filled' : 'light'}
            loading={busy}
            onClick={() => void take()}
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
