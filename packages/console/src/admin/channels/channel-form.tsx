import { Alert, Button, Card, Group, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ChannelKind, ChannelTest, ConfiguredChannel } from '@mevrik/protocol';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { MevrikError } from '../../shared/sdk.ts';
import { type Faults, faultsOf, isChanged, noDraft, noFaults, toPatch } from '../settings/setting-draft.ts';
import { SettingForm } from '../settings/setting-form.tsx';
import { SaveFault, type SaveGuard } from '../shared/save-guard.tsx';
import type { Tagged } from '../shared/use-tagged.ts';

/** What a channel is told; it can be tried before it is kept. */
export function ChannelForm(props: {
  appId: number;
  kind: ChannelKind;
  /** `undefined` for one that is new. */
  channel: Tagged<ConfiguredChannel> | undefined;
  guard: SaveGuard;
  onLoad: () => Promise<void>;
  onSaved: (name: string, given: Readonly<Record<string, unknown>>) => Promise<void>;
}) {
  const { appId, kind, channel, guard, onLoad, onSaved } = props;
  const [name, setName] = useState(channel?.name ?? kind.kind);
  const [draft, setDraft] = useState(noDraft);
  const [faults, setFaults] = useState<Faults>(noFaults);
  const [busy, setBusy] = useState<'save' | 'test'>();
  const [tested, setTested] = useState<ChannelTest>();
  const stored = channel?.settings ?? {};
  const settings = () => toPatch(draft, kind.groups, stored);

  async function run(what: 'save' | 'test', work: () => Promise<void>): Promise<void> {
    setBusy(what);
    setFaults(noFaults);
    setTested(undefined);
    try {
      await work();
    } catch (error) {
      setFaults(faultsOf(error, kind.groups));
    } finally {
      setBusy(undefined);
    }
  }
  const test = () =>
    run('test', async () => {
      setTested(await api.rest.admin.testChannel(appId, name, { kind: kind.kind, settings: settings() }));
    });
  const save = () =>
    run('save', async () => {
      if (channel)
        await guard.over((how) => api.rest.admin.changeChannel(appId, name, { settings: settings() }, how));
      else {
        await refuseKnown(appId, name);
        await api.rest.admin.putChannel(appId, name, { kind: kind.kind, settings: withoutNulls(settings()) });
      }
      notifications.show({ message: 'Saved. It holds at once.' });
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
            label="Name of the channel"
            description="Letters, digits, - and _. It is part of addresses and stays as it is."
            value={name}
            error={faults.at.name}
            onChange={(event) => setName(event.currentTarget.value)}
            withAsterisk
          />
        )}
        {kind.groups.length === 0 ? (
          <Text size="sm" c="dimmed">
            There is nothing that it has to be told.
          </Text>
        ) : (
          <SettingForm
            groups={kind.groups}
            stored={stored}
            secrets={channel?.secrets ?? []}
            draft={draft}
            onDraft={setDraft}
            faults={faults}
          />
        )}
        {tested && (
          <Alert color={tested.ok ? 'teal' : 'red'} role={tested.ok ? 'status' : 'alert'}>
            {tested.ok ? 'It works: the provider lets us in.' : tested.reason}
          </Alert>
        )}
        <SaveFault guard={guard} text={faults.rest} onSave={save} onLoad={onLoad} />
        <Group justify="flex-end">
          {kind.isTestable && (
            <Button variant="default" loading={busy === 'test'} onClick={() => void test()}>
              Try the credentials
            </Button>
          )}
          {(!channel || kind.groups.length > 0) && (
            <Button type="submit" loading={busy === 'save'} disabled={channel && !isChanged(draft)}>
              {channel ? 'Save' : 'Add the channel'}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}

/** What is added must not replace what is there. */
async function refuseKnown(appId: number, name: string): Promise<void> {
  const path = `/v1/admin/apps/${appId}/channels`;
  const { items } = await api.call<{ items: readonly { name: string }[] }>('GET', path);
  if (items.every((one) => one.name !== name)) return;
  const message = 'is taken already: choose another one';
  throw new MevrikError(409, 'conflict', message, { fields: [{ path: 'name', message }] });
}

/** In a new channel there is nothing to take away. */
function withoutNulls(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => {
      if (value === null) return [];
      const isGroup = typeof value === 'object' && !Array.isArray(value);
      return [[name, isGroup ? withoutNulls(value as Record<string, unknown>) : value]];
    }),
  );
}
