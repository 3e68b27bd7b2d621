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
  const verb = waits ? 'Accept' : isTheirs || agentType === 'bot' ? 'Take over' : 'Take it';

  async function take(): Promise<void> {
    setBusy(true);
    try {
      if (waits) await api.rest.desk.acceptQueueItem(waits.id);
      else await api.rest.desk.transfer(sessionId, { to: { agentId: me.id } });
    } catch (error) {
      const isLate = error instanceof MevrikError && error.code === 'already_taken';
      notifications.show({
        color: isLate ? 'yellow' : 'red',
        title: isLate ? 'Somebody was faster' : 'It is not yours yet',
        message: isLate
          ? `Somebody else has taken ${nameOf(row.customer)} a moment before you.`
          : explain(error),
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
          ? `Waits in the queue “${waits.queue}”.`
          : status !== 'active'
            ? 'This session is over. The customer’s next message begins a new one.'
            : colleague
              ? `${colleague} serves this conversation.`
              : agentType === 'bot'
                ? 'The bot answers here.'
                : 'Nobody serves this conversation at the moment.'}
      </Text>
      <Group gap="xs" wrap="nowrap">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconLock size={14} />}
          onClick={() => setWritesNote(true)}
        >
          Note
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
