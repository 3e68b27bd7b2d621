import { Button, Group, SegmentedControl, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ParkedEvent, ParkedEventFilter } from '@mevrik/protocol';
import { IconMailCheck } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { usePages } from '../../shared/use-pages.ts';
import { AdminPage } from '../shared/admin-page.tsx';
import { modals } from '../shared/confirm.tsx';
import { useListeners } from '../shared/queries.ts';
import { RowList } from '../shared/row-list.tsx';
import { type Act, DeadLetterRow } from './dead-letter-row.tsx';
import { EditDeadLetter } from './edit-dead-letter.tsx';

/** Events that listeners could not handle, with actions to retry, edit or discard them. */
export function DeadLettersPage() {
  const me = useMe();
  const [status, setStatus] = useState<ParkedEvent['status']>('dead');
  const [listener, setListener] = useState<string | null>(null);
  const [edited, setEdited] = useState<ParkedEvent>();
  const filter: ParkedEventFilter = { status, ...(listener === null ? {} : { subscription: listener }) };
  const list = useDeadLetters(filter);
  const { act, refresh } = useDeadLetterActions();
  const isAdmin = me.role === 'admin';
  const isEmpty = (list.data?.pages[0]?.items.length ?? 0) === 0;
  return (
    <AdminPage
      title="Dead letters"
      about="Events that listeners could not handle. Failed events are retried with increasing delays; those out of retries stay here. Other events continue to be processed."
      actions={isAdmin && !isEmpty && <BulkActions filter={filter} act={act} />}
    >
      <Group gap="sm">
        <SegmentedControl<ParkedEvent['status']>
          w={320}
          value={status}
          onChange={setStatus}
          data={[
            { value: 'dead', label: 'Failed' },
            { value: 'waiting', label: 'Retrying' },
          ]}
        />
        <ListenerFilter value={listener} onChange={setListener} />
      </Group>
      <RowList
        list={list}
        columns={['Since', 'Listener', 'Event', 'Error', 'Attempts', '']}
        row={(row) => (
          <DeadLetterRow
            key={`${row.subscription} ${row.eventId}`}
            row={row}
            isAdmin={isAdmin}
            act={act}
            onEdit={() => setEdited(row)}
          />
        )}
        empty={{
          icon: <IconMailCheck size={34} stroke={1.4} />,
          title: status === 'dead' ? 'No dead letters' : 'No events are being retried',
          text:
            status === 'dead'
              ? 'Every listener has handled its events.'
              : 'No listener is retrying an event.',
        }}
      />
      {edited && <EditDeadLetter parked={edited} onClose={() => setEdited(undefined)} onDone={refresh} />}
    </AdminPage>
  );
}

const useDeadLetters = (filter: ParkedEventFilter) =>
  usePages({
    queryKey: ['dead-letters', filter],
    meta: { live: ['activity'] },
    load: (start) =>
      api.rest.admin.deadLetters({
        ...filter,
        limit: 50,
        ...start,
      }),
  });

function useDeadLetterActions(): { readonly act: Act; readonly refresh: () => void } {
  const queries = useQueryClient();
  const refresh = () => {
    for (const key of ['dead-letters', 'listeners', 'event']) {
      void queries.invalidateQueries({ queryKey: [key] });
    }
  };
  const eventCount = (count: number) => `${count} ${count === 1 ? 'event' : 'events'}`;
  return {
    refresh,
    async act(action, filter) {
      try {
        if (action === 'retry') {
          const { retried } = await api.rest.admin.retryDeadLetters(filter);
          notifications.show({ message: `Retrying ${eventCount(retried)}.` });
        } else {
          const { discarded } = await api.rest.admin.discardDeadLetters(filter);
          notifications.show({ message: `Discarded ${eventCount(discarded)}.` });
        }
      } catch (error) {
        notifyFailure(`Could not ${action} the events`, error);
      }
      refresh();
    },
  };
}

function BulkActions({ filter, act }: { filter: ParkedEventFilter; act: Act }) {
  return (
    <>
      <Button
        size="xs"
        variant="default"
        onClick={() =>
          modals.confirm({
            title: 'Discard all?',
            text: `${filter.subscription ?? 'The listeners'} will not handle these events. The events stay in the log.`,
            action: 'Discard all',
            onConfirm: () => act('discard', filter),
          })
        }
      >
        Discard all
      </Button>
      <Button size="xs" onClick={() => void act('retry', filter)}>
        Retry all
      </Button>
    </>
  );
}

function ListenerFilter(props: { value: string | null; onChange: (listener: string | null) => void }) {
  const listeners = useListeners();
  const queued = (listeners.data?.items ?? []).filter(({ mode }) => mode === 'queued');
  return (
    <Select
      aria-label="Listener"
      placeholder="All listeners"
      data={queued.map(({ name }) => name)}
      value={props.value}
      onChange={props.onChange}
      clearable
      searchable
      w={280}
    />
  );
}
