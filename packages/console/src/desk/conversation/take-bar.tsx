import { Button, Group, Kbd, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconLock } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { explain } from '../../shared/explain.ts';
import { type ConversationRow, MevrikError } from '../../shared/sdk.ts';
import { useOffer } from '../actions.ts';
import { Composer, type ComposerProps } from '../composer/composer.tsx';
import { nameOf } from '../list/preview.ts';
import classes from './conversation.module.css';

/** In place of the composer, where the conversation waits, or is somebody else's or the bot's. */
export function TakeBar(props: {
  row: ConversationRow;
  /** Who serves it. */
  colleague: string | undefined;
  composer: ComposerProps;
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
        message: isLate ? `Another agent just accepted ${nameOf(row.customer)}.` : explain(error),
      });
    } finally {
      await onTaken();
      setBusy(false);
    }
  }
  useOffer('accept', () => void take(), canTake && !busy);
  useOffer('note', () => setWritesNote(true), !writesNote);

  if (writesNote) return <Composer {...composer} onlyNotes onDone={() => setWritesNote(false)} />;
  return (
    <div className={classes.take}>
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
