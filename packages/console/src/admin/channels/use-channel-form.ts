import { notifications } from '@mantine/notifications';
import type { ChannelKind, ChannelTest, ConfiguredChannel } from '@mevrik/protocol';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { MevrikError } from '../../shared/sdk.ts';
import {
  type FormErrors,
  formErrorsOf,
  isObject,
  noDraft,
  noFormErrors,
  type SettingValues,
  toPatch,
  withoutSaved,
} from '../settings/setting-draft.ts';
import type { SaveGuard } from '../shared/save-guard.tsx';
import type { Tagged } from '../shared/use-tagged.ts';

/** What the form of a channel is for. */
export interface ChannelFormProps {
  readonly appId: number;
  readonly kind: ChannelKind;
  /** `undefined` for a new channel. */
  readonly channel: Tagged<ConfiguredChannel> | undefined;
  readonly guard: SaveGuard;
  readonly onLoad: () => Promise<void>;
  readonly onSaved: (name: string, given: SettingValues) => Promise<void>;
}

/** The entered name and settings of a channel, and the requests that save and test them. */
export function useChannelForm({ appId, kind, channel, guard, onSaved }: ChannelFormProps) {
  const [name, setName] = useState(channel?.name ?? kind.kind);
  const [draft, setDraft] = useState(noDraft);
  const [errors, setErrors] = useState<FormErrors>(noFormErrors);
  const [busy, setBusy] = useState<'save' | 'test'>();
  const [testResult, setTestResult] = useState<ChannelTest>();
  const settings = () => toPatch(draft, kind.groups, channel?.settings ?? {});

  async function run(action: 'save' | 'test', work: () => Promise<void>): Promise<void> {
    setBusy(action);
    setErrors(noFormErrors);
    setTestResult(undefined);
    try {
      await work();
    } catch (error) {
      setErrors(formErrorsOf(error, kind.groups));
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
      if (channel) {
        await guard.saveChanges((how) =>
          api.rest.admin.changeChannel(appId, name, { settings: settings() }, how),
        );
      } else {
        await assertNameIsFree(appId, name);
        await api.rest.admin.putChannel(appId, name, { kind: kind.kind, settings: withoutNulls(settings()) });
      }
      notifications.show({ message: 'Saved. Changes are live.' });
      await onSaved(name, draft.changes);
      setDraft((now) => withoutSaved(now, draft));
    });

  return { name, setName, draft, setDraft, errors, busy, testResult, test, save };
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
      return [[name, isObject(value) ? withoutNulls(value) : value]];
    }),
  );
}
