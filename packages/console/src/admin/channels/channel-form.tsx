import { Alert, Button, Card, Group, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ChannelKind, ChannelTest, ConfiguredChannel } from '@mevrik/protocol';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { MevrikError } from '../../shared/sdk.ts';
import {
  type FormErrors,
  formErrorsOf,
  isChanged,
  noDraft,
  noFormErrors,
  toPatch,
} from '../settings/setting-draft.ts';
import { SettingForm } from '../settings/setting-form.tsx';
import { SaveError, type SaveGuard } from '../shared/save-guard.tsx';
import type { Tagged } from '../shared/use-tagged.ts';

/** The settings of a channel; its credentials can be tested before they are saved. */
export function ChannelForm(props: {
  appId: number;
  kind: ChannelKind;
  /** `undefined` for a new channel. */
  channel: Tagged<ConfiguredChannel> | undefined;
  guard: SaveGuard;
  onLoad: () => Promise<void>;
  onSaved: (name: string, given: Readonly<Record<string, unknown>>) => Promise<void>;
}) {
  const { appId, kind, channel, guard, onLoad, onSaved } = props;
  const [name, setName] = useState(channel?.name ?? kind.kind);
  const [draft, setDraft] = useState(noDraft);
  const [errors, setFormErrors] = useState<FormErrors>(noFormErrors);
  const [busy, setBusy] = useState<'save' | 'test'>();
  const [testResult, setTestResult] = useState<ChannelTest>();
  const stored = channel?.settings ?? {};
  const settings = () => toPatch(draft, kind.groups, stored);

  async function run(action: 'save' | 'test', work: () => Promise<void>): Promise<void> {
    setBusy(action);
    setFormErrors(noFormErrors);
    setTestResult(undefined);
    try {
      await work();
    } catch (error) {
      setFormErrors(formErrorsOf(error, kind.groups));
    } finally {
      setBusy(undefined);
    }
  }
  const test = () =>
    run('test', async () => {
      setTestResult(await api.rest.admin.testChannel(appId, name, { kind: kind.kind, settings: settings() }));
    });
  const save = () =>
    run('save', async () => {
      if (channel)
        await guard.saveChanges((how) =>
          api.rest.admin.changeChannel(appId, name, { settings: settings() }, how),
        );
      else {
        await assertNameIsFree(appId, name);
        await api.rest.admin.putChannel(appId, name, { kind: kind.kind, settings: withoutNulls(settings()) });
      }
      notifications.show({ message: 'Saved. Changes are live.' });
      await onSaved(name, draft.changes);
      setDraft(noDraft);
    });
  if (!isChanged(draft)) guard.follow(channel?.etag);

  return (
    <Card
      withBorder
      component="form"
      onSubmit={(event: { preventDefault(): void }) => {
        event.preventDefault();
        void save();
      }}
    >
      <Stack gap="lg">
        {!channel && (
          <TextInput
            label="Channel name"
            description="Letters, digits, - and _. It is part of the webhook URL and cannot be changed later."
            value={name}
            error={errors.at.name}
            onChange={(event) => setName(event.currentTarget.value)}
            withAsterisk
          />
        )}
        {kind.groups.length === 0 ? (
          <Text size="sm" c="dimmed">
            This channel has no settings.
          </Text>
        ) : (
          <SettingForm
            groups={kind.groups}
            stored={stored}
            secrets={channel?.secrets ?? []}
            draft={draft}
            onDraft={setDraft}
            errors={errors}
          />
        )}
        {testResult && (
          <Alert color={testResult.ok ? 'teal' : 'red'} role={testResult.ok ? 'status' : 'alert'}>
            {testResult.ok ? 'The credentials work.' : testResult.reason}
          </Alert>
        )}
        <SaveError guard={guard} text={errors.rest} onSave={save} onLoad={onLoad} />
        <Group justify="flex-end">
          {kind.isTestable && (
            <Button variant="default" loading={busy === 'test'} onClick={() => void test()}>
              Test credentials
            </Button>
          )}
          {(!channel || kind.groups.length > 0) && (
            <Button type="submit" loading={busy === 'save'} disabled={channel && !isChanged(draft)}>
              {channel ? 'Save' : 'Add channel'}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}

/** Throws if the name is in use: adding a channel must not replace an existing one. */
async function assertNameIsFree(appId: number, name: string): Promise<void> {
  const { items } = await api.rest.admin.appChannels(appId);
  if (items.every((one) => one.name !== name)) return;
  const message = 'is already in use: choose another name';
  throw new MevrikError(409, 'conflict', message, { fields: [{ path: 'name', message }] });
}

/** Leaves out settings that are `null`: a new channel has nothing to remove. */
function withoutNulls(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => {
      if (value === null) return [];
      const isGroup = typeof value === 'object' && !Array.isArray(value);
      return [[name, isGroup ? withoutNulls(value as Record<string, unknown>) : value]];
    }),
  );
}
