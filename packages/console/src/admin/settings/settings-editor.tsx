import { Button, Card, Group, JsonInput, Stack, Switch, Tabs, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { AppRecord, SettingGroup } from '@mevrik/protocol';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { formWidth } from '../shared/admin-page.tsx';
import type { EditedApp } from '../shared/edited-app.ts';
import { SaveBar, SaveError, useSaveGuard } from '../shared/save-guard.tsx';
import {
  type FormErrors,
  formErrorsOf,
  isChanged,
  noDraft,
  noFormErrors,
  type SettingValues,
  toPatch,
  withoutSaved,
} from './setting-draft.ts';
import { SettingForm } from './setting-form.tsx';

/** Settings that have a tab of their own. */
const ownTabs = new Set(['sla', 'dispositions', 'businessHours']);

/** The settings of an app, as a form or as JSON. */
export function SettingsEditor(edited: EditedApp) {
  const known = useQuery({
    queryKey: ['admin', 'app-settings'],
    queryFn: () => api.rest.admin.appSettings(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (known.isPending) return <Loading />;
  if (known.isError) return <Failure error={known.error} onRetry={() => void known.refetch()} />;
  const groups = known.data.groups.flatMap((group) => {
    if (ownTabs.has(group.path.split('.')[0] ?? '')) return [];
    return [{ ...group, fields: group.fields.filter((field) => !ownTabs.has(field.path)) }];
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

function useRefresh({ id }: AppRecord): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    notifications.show({ message: 'Saved. Changes are live.' });
    await queries.invalidateQueries({ queryKey: ['admin', 'app', String(id)] });
    for (const key of [['apps'], ['admin', 'apps']]) void queries.invalidateQueries({ queryKey: key });
  };
}

function SettingsForm({ app, onLoad, groups }: EditedApp & { groups: readonly SettingGroup[] }) {
  const guard = useSaveGuard(app.etag);
  const refresh = useRefresh(app);
  const [name, setName] = useState(app.name);
  const [enabled, setEnabled] = useState(app.enabled);
  const [draft, setDraft] = useState(noDraft);
  const [errors, setFormErrors] = useState<FormErrors>(noFormErrors);
  const [busy, setBusy] = useState(false);
  async function save(): Promise<void> {
    setBusy(true);
    setFormErrors(noFormErrors);
    try {
      const settings = changedSettings(app.settings, toPatch(draft, groups, app.settings));
      const body = { name: name.trim(), enabled, settings };
      await guard.saveChanges((how) => api.rest.admin.changeApp(app.id, body, how));
      await refresh();
      setDraft((now) => withoutSaved(now, draft));
    } catch (reason) {
      setFormErrors(formErrorsOf(reason, groups));
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
            label="App name"
            value={name}
            error={errors.at.name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Switch
            mt={26}
            label="Enabled"
            description="A disabled app accepts no messages, and its connections are closed."
            checked={enabled}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
          />
        </Group>
        <SettingForm groups={groups} stored={app.settings} draft={draft} onDraft={setDraft} errors={errors} />
        <SaveError guard={guard} text={errors.rest} onSave={save} onLoad={onLoad} />
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            Empty fields use the default shown in gray. Changes are recorded in the audit log.
          </Text>
          <Button type="submit" loading={busy} disabled={!isTouched}>
            Save
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

/** The changed settings for the API, each complete; `null` restores a default. */
function changedSettings(stored: SettingValues, patch: SettingValues): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(patch).map(([name, change]) => {
      if (typeof change !== 'object' || change === null || Array.isArray(change)) return [name, change];
      const whole = { ...(stored[name] as SettingValues | undefined), ...change };
      const kept = Object.entries(whole).filter(([, value]) => value !== null);
      return [name, kept.length > 0 ? Object.fromEntries(kept) : null];
    }),
  );
}

function SettingsJson({ app, onLoad }: EditedApp) {
  const guard = useSaveGuard(app.etag);
  const refresh = useRefresh(app);
  const [text, setText] = useState(() => JSON.stringify(app.settings, null, 2));
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  async function save(): Promise<void> {
    setBusy(true);
    setError(undefined);
    try {
      const body = JSON.parse(text);
      await guard.saveChanges((how) => api.rest.admin.replaceAppSettings(app.id, body, how));
      await refresh();
    } catch (reason) {
      setError(
        reason instanceof SyntaxError ? `This is not valid JSON: ${reason.message}` : errorMessage(reason),
      );
    } finally {
      setBusy(false);
    }
  }
  return (
    <Card withBorder maw={formWidth}>
      <Stack>
        <div>
          <Title order={2}>All settings</Title>
          <Text size="sm" c="dimmed">
            This replaces all settings of the app. Deleted settings return to their defaults.
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
        <SaveBar
          guard={guard}
          error={error}
          isBusy={busy}
          label="Replace settings"
          onSave={save}
          onLoad={onLoad}
        />
      </Stack>
    </Card>
  );
}
