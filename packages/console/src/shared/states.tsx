import { Alert, Button, Center, Skeleton, Stack, Text } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { errorMessage } from './error-message.ts';

/** An empty state with an explanation. */
export function Empty({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <Center p="xl" h="100%" mih={180}>
      <Stack align="center" gap={6} maw={340} ta="center" c="dimmed">
        {icon}
        <Text fw={600} c="var(--mantine-color-text)">
          {title}
        </Text>
        <Text size="sm">{children}</Text>
      </Stack>
    </Center>
  );
}

/** The error of a form or action. Renders nothing without a text. */
export function FormError({ text }: { text: string | undefined }) {
  if (!text) return null;
  return (
    <Alert color="red" role="alert">
      {text}
    </Alert>
  );
}

/** Shown when loading failed: the reason and a retry. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <Alert
      color="red"
      icon={<IconAlertCircle size={18} />}
      m="md"
      role="alert"
      title="Could not load this"
      // As tall as its text also where a grid would stretch it.
      style={{ alignSelf: 'start' }}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{errorMessage(error)}</Text>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Retry
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Skeleton lines while something loads. */
export function Loading({ lines = 6, height = 44 }: { lines?: number; height?: number }) {
  return (
    <Stack gap="xs" p="md" role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: lines }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={at} height={height} radius="md" />
      ))}
    </Stack>
  );
}
