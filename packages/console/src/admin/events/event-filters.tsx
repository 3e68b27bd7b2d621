import { Button, Group, MultiSelect, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconFilterOff, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../session/session.ts';
import { localTime } from '../replays/replay-words.ts';
import classes from '../shared/admin.module.css';
import type { EventFilter } from './event-filter.ts';
import { eventTypes, meaningOf } from './event-types.ts';
import { outcomeWords } from './outcome-badge.tsx';

/** The fields that narrow the list of events down. */
export function EventFilters(props: {
  filter: EventFilter;
  onChange: (next: { readonly [Part in keyof EventFilter]?: string | undefined }) => void;
  onClear: () => void;
}) {
  const { filter, onChange, onClear } = props;
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => api.rest.desk.apps() });
  const types = filter.type?.split(',') ?? [];
  const time = (part: 'from' | 'until', label: string) => (
    <TextInput
      label={label}
      type="datetime-local"
      value={localTime(filter[part])}
      onChange={(event) => {
        const local = event.currentTarget.value;
        onChange({ [part]: local === '' ? undefined : new Date(local).toISOString() });
      }}
    />
  );
  return (
    <div className={classes.fields}>
      <Words
        label="Words"
        placeholder="In what was said, or an id"
        value={filter.text}
        onChange={(text) => onChange({ text })}
      />
      <MultiSelect
        label="Kinds"
        placeholder={types.length === 0 ? 'All kinds' : ''}
        data={eventTypes}
        value={types}
        onChange={(next) => onChange({ type: next.join(',') })}
        renderOption={({ option }) => (
          <div>
            <div>{meaningOf(option.value)}</div>
            <div className={classes.hint}>{option.value}</div>
          </div>
        )}
        searchable
        clearable
      />
      <Select
        label="What became of it"
        placeholder="Anything"
        data={Object.entries(outcomeWords).map(([value, label]) => ({ value, label }))}
        value={filter.outcome ?? null}
        onChange={(outcome) => onChange({ outcome: outcome ?? undefined })}
        clearable
      />
      <Select
        label="App"
        placeholder="All apps"
        data={(apps.data?.items ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
        value={filter.appId ?? null}
        onChange={(appId) => onChange({ appId: appId ?? undefined })}
        clearable
      />
      <Words
        label="Conversation"
        placeholder="As 1/web:…"
        value={filter.key}
        onChange={(key) => onChange({ key })}
      />
      <Words
        label="Session number"
        placeholder="All sessions"
        value={filter.sessionId}
        onChange={(sessionId) => onChange({ sessionId: sessionId.replace(/\D/g, '') })}
      />
      {time('from', 'From')}
      {time('until', 'Until')}
      {Object.keys(filter).length > 0 && (
        <Group align="flex-end">
          <Button variant="subtle" leftSection={<IconFilterOff size={16} />} onClick={onClear}>
            Show all
          </Button>
        </Group>
      )}
    </div>
  );
}

/** A field whose word counts when nothing more is typed for a moment. */
function Words(props: {
  label: string;
  placeholder: string;
  value: string | undefined;
  onChange: (value: string) => void;
}) {
  const { label, placeholder, value = '', onChange } = props;
  const [typed, setTyped] = useState(value);
  const tell = useDebouncedCallback(onChange, 300);
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={typed}
      leftSection={label === 'Words' ? <IconSearch size={15} /> : undefined}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        tell(event.currentTarget.value.trim());
      }}
    />
  );
}
