import { Button, Card, Group, JsonInput, Stack, Switch, Tabs, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { SettingGroup } from '@mevrik/protocol';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { formWidth } from '../shared/admin-page.tsx';
import type { AppRow, EditedApp } from '../shared/api-types.ts';
import { SaveFault, useSaveGuard } from '../shared/save-guard.tsx';
import {
  type Faults,
  faultsOf,
  isChanged,
  noDraft,
  noFaults,
  type Settings,
  toPatch,
} from './setting-draft.ts';
import { SettingForm } from './setting-form.tsx';

/** What has tabs of its own. */
const elsewhere = new Set(['sla', 'dispositions', 'businessHours']);

/** The settings of an app: as a form, and all of them as JSON. */
export function SettingsEditor(edited: EditedApp) {
  const known = useQuery({
    queryKey: ['admin', 'app-settings'],
    queryFn: () => api.call<{ groups: readonly SettingGroup[] }>('GET', '/v1/admin/app-settings'),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (known.isPending) return <Loading />;
  if (known.isError) return <Failure error={known.error} onRetry={() => void known.refetch()} />;
  const groups = known.data.groups.flatMap((group) => {
    if (elsewhere.has(group.path.split('.')[0] ?? '')) return [];
    return [{ ...group, fields: group.fields.filter((field) => !elsewhere.has(field.path)) }];
  });
  return (
    <Tabs defaultValue="form" variant="pills" keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="form">Form</Tabs.Tab>
        <Tabs.Tab value="json">JSON</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="form">
        <SettingsForm {...edited} groups={groups} />
      </Tabs.Panel>
      <Tabs.Panel value="json">
        <SettingsJson {...edited} />
      </Tabs.Panel>
    </Tabs>
  );
}

function useRefresh({ id }: AppRow): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    notifications.show({ message: 'Saved. It holds at once.' });
    await queries.invalidateQueries({ queryKey: ['admin', 'app', String(id)] });
    for (const key of [['apps'], ['admin', 'apps']]) void queries.invalidateQueries({ queryKey: key });
  };
}

function SettingsForm({ path, app, onLoad, groups }: EditedApp & { groups: readonly SettingGroup[] }) {
  const guard = useSaveGuard(app.etag);
  const refresh = useRefresh(app);
  const [name, setName] = useState(app.name);
  const [enabled, setEnabled] = useState(app.enabled);
  const [draft, setDraft] = useState(noDraft);
  const [faults, setFaults] = useState<Faults>(noFaults);
  const [busy, setBusy] = useState(false);
  async function save(): Promise<void> {
    setBusy(true);
    setFaults(noFaults);
    try {
      const settings = laidOver(app.settings, toPatch(draft, groups, app.settings));
      const body = { name: name.trim(), enabled, settings };
      await guard.over((how) => api.call('PATCH', path, { body, ...how }));
      await refresh();
      setDraft(noDraft);
    } catch (error) {
      setFaults(faultsOf(error, groups));
    } finally {
      setBusy(false);
    }
  }
  const isTouched = isChanged(draft) || name !== app.name || enabled !== app.enabled;
  if (!isTouched) guard.follow(app.etag);
  return (
    <Card
      withBorder
      maw={formWidth}
      component="form"
      onSubmit={(event: { preventDefault(): void }) => {
        event.preventDefault();
        void save();
      }}
    >
      <Stack gap="lg">
        <Group grow align="flex-start">
          <TextInput
            label="Name of the app"
            value={name}
            error={faults.at.name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Switch
            mt={26}
            label="Open"
            description="A disabled app takes no messages, and its connections are closed."
            checked={enabled}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
          />
        </Group>
        <SettingForm groups={groups} stored={app.settings} draft={draft} onDraft={setDraft} faults={faults} />
        <SaveFault guard={guard} text={faults.rest} onSave={save} onLoad={onLoad} />
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            What is left empty has its default, which is shown in grey. Changes are kept in the audit log.
          </Text>
          <Button type="submit" loading={busy} disabled={!isTouched}>
            Save the settings
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

/** The settings that have changed, each whole, as they are sent; `null` for one that has its default again. */
function laidOver(stored: Settings, patch: Settings): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(patch).map(([name, change]) => {
      if (typeof change !== 'object' || change === null || Array.isArray(change)) return [name, change];
      const whole = { ...(stored[name] as Settings | undefined), ...change };
      const kept = Object.entries(whole).filter(([, value]) => value !== null);
      return [name, kept.length > 0 ? Object.fromEntries(kept) : null];
    }),
  );
}

function SettingsJson({ path, app, onLoad }: EditedApp) {
  const guard = useSaveGuard(app.etag);
  const refresh = useRefresh(app);
  const [text, setText] = useState(() => JSON.stringify(app.settings, null, 2));
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  async function save(): Promise<void> {
    setBusy(true);
    setFault(undefined);
    try {
      const body = JSON.parse(text);
      await guard.over((how) => api.call('PUT', `${path}/settings`, { body, ...how }));
      await refresh();
    } catch (error) {
      setFault(error instanceof SyntaxError ? `This is not JSON yet: ${error.message}` : errorMessage(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <Card withBorder maw={formWidth}>
      <Stack>
        <div>
          <Title order={2}>All that is set</Title>
          <Text size="sm" c="dimmed">
            What stands here replaces what was there: a setting that you delete has its default again.
          </Text>
        </div>
        <JsonInput
          aria-label="Settings as JSON"
          value={text}
          onChange={setText}
          formatOnBlur
          autosize
          minRows={8}
          maxRows={28}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12.5 } }}
        />
        <SaveFault guard={guard} text={fault} onSave={save} onLoad={onLoad} />
        <Group justify="flex-end">
          <Button loading={busy} onClick={() => void save()}>
            Replace the settings
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}
