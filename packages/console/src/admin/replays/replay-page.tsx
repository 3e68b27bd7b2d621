import { Card, Stack, Title } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { AdminPage } from '../shared/admin-page.tsx';
import { ReplayForm } from './replay-form.tsx';
import { ReplayList } from './replay-list.tsx';
import type { ReplaySearch } from './replay-words.ts';

/** Having listeners handle events again, and what became of it. */
export function ReplayPage() {
  const search = useSearch({ strict: false }) as ReplaySearch;
  return (
    <AdminPage
      title="Replay"
      about="Has listeners handle events again that they have handled before: after a mistake was mended, or for a listener that had something else to do with them then. Nothing runs before you have seen what it would be."
    >
      <Card withBorder>
        <ReplayForm key={JSON.stringify(search)} search={search} />
      </Card>
      <Stack gap="xs">
        <Title order={2}>Replays so far</Title>
        <ReplayList />
      </Stack>
    </AdminPage>
  );
}
