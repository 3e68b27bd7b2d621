import { Checkbox, Pill, Select } from '@mantine/core';
import type { DeliveryState } from '@mevrik/protocol';
import { IconSend } from '@tabler/icons-react';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { stateWords } from '../../shared/delivery-words.ts';
import { optionsOf } from '../../shared/labels.ts';
import { usePages } from '../../shared/use-pages.ts';
import { ChannelFilter, LogList } from '../shared/log-list.tsx';
import { DeliveryTableRow } from './delivery-table-row.tsx';

/** Deliveries through providers, with every attempt. */
export function DeliveriesPage() {
  const search = useSearch({ from: '/admin/deliveries' });
  const [messageId, setMessageId] = useState(search.messageId ?? null);
  const [channel, setChannel] = useState<string | null>(search.channel ?? null);
  const [status, setStatus] = useState<DeliveryState | null>(search.status ?? null);
  const [isUnconfirmed, setUnconfirmed] = useState(search.doubtful === 'true');
  const list = usePages({
    queryKey: ['deliveries', channel, status, isUnconfirmed, messageId],
    meta: { live: ['activity', 'deliveries'] },
    load: (start) =>
      api.rest.admin.deliveries({
        limit: 50,
        ...(channel !== null && { channel }),
        ...(status !== null && { status }),
        ...(isUnconfirmed && { doubtful: 'true' }),
        ...(messageId !== null && { messageId: Number(messageId) }),
        ...start,
      }),
    staleTime: 0,
  });
  return (
    <LogList
      title="Deliveries"
      about="Messages sent through providers, newest first, with every attempt and the provider’s response."
      filters={
        <>
          <Select
            aria-label="Status"
            placeholder="All statuses"
            data={optionsOf(stateWords)}
            value={status}
            onChange={setStatus}
            clearable
            w={180}
          />
          <ChannelFilter value={channel} onChange={setChannel} />
          <Checkbox
            label="Unconfirmed only"
            checked={isUnconfirmed}
            onChange={(event) => setUnconfirmed(event.currentTarget.checked)}
          />
          {messageId !== null && (
            <Pill withRemoveButton size="lg" onRemove={() => setMessageId(null)}>
              Message {messageId}
            </Pill>
          )}
        </>
      }
      list={list}
      columns={['Created', 'Message', 'Channel', 'Status', 'Last error', 'Attempts', '']}
      row={(delivery) => <DeliveryTableRow key={delivery.id} delivery={delivery} />}
      empty={{
        icon: <IconSend size={34} stroke={1.4} />,
        title: 'No matching deliveries',
        text: 'Messages sent through providers appear here. Replies on your website are shown directly.',
      }}
    />
  );
}
