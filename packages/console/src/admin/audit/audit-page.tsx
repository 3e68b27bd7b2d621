import { Badge, Table, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { AuditRecord } from '@mevrik/protocol';
import { IconFileDescription } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { Ago } from '../../shared/time.tsx';
import { usePages } from '../../shared/use-pages.ts';
import { ExpandableRow } from '../shared/expandable-row.tsx';
import { JsonView } from '../shared/json-view.tsx';
import { LogList } from '../shared/log-list.tsx';
import { auditQueryOf, noAuditFilter } from './audit-filter.ts';
import { AuditFilters } from './audit-filters.tsx';

/** How long typing must pause before the search runs. */
const pauseMs = 250;

const columns = ['Time', 'Actor', 'Action', 'Target', 'Details', ''];

/** The audit log, with filters. */
export function AuditPage() {
  const [filter, setFilter] = useState(noAuditFilter);
  const [settled] = useDebouncedValue(filter, pauseMs);
  const query = auditQueryOf(settled);
  const list = usePages({
    queryKey: ['audit', query],
    load: (start) => api.rest.admin.auditRecords({ limit: 50, ...query, ...start }),
    staleTime: 0,
  });
  return (
    <LogList
      title="Audit log"
      about="Actions by agents, administrators and API clients, including denied ones."
      filters={<AuditFilters filter={filter} onChange={setFilter} />}
      list={list}
      searchedTo={list.data?.pages.at(-1)?.searchedTo}
      columns={columns}
      row={(record) => <AuditRow key={record.id} record={record} />}
      empty={{
        icon: <IconFileDescription size={34} stroke={1.4} />,
        title: 'No results',
        text: 'No entry matches these filters.',
      }}
    />
  );
}

/** The details of an entry in one line. */
function detailText(detail: AuditRecord['detail']): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

function AuditRow({ record: { id, at, actor, actorName, action, target, detail } }: { record: AuditRecord }) {
  const hasDetails = Object.keys(detail).length > 0;
  return (
    <ExpandableRow
      name={`entry ${id}`}
      columns={columns.length}
      details={hasDetails ? <JsonView value={detail} label={`Entry ${id}`} /> : undefined}
    >
      <Table.Td>
        <Ago at={at} />
      </Table.Td>
      <Table.Td>
        {actorName ?? actor}
        {actorName && (
          <Text size="xs" c="dimmed">
            {actor}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Badge color={/refuse|down|fail/.test(action) ? 'red' : 'gray'}>{action}</Badge>
      </Table.Td>
      <Table.Td>{target ?? '–'}</Table.Td>
      <Table.Td maw={420}>
        <Text size="sm" c="dimmed" lineClamp={1}>
          {detailText(detail)}
        </Text>
      </Table.Td>
    </ExpandableRow>
  );
}
