import { Alert, Button, Card, Group, JsonInput, Stack, Switch, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../session/session.ts';
import type { AppRow } from './api-types.ts';
import { useSaving } from './use-saving.ts';

/** The settings of an app, as JSON: each is explained where settings are documented. */
export function SettingsEditor({ path, app }: { path: string; app: AppRow }) {
  const queries = useQueryClient();
  const [text, setText] = useState(() => JSON.stringify(app.settings, null, 2));
  const [enabled, setEnabled] = useState(app.enabled);
  const saving = useSaving(async () => {
    await api.call('PATCH', path, { body: { enabled, settings: JSON.parse(text) } });
    await queries.invalidateQueries({ queryKey: ['admin', 'app', String(app.id)] });
  });
  return (
    <Card withBorder>
      <Stack>
        {saving.fault && (
          <Alert color="red" role="alert">
            {saving.fault}
          </Alert>
        )}
        <Switch
          label="Open"
          description="A disabled app takes no messages, and its connections are closed."
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
        <JsonInput
          label="Settings"
          description="Welcome message, survey, time-outs, real-time options. What is left out stays as it was."
          value={text}
          onChange={setText}
          formatOnBlur
          autosize
          minRows={8}
          maxRows={28}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12.5 } }}
        />
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            Changes are kept in the audit log.
          </Text>
          <Button loading={saving.busy} onClick={() => void saving.save()}>
            Save
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}
