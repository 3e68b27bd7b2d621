import { Alert, Button, Group, MultiSelect, Select, Stack, TextInput } from '@mantine/core';
import type { ReplayPreview, ReplayRequest } from '@mevrik/protocol';
import { IconEye } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { eventTypes } from '../events/event-types.ts';
import classes from '../shared/admin.module.css';
import { ReplayPreviewView } from './replay-preview.tsx';
import { listOf, localTime, type ReplaySearch, requestOf } from './replay-words.ts';

/** What was asked, and what it would run. */
interface Seen {
  readonly request: ReplayRequest;
  readonly preview: ReplayPreview;
}

/** Which events, and who handles them again; then what that would be. */
export function ReplayForm({ search }: { search: ReplaySearch }) {
  const [form, setForm] = useState<ReplaySearch>({
    ...search,
    ...(search.appId === undefined ? {} : { appId: String(search.appId) }),
  });
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => api.rest.desk.apps() });
  const listeners = useQuery({
    queryKey: ['listeners'],
    queryFn: () => api.rest.admin.subscriptions(),
  });
  const look = useMutation({
    mutationFn: async (request: ReplayRequest): Promise<Seen> => {
      // What comes in from now on is no part of it: it would be more than was seen.
      const { until = new Date().toISOString(), ...filter } = request.filter;
      const asked = { ...request, filter: { ...filter, ...(filter.eventId ? {} : { until }) } };
      return { request: asked, preview: await api.rest.admin.previewReplay(asked) };
    },
  });
  const change = (next: { [Name in keyof ReplaySearch]?: string | undefined }) => {
    look.reset();
    setForm((known) => {
      const changed = Object.entries({ ...known, ...next }).filter(
        ([, value]) => value !== undefined && value !== '',
      );
      return Object.fromEntries(changed) as ReplaySearch;
    });
  };
  const types = listOf(form.types);
  const names = (listeners.data?.items ?? [])
    .filter(({ mode, status }) => mode === 'queued' && status !== 'retired')
    .filter(({ events }) => types.length === 0 || events.some((event) => types.includes(event)))
    .map(({ name }) => name);
  const chosen = listOf(form.listeners);
  const { listeners: _, ...which } = form;
  const isNamed = Object.keys(which).length > 0;
  return (
    <Stack
      component="form"
      gap="md"
      onSubmit={(event) => {
        event.preventDefault();
        look.mutate(requestOf(form));
      }}
    >
      <div className={classes.fields}>
        <MultiSelect
          label="Kinds of event"
          placeholder={types.length === 0 ? 'All that the listeners hear' : ''}
          data={eventTypes}
          value={types}
          onChange={(next) => change({ types: next.join(',') })}
          searchable
          clearable
        />
        <Select
          label="App"
          placeholder="All apps"
          data={(apps.data?.items ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
          value={form.appId ?? null}
          onChange={(appId) => change({ appId: appId ?? undefined })}
          clearable
        />
        <TextInput
          label="Conversation"
          placeholder="All, or one as 1/web:…"
          value={form.key ?? ''}
          onChange={(event) => change({ key: event.currentTarget.value })}
        />
        <TextInput
          label="From"
          type="datetime-local"
          value={localTime(form.from)}
          onChange={(event) => change({ from: instantOf(event.currentTarget.value) })}
        />
        <TextInput
          label="Until"
          type="datetime-local"
          value={localTime(form.until)}
          onChange={(event) => change({ until: instantOf(event.currentTarget.value) })}
        />
        <TextInput
          label="One event alone"
          placeholder="Its id"
          value={form.eventId ?? ''}
          onChange={(event) => change({ eventId: event.currentTarget.value.trim() })}
        />
      </div>
      <MultiSelect
        label="Listeners that handle them again"
        description="These, and no others."
        placeholder={chosen.length === 0 ? 'Choose at least one' : ''}
        data={[...new Set([...names, ...chosen])]}
        value={chosen}
        onChange={(next) => change({ listeners: next.join(',') })}
        searchable
      />
      <Group gap="sm">
        <Button
          type="submit"
          leftSection={<IconEye size={16} />}
          loading={look.isPending}
          disabled={chosen.length === 0 || !isNamed}
        >
          Show what would run
        </Button>
        {!isNamed && <span className={classes.hint}>Say which events: a kind, a time, a conversation …</span>}
      </Group>
      {look.isError && (
        <Alert color="red" role="alert" title="This cannot be replayed">
          {errorMessage(look.error)}
        </Alert>
      )}
      {look.data && <ReplayPreviewView {...look.data} onAgain={() => look.mutate(look.data.request)} />}
    </Stack>
  );
}

function instantOf(local: string): string | undefined {
  return local === '' ? undefined : new Date(local).toISOString();
}
