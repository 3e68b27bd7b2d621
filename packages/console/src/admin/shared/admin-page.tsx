import { Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import classes from './admin.module.css';

/** The maximum width of a form in pixels: fields much wider than their contents are hard to read. */
export const formWidth = 1100;

/** A page of the panel: title, description, actions and content. */
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
