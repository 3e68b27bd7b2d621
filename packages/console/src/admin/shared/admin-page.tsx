import { Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import classes from './admin.module.css';

/** How wide a form may be: fields that are wider than what is written in them make it harder to read, not easier. */
export const formWidth = 1100;

/** A page of the panel: what it is about, what can be done, and the rest. */
export function AdminPage(props: {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const { title, about, actions, children } = props;
  useEffect(() => {
    document.title = `${title} · Mevrik`;
  }, [title]);
  return (
    <div className={classes.page}>
      <Group justify="space-between" align="flex-end" gap="md">
        <Stack gap={2}>
          <Title order={1}>{title}</Title>
          {about && (
            <Text size="sm" c="dimmed" maw={720}>
              {about}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </div>
  );
}
