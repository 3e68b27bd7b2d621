import { Alert, Button, Group, MultiSelect, Stack, TextInput } from '@mantine/core';
import type { ReplayPreview, ReplayRequest } from '@mevrik/protocol';
import { IconEye } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { listOf } from '../../shared/search-params.ts';
import { eventTypes } from '../events/event-types.ts';
import classes from '../shared/admin.module.css';
import { AppSelect, TimeInput } from '../shared/filter-inputs.tsx';
import { useListeners } from '../shared/queries.ts';
import { ReplayPreviewView } from './replay-preview.tsx';
import { type ReplaySearch, readReplaySearch, requestOf } from './replay-search.ts';

/** A request and its preview. */
interface PreviewedRequest {
  readonly request: ReplayRequest;
  readonly preview: ReplayPreview;
}

type ReplaySearchChange = { [Name in keyof ReplaySearch]?: string | undefined };

/** Selects events and listeners, then previews the replay. */
export function ReplayForm({ search }: { search: ReplaySearch }) {
  const [form, setForm] = useState(search);
  const listeners = useListeners();
  const preview = useReplayPreview();
  const change = (next: ReplaySearchChange) => {
    preview.reset();
    setForm((known) => readReplaySearch({ ...known, ...next }));
  };
  const types = listOf(form.types);
  const names = (listeners.data?.items ?? [])
    .filter(({ mode, status }) => mode === 'queued' && status !== 'retired')
    .filter(({ events }) => types.length === 0 || events.some((event) => types.includes(event)))
    .map(({ name }) => name);
  const chosen = listOf(form.listeners);
  const { listeners: _, ...filter } = form;
  const hasFilter = Object.keys(filter).length > 0;
  return (
    <Stack
      component="form"
      gap="md"
      onSubmit={(event) => {
        event.preventDefault();
        preview.mutate(requestOf(form));
      }}
    >
      <EventFields form={form} change={change} />
      <MultiSelect
        label="Listeners"
        description="Only these listeners handle the events again."
        placeholder={chosen.length === 0 ? 'Select at least one' : ''}
        data={[...new Set([...names, ...chosen])]}
        value={chosen}
        onChange={(next) => change({ listeners: next.join(',') })}
        searchable
      />
      <Group gap="sm">
        <Button
          type="submit"
          leftSection={<IconEye size={16} />}
          loading={preview.isPending}
          disabled={chosen.length === 0 || !hasFilter}
        >
          Preview
        </Button>
        {!hasFilter && (
          <span className={classes.hint}>Select events first: a type, a time range, a conversation…</span>
        )}
      </Group>
      {preview.isError && (
        <Alert color="red" role="alert" title="Could not preview the replay">
          {errorMessage(preview.error)}
        </Alert>
      )}
      {preview.data && (
        <ReplayPreviewView {...preview.data} onRefresh={() => preview.mutate(preview.data.request)} />
      )}
    </Stack>
  );
}

/** Previews a replay; its range ends now, so that events which arrive later do not join the replay unseen. */
function useReplayPreview() {
  return useMutation({
    mutationFn: async (request: ReplayRequest): Promise<PreviewedRequest> => {
      const { until = new Date().toISOString(), ...filter } = request.filter;
      const bounded = { ...request, filter: { ...filter, ...(filter.eventId ? {} : { until }) } };
      return { request: bounded, preview: await api.rest.admin.previewReplay(bounded) };
    },
  });
}

function EventFields(props: { form: ReplaySearch; change: (next: ReplaySearchChange) => void }) {
  const { form, change } = props;
  const types = listOf(form.types);
  return (
    <div className={classes.fields}>
      <MultiSelect
        label="Event types"
        placeholder={types.length === 0 ? 'All types these listeners handle' : ''}
        data={eventTypes}
        value={types}
        onChange={(next) => change({ types: next.join(',') })}
        searchable
        clearable
      />
      <AppSelect value={form.appId} onChange={(appId) => change({ appId })} />
      <TextInput
        label="Conversation"
        placeholder="All, or 1/web:…"
        value={form.key ?? ''}
        onChange={(event) => change({ key: event.currentTarget.value })}
      />
      <TimeInput label="From" value={form.from} onChange={(from) => change({ from })} />
      <TimeInput label="Until" value={form.until} onChange={(until) => change({ until })} />
      <TextInput
        label="Single event"
        placeholder="Event ID"
        value={form.eventId ?? ''}
        onChange={(event) => change({ eventId: event.currentTarget.value.trim() })}
      />
    </div>
  );
}
