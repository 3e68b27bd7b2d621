import { Button, Card, Group, Stack, Text } from '@mantine/core';
import type { Replay } from '@mevrik/protocol';
import { IconArrowLeft, IconPlayerStop, IconRepeat } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { ButtonLink } from '../../shared/links.tsx';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { exactTime } from '../../shared/time.tsx';
import { AdminPage } from '../shared/admin-page.tsx';
import { modals } from '../shared/confirm.tsx';
import { ReplayEntries } from './replay-entries.tsx';
import { ReplayBadge, ReplayProgress } from './replay-progress.tsx';
import { searchOf } from './replay-search.ts';
import { filterInWords } from './replay-words.ts';

/** One replay: its progress and the result of each event. */
export function ReplayRunPage() {
  const { replayId } = useParams({ from: '/admin/replay/$replayId' });
  const id = Number(replayId);
  const replay = useQuery({
    queryKey: ['replays', 'one', id],
    meta: { live: ['activity'] },
    queryFn: () => api.rest.admin.replay(id),
  });
  if (replay.isPending) return <Loading />;
  if (replay.isError) return <Failure error={replay.error} onRetry={() => void replay.refetch()} />;
  const { actor, createdAt, finishedAt, filter, listeners, status } = replay.data;

  return (
    <AdminPage
      title={`Replay ${id}`}
      about={`${listeners.join(', ')} on ${filterInWords(filter)}`}
      actions={<PageActions replay={replay.data} />}
    >
      <Card withBorder>
        <Stack gap="sm">
          <Group gap="sm">
            <ReplayBadge status={status} />
            <Text size="sm" c="dimmed">
              Started by {actor}, {exactTime(createdAt)}
              {finishedAt && `; finished ${exactTime(finishedAt)}`}
            </Text>
          </Group>
          <ReplayProgress of={replay.data} />
        </Stack>
      </Card>
      <ReplayEntries replay={replay.data} />
    </AdminPage>
  );
}

function PageActions({ replay }: { replay: Replay }) {
  const queries = useQueryClient();

  async function cancel(id: number): Promise<void> {
    try {
      await api.rest.admin.cancelReplay(id);
    } catch (error) {
      notifyFailure('Could not cancel the replay', error);
    }
    void queries.invalidateQueries({ queryKey: ['replays'] });
  }

  return (
    <>
      <ButtonLink to="/admin/replay" variant="default" size="xs" leftSection={<IconArrowLeft size={15} />}>
        All replays
      </ButtonLink>
      <ButtonLink
        to="/admin/replay"
        search={searchOf(replay)}
        variant="default"
        size="xs"
        leftSection={<IconRepeat size={15} />}
      >
        Repeat
      </ButtonLink>
      {replay.status === 'running' && (
        <Button
          size="xs"
          color="red"
          leftSection={<IconPlayerStop size={15} />}
          onClick={() =>
            modals.confirm({
              title: 'Stop this replay?',
              text: 'Pending events will not run. Completed runs are kept.',
              action: 'Stop replay',
              onConfirm: () => cancel(replay.id),
            })
          }
        >
          Stop…
        </Button>
      )}
    </>
  );
}
