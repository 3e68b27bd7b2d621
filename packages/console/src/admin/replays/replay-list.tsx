import { Table, Text } from '@mantine/core';
import type { Replay } from '@mevrik/protocol';
import { IconRepeat } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { Ago } from '../../shared/time.tsx';
import { usePages } from '../../shared/use-pages.ts';
import classes from '../shared/admin.module.css';
import { RowList } from '../shared/row-list.tsx';
import { ReplayBadge, ReplayProgress } from './replay-progress.tsx';
import { filterInWords } from './replay-words.ts';

/** All replays, newest first. */
export function ReplayList() {
  const list = usePages({
    queryKey: ['replays', 'list'],
    meta: { live: ['activity'] },
    load: (start) => api.rest.admin.replays({ limit: 20, ...start }),
  });
  return (
    <RowList
      list={list}
      columns={['Replay', 'Started', 'Started by', 'Listeners', 'Events', 'Status', 'Progress']}
      row={(replay) => <ReplayRow key={replay.id} replay={replay} />}
      empty={{
        icon: <IconRepeat size={34} stroke={1.4} />,
        title: 'No replays yet',
        text: 'Select events and listeners above, then preview the replay.',
      }}
    />
  );
}

function ReplayRow({ replay }: { replay: Replay }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Link to="/admin/replay/$replayId" params={{ replayId: String(replay.id) }} className={classes.link}>
          Replay&nbsp;{replay.id}
        </Link>
      </Table.Td>
      <Table.Td>
        <Ago at={replay.createdAt} />
      </Table.Td>
      <Table.Td>{replay.actor}</Table.Td>
      <Table.Td maw={260}>{replay.listeners.join(', ')}</Table.Td>
      <Table.Td maw={360}>
        <Text size="sm" lineClamp={2}>
          {filterInWords(replay.filter)}
        </Text>
      </Table.Td>
      <Table.Td>
        <ReplayBadge status={replay.status} />
      </Table.Td>
      <Table.Td w={220}>
        <ReplayProgress of={replay} />
      </Table.Td>
    </Table.Tr>
  );
}
