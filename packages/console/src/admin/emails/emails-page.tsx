import { Table, Text } from '@mantine/core';
import type { EmailRecord } from '@mevrik/protocol';
import { IconMail } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { clockTime } from '../../shared/time.tsx';
import { usePages } from '../../shared/use-pages.ts';
import { type InboundFilter, InboundFilters } from '../inbound/inbound-filters.tsx';
import { InboundRow } from '../inbound/inbound-row.tsx';
import { capitalized } from '../shared/capitalized.ts';
import { LogList } from '../shared/log-list.tsx';
import { EmailSource } from './email-source.tsx';

/** An email that creates no message triggers no notice, so the list is polled. */
const pollMs = 5_000;

const statuses = ['received', 'handled', 'ignored', 'unreadable', 'failed'] as const;
const columns = ['Received', 'ID', 'Sender', 'Channel', 'Status', 'Reason', ''];

/** Inbound emails and their processing status. */
export function EmailsPage() {
  const [filter, setFilter] = useState<InboundFilter<EmailRecord['status']>>({});
  const list = usePages({
    queryKey: ['emails', filter],
    meta: { live: ['activity'] },
    load: (start) => api.rest.admin.emails({ limit: 50, ...filter, ...start }),
    refetchInterval: pollMs,
  });
  return (
    <LogList
      title="Emails"
      about="Inbound emails, newest first. An email that could not be processed after several attempts is marked as failed; fix the cause and process it again. Its message is stored only once."
      filters={
        <InboundFilters
          statuses={statuses}
          counts={list.data?.pages[0]?.counts}
          channelKind="email"
          filter={filter}
          onChange={setFilter}
        />
      }
      list={list}
      columns={columns}
      row={(email) => <EmailRow key={email.id} email={email} />}
      empty={{
        icon: <IconMail size={34} stroke={1.4} />,
        title: 'No matching emails',
        text: 'If you expected one, check the address of the channel and how its emails are received.',
      }}
    />
  );
}

function EmailRow({ email }: { email: EmailRecord }) {
  const { id, sender, source } = email;
  return (
    <InboundRow
      kind="email"
      record={email}
      columns={columns.length}
      sender={
        <Table.Td>
          {sender || (
            <Text span size="sm" c="dimmed">
              Mail server
            </Text>
          )}
        </Table.Td>
      }
      origin={source.toUpperCase()}
      reason={<Reason of={email} />}
      details={<EmailSource id={id} />}
      processAgain={() => api.rest.admin.replayEmail(id)}
    />
  );
}

function Reason({ of: { status, note, attempts, retryAt } }: { of: EmailRecord }) {
  return (
    <>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {note === null ? '–' : capitalized(note)}
      </Text>
      {status === 'received' && attempts > 0 && retryAt !== null && (
        <Text size="xs" c="dimmed">
          {attempts === 1 ? '1 attempt' : `${attempts} attempts`}, next at {clockTime(retryAt)}
        </Text>
      )}
    </>
  );
}
