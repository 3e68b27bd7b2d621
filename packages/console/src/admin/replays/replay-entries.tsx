import { Badge, Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import type { Replay, ReplayEntry, ReplayEntryState } from '@mevrik/protocol';
import { IconChecks } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { AnchorLink } from '../../shared/links.tsx';
import { usePages } from '../../shared/use-pages.ts';
import classes from '../shared/admin.module.css';
import { RowList } from '../shared/row-list.tsx';
import { entryColors, entryWords } from './replay-words.ts';

/** The result of each event; failed ones are shown first if there are any. */
export function ReplayEntries({ replay }: { replay: Replay }) {
  const [selected, setSelected] = useState<ReplayEntryState | 'all'>();
  const state = selected ?? (replay.dead > 0 ? 'dead' : 'all');
  const list = usePages({
    queryKey: ['replays', 'entries', replay.id, state],
    meta: { live: ['activity'] },
    load: (start) =>
      api.rest.admin.replayEntries(replay.id, {
        limit: 50,
        ...(state === 'all' ? {} : { status: state }),
        ...start,
      }),
  });
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>Results</Title>
        <SegmentedControl<ReplayEntryState | 'all'>
          size="xs"
          value={state}
          onChange={setSelected}
          data={[
            { value: 'all', label: 'All' },
            ...(['dead', 'waiting', 'done', 'skipped', 'cancelled'] as const).map((value) => ({
              value,
              label: `${entryWords[value]} (${replay[value]})`,
            })),
          ]}
        />
      </Group>
      {replay.dead > 0 && (
        <Text size="sm">
          Failed events are in the <AnchorLink to="/admin/dead-letters">dead letters</AnchorLink>. Retry, edit
          or discard them there.
        </Text>
      )}
      <RowList
        list={list}
        columns={[
          'Event',
          'Conversation',
          'Listener',
          'Status',
          'Error',
          { label: 'Duration', align: 'right' },
        ]}
        row={(entry) => <EntryRow key={`${entry.listener} ${entry.eventId}`} entry={entry} />}
        empty={{ icon: <IconChecks size={34} stroke={1.4} />, title: 'No matching events' }}
      />
    </Stack>
  );
}

function EntryRow({ entry }: { entry: ReplayEntry }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Link to="/admin/events/$eventId" params={{ eventId: entry.eventId }} className={classes.link}>
          {entry.type}
        </Link>
      </Table.Td>
      <Table.Td>
        <Text className={classes.mono} truncate maw={240} c="dimmed">
          {entry.key}
        </Text>
      </Table.Td>
      <Table.Td>{entry.listener}</Table.Td>
      <Table.Td>
        <Badge size="sm" color={entryColors[entry.status]}>
          {entryWords[entry.status]}
        </Badge>
      </Table.Td>
      <Table.Td maw={420}>
        <Text size="sm" lineClamp={2} c="red">
          {entry.failures.at(-1)?.error}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{entry.durationMs === null ? '–' : `${Math.round(entry.durationMs)} ms`}</Table.Td>
    </Table.Tr>
  );
}
