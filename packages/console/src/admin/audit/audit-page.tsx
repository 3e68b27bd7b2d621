import { Badge, Button, Select, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { AuditRecord } from '@mevrik/protocol';
import { IconFileDescription, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { Ago } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { JsonView } from '../shared/json-view.tsx';
import { LogList } from '../shared/log-list.tsx';

const none = { actor: '', action: '', target: '', since: '', until: '', search: '' };
/** How long typing must pause before the search runs. */
const pauseMs = 250;

/** The audit log, with filters. */
export function AuditPage() {
  const [filter, setFilter] = useState(none);
  const [asked] = useDebouncedValue(filter, pauseMs);
  const query = Object.fromEntries(
    Object.entries(asked).flatMap(([name, value]) => {
      if (value.trim() === '') return [];
      const isTime = name === 'since' || name === 'until';
      return [[name, isTime ? new Date(value).toISOString() : value.trim()]];
    }),
  );
  const actions = useQuery({
    queryKey: ['audit-actions'],
    queryFn: () => api.rest.admin.auditActions(),
  });
  const list = useInfiniteQuery({
    queryKey: ['audit', query],
    queryFn: ({ pageParam }) =>
      api.rest.admin.auditRecords({
        limit: 50,
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
        ...query,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: 0,
  });
  const change = (name: keyof typeof none) => (value: string | null) =>
    setFilter((before) => ({ ...before, [name]: value ?? '' }));
  const text = (name: keyof typeof none, label: string, type = 'text') => (
    <TextInput
      label={label}
      type={type}
      value={filter[name]}
      onChange={(event) => change(name)(event.currentTarget.value)}
    />
  );
  return (
    <LogList
      title="Audit log"
      about="Actions by people and programs, including denied ones."
      filters={
        <div className={classes.fields}>
          <TextInput
            label="Search"
            leftSection={<IconSearch size={15} />}
            value={filter.search}
            onChange={(event) => change('search')(event.currentTarget.value)}
          />
          {text('actor', 'Actor')}
          <Select
            label="Action"
            placeholder="All actions"
            data={familiesOf(actions.data?.items ?? [])}
            value={filter.action || null}
            onChange={change('action')}
            searchable
            clearable
          />
          {text('target', 'Target')}
          {text('since', 'From', 'datetime-local')}
          {text('until', 'Until', 'datetime-local')}
          {filter !== none && (
            <Button variant="subtle" style={{ placeSelf: 'end start' }} onClick={() => setFilter(none)}>
              Clear filters
            </Button>
          )}
        </div>
      }
      list={list}
      columns={['Time', 'Actor', 'Action', 'Target', 'Details', '']}
      row={(record) => <AuditRow key={record.id} record={record} />}
      empty={{
        icon: <IconFileDescription size={34} stroke={1.4} />,
        title: 'No results',
        text: 'No entry matches these filters.',
      }}
    />
  );
}

/** The actions and their families: `channel` also finds `channel.put`. */
function familiesOf(actions: readonly string[]): string[] {
  const families = actions.flatMap((action) => (action.includes('.') ? [action.split('.')[0] ?? ''] : []));
  return [...new Set([...families, ...actions])].sort();
}

/** The details of an entry in one line. */
function detailText(detail: AuditRecord['detail']): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

function AuditRow({ record: { id, at, actor, actorName, action, target, detail } }: { record: AuditRecord }) {
  const [isOpen, setOpen] = useState(false);
  const hasDetails = Object.keys(detail).length > 0;
  return (
    <>
      <Table.Tr>
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
        <Table.Td ta="right">
          {hasDetails && (
            <Button
              size="compact-xs"
              variant="default"
              aria-expanded={isOpen}
              aria-label={`${isOpen ? 'Hide' : 'View'} entry ${id}`}
              onClick={() => setOpen(!isOpen)}
            >
              {isOpen ? 'Hide' : 'View'}
            </Button>
          )}
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={6}>
            <JsonView value={detail} label={`Entry ${id}`} />
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}
