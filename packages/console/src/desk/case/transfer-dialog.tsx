import {
  Autocomplete,
  Button,
  Group,
  Modal,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { FormError } from '../../shared/states.tsx';

/** What a conversation can be transferred to. */
export type Target = 'agent' | 'bot' | 'queue';

/** Available agents come first. */
const order = ['online', 'away', 'offline'];

/** Transfers a conversation to an agent, a queue or the bot. */
export function TransferDialog(props: {
  sessionId: number;
  appId: number;
  queues: readonly string[];
  /** The selected target; `undefined` keeps the dialog closed. */
  target: Target | undefined;
  onTarget: (target: Target) => void;
  onClose: () => void;
  onDone: () => void;
}) {
  const { sessionId, appId, queues, target, onTarget, onClose, onDone } = props;
  const opened = target !== undefined;
  const me = useMe();
  const [agentId, setAgentId] = useState<string | null>(null);
  const [queue, setQueue] = useState('');
  const [note, setNote] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const colleagues = useQuery({
    queryKey: ['colleagues'],
    queryFn: () => api.rest.desk.colleagues(),
    enabled: opened,
  });
  const choices = (colleagues.data?.items ?? [])
    .filter(({ id, appIds, role }) => id !== me.id && (role === 'admin' || appIds.includes(appId)))
    .sort((a, b) => order.indexOf(a.availability) - order.indexOf(b.availability))
    .map(({ id, name, availability }) => ({ value: String(id), label: `${name} (${availability})` }));

  async function transfer(): Promise<void> {
    if (target === 'agent' && !agentId) return setProblem('Choose an agent.');
    if (target === 'queue' && queue.trim() === '') return setProblem('Enter a queue name.');
    setBusy(true);
    setProblem(undefined);
    try {
      const to =
        target === 'agent'
          ? { agentId: Number(agentId) }
          : target === 'queue'
            ? { queue: queue.trim() }
            : { bot: true as const };
      await api.rest.desk.transfer(sessionId, { to, ...(note.trim() === '' ? {} : { note: note.trim() }) });
      onDone();
      onClose();
    } catch (error) {
      setProblem(errorMessage(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal opened={opened} onClose={onClose} title="Transfer conversation">
      <Stack>
        <FormError text={problem} />
        <SegmentedControl
          value={target ?? 'agent'}
          onChange={(next) => onTarget(next as Target)}
          aria-label="Transfer to"
          data={[
            { value: 'agent', label: 'Agent' },
            { value: 'queue', label: 'Queue' },
            { value: 'bot', label: 'Bot' },
          ]}
        />
        {target === 'agent' && (
          <Select
            label="Agent"
            placeholder={choices.length === 0 ? 'No other agents work for this app' : 'Choose an agent'}
            data={choices}
            value={agentId}
            onChange={setAgentId}
            openOnFocus={false}
            searchable
            data-autofocus
          />
        )}
        {target === 'queue' && (
          <Autocomplete
            label="Queue"
            placeholder={queues[0] ?? 'support'}
            data={[...queues]}
            value={queue}
            onChange={setQueue}
            maxLength={64}
          />
        )}
        {target === 'bot' && (
          <Text size="sm" c="dimmed">
            The bot answers the customer’s next message. The case stays open.
          </Text>
        )}
        <Textarea
          label="Note"
          description="For the next agent"
          autosize
          minRows={2}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={busy} onClick={() => void transfer()}>
            {target === 'bot' ? 'Return to bot' : 'Transfer'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
