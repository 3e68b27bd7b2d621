import { Autocomplete, Modal, SegmentedControl, Select, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { DialogForm } from '../../shared/dialog-form.tsx';
import { CaseNote } from './case-note.tsx';
import { type Target, useTransfer } from './use-transfer.ts';

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
  const transfer = useTransfer(sessionId, target, () => {
    onDone();
    onClose();
  });
  return (
    <Modal opened={target !== undefined} onClose={onClose} title="Transfer conversation">
      <DialogForm
        error={transfer.problem}
        submitLabel={target === 'bot' ? 'Return to bot' : 'Transfer'}
        isBusy={transfer.busy}
        onSubmit={transfer.transfer}
        onCancel={onClose}
      >
        <SegmentedControl<Target>
          value={target ?? 'agent'}
          onChange={onTarget}
          aria-label="Transfer to"
          data={[
            { value: 'agent', label: 'Agent' },
            { value: 'queue', label: 'Queue' },
            { value: 'bot', label: 'Bot' },
          ]}
        />
        {target === 'agent' && (
          <AgentSelect appId={appId} value={transfer.agentId} onChange={transfer.setAgentId} />
        )}
        {target === 'queue' && (
          <Autocomplete
            label="Queue"
            placeholder={queues[0] ?? 'support'}
            data={[...queues]}
            value={transfer.queue}
            onChange={transfer.setQueue}
            maxLength={64}
          />
        )}
        {target === 'bot' && (
          <Text size="sm" c="dimmed">
            The bot answers the customer’s next message. The case stays open.
          </Text>
        )}
        <CaseNote description="For the next agent" value={transfer.note} onChange={transfer.setNote} />
      </DialogForm>
    </Modal>
  );
}

function AgentSelect(props: {
  appId: number;
  value: string | null;
  onChange: (agentId: string | null) => void;
}) {
  const { appId, value, onChange } = props;
  const me = useMe();
  const colleagues = useQuery({ queryKey: ['colleagues'], queryFn: () => api.rest.desk.colleagues() });
  const choices = (colleagues.data?.items ?? [])
    .filter(({ id, appIds, role }) => id !== me.id && (role === 'admin' || appIds.includes(appId)))
    .sort((a, b) => order.indexOf(a.availability) - order.indexOf(b.availability))
    .map(({ id, name, availability }) => ({ value: String(id), label: `${name} (${availability})` }));
  return (
    <Select
      label="Agent"
      placeholder={choices.length === 0 ? 'No other agents work for this app' : 'Choose an agent'}
      data={choices}
      value={value}
      onChange={onChange}
      openOnFocus={false}
      searchable
      data-autofocus
    />
  );
}
