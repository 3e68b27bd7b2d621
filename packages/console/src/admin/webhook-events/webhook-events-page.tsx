import { Text } from '@mantine/core';
import type { WebhookEvent } from '@mevrik/protocol';
import { IconWebhook } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { usePages } from '../../shared/use-pages.ts';
import { type InboundFilter, InboundFilters } from '../inbound/inbound-filters.tsx';
import { InboundRow } from '../inbound/inbound-row.tsx';
import { capitalized } from '../shared/capitalized.ts';
import { JsonView } from '../shared/json-view.tsx';
import { LogList } from '../shared/log-list.tsx';

const statuses = ['received', 'handled', 'ignored'] as const;
const columns = ['Received', 'ID', 'Channel', 'Status', 'Reason', ''];

/** Webhook events from providers and their processing status. */
export function WebhookEventsPage() {
  const [filter, setFilter] = useState<InboundFilter<WebhookEvent['status']>>({});
  const list = usePages({
    queryKey: ['webhook-events', filter],
    meta: { live: ['activity', 'webhook-events'] },
    load: (start) => api.rest.admin.webhookEvents({ limit: 50, ...filter, ...start }),
    staleTime: 0,
  });
  return (
    <LogList
      title="Webhook events"
      about="Events from providers as received, newest first. After fixing a problem, process an event again; its message is stored only once."
      filters={
        <InboundFilters
          statuses={statuses}
          counts={list.data?.pages[0]?.counts}
          filter={filter}
          onChange={setFilter}
        />
      }
      list={list}
      columns={columns}
      row={(event) => <WebhookEventRow key={event.id} event={event} />}
      empty={{
        icon: <IconWebhook size={34} stroke={1.4} />,
        title: 'No matching webhook events',
        text: 'If you expected one, check the webhook URL and the secret at the provider.',
      }}
    />
  );
}

function WebhookEventRow({ event }: { event: WebhookEvent }) {
  const { id, provider, note, payload } = event;
  return (
    <InboundRow
      kind="webhookEvent"
      record={event}
      columns={columns.length}
      origin={provider}
      reason={<Text size="sm">{note === null ? '–' : capitalized(note)}</Text>}
      details={<JsonView value={payload} label={`Webhook event ${id}`} />}
      processAgain={() => api.rest.admin.replayWebhookEvent(id)}
    />
  );
}
