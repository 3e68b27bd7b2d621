import { Checkbox, Pill, Select } from '@mantine/core';
import type { DeliveryState } from '@mevrik/protocol';
import { IconSend } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { ChannelFilter, LogList } from '../shared/log-list.tsx';
import { DeliveryRow, stateWords } from './delivery-row.tsx';

/** Messages on their way through providers, with all that was tried. */
export function DeliveriesPage() {
  const search = useSearch({ strict: false }) as {
    channel?: string;
    status?: string;
    doubtful?: string;
    messageId?: string;
  };
  const [messageId, setMessageId] = useState(search.messageId ?? null);
  const [channel, setChannel] = useState<string | null>(search.channel ?? null);
  const [status, setStatus] = useState<string | null>(search.status ?? null);
  const [isDoubtful, setDoubtful] = useState(search.doubtful === 'true');
  const list = useInfiniteQuery({
    queryKey: ['deliveries', channel, status, isDoubtful, messageId],
    queryFn: ({ pageParam }) =>
      api.rest.admin.deliveries({
        limit: 50,
        ...(channel !== null && { channel }),
        ...(status !== null && { status: status as DeliveryState }),
        ...(isDoubtful && { doubtful: 'true' }),
        ...(messageId !== null && { messageId: Number(messageId) }),
        ...(pageParam !== undefined && { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: 0,
  });
  return (
    <LogList
      title="Deliveries"
      about="Every message that goes out through a provider, newest first: how often it was tried, what the provider said, and whether it may have arrived without a word."
      filters={
        <>
          <Select
            aria-label="State"
            placeholder="All states"
            data={Object.entries(stateWords).map(([value, label]) => ({ value, label }))}
            value={status}
            onChange={setStatus}
            clearable
            w={180}
          />
          <ChannelFilter value={channel} onChange={setChannel} />
          <Checkbox
            label="In doubt only"
            checked={isDoubtful}
            onChange={(event) => setDoubtful(event.currentTarget.checked)}
          />
          {messageId !== null && (
            <Pill withRemoveButton size="lg" onRemove={() => setMessageId(null)}>
              Message {messageId}
            </Pill>
          )}
        </>
      }
      list={list}
      columns={['When', 'Message', 'Channel', 'State', 'What went wrong last', 'Attempts', '']}
      row={(delivery) => <DeliveryRow key={delivery.id} delivery={delivery} />}
      empty={{
        icon: <IconSend size={34} stroke={1.4} />,
        title: 'No delivery fits',
        text: 'Answers on the website go there directly; what goes through a provider is shown here.',
      }}
    />
  );
}
