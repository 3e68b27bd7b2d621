import { Card, Stack, Title } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { AdminPage } from '../shared/admin-page.tsx';
import { ReplayForm } from './replay-form.tsx';
import { ReplayList } from './replay-list.tsx';

/** Starts replays and lists them. */
export function ReplayPage() {
  const search = useSearch({ from: '/admin/replay' });
  return (
    <AdminPage
      title="Replays"
      about="Let listeners handle past events again, for example after fixing a bug. You see a preview before anything runs."
    >
      <Card withBorder>
        <ReplayForm key={JSON.stringify(search)} search={search} />
      </Card>
      <Stack gap="xs">
        <Title order={2}>History</Title>
        <ReplayList />
      </Stack>
    </AdminPage>
  );
}
