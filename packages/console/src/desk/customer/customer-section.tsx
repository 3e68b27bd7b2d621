import { CopyButton, Divider, Group, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';

/** A titled section of the customer panel. */
export function CustomerSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={7}>
      <Divider label={title} labelPosition="left" />
      {children}
    </Stack>
  );
}

/** A labelled value that copies on click. Renders nothing without a value. */
export function CustomerField({ label, value }: { label: string; value: string | null }) {
  if (value === null || value === '') return null;
  return (
    <Group justify="space-between" gap="xs" wrap="nowrap">
      <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
        {label}
      </Text>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <UnstyledButton onClick={copy} style={{ minWidth: 0 }} aria-label={`Copy ${label}: ${value}`}>
              <Text size="sm" truncate>
                {value}
              </Text>
            </UnstyledButton>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
