import { Button, Group } from '@mantine/core';

/** Under a list that is loaded page by page: the button for its next page, as long as there is one. */
export function LoadMore({
  of: { hasNextPage, isFetchingNextPage, fetchNextPage },
  label = 'Load more',
}: {
  label?: string;
  of: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> };
}) {
  if (!hasNextPage) return null;
  return (
    <Group justify="center">
      <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {label}
      </Button>
    </Group>
  );
}
