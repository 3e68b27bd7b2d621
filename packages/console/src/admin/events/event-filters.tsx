import { Button, Group, MultiSelect, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconFilterOff, IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { localTime } from '../replays/replay-words.ts';
import classes from '../shared/admin.module.css';
import { useApps } from '../shared/queries.ts';
import type { EventLogFilter } from './event-filter.ts';
import { eventTypes, meaningOf } from './event-types.ts';
import { outcomeWords } from './outcome-words.ts';

/** The filters of the event log. */
export function EventFilters(props: {
  filter: EventLogFilter;
  onChange: (next: { readonly [Part in keyof EventLogFilter]?: string | undefined }) => void;
  onClear: () => void;
}) {
  const { filter, onChange, onClear } = props;
  const apps = useApps();
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
      <DebouncedInput
        label="Search"
        placeholder="Message text or ID"
        value={filter.text}
        onChange={(text) => onChange({ text })}
      />
      <MultiSelect
        label="Event types"
        placeholder={types.length === 0 ? 'All types' : ''}
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
        label="Result"
        placeholder="All results"
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
      <DebouncedInput
        label="Conversation"
        placeholder="1/web:…"
        value={filter.key}
        onChange={(key) => onChange({ key })}
      />
      <DebouncedInput
        label="Session ID"
        placeholder="All sessions"
        value={filter.sessionId}
        onChange={(sessionId) => onChange({ sessionId: sessionId.replace(/\D/g, '') })}
      />
      {time('from', 'From')}
      {time('until', 'Until')}
      {Object.keys(filter).length > 0 && (
        <Group align="flex-end">
          <Button variant="subtle" leftSection={<IconFilterOff size={16} />} onClick={onClear}>
            Clear filters
          </Button>
        </Group>
      )}
    </div>
  );
}

/** A text field that reports its value once typing pauses. */
function DebouncedInput(props: {
  label: string;
  placeholder: string;
  value: string | undefined;
  onChange: (value: string) => void;
}) {
  const { label, placeholder, value = '', onChange } = props;
  const [typed, setTyped] = useState(value);
  const report = useDebouncedCallback(onChange, 300);
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={typed}
      leftSection={label === 'Search' ? <IconSearch size={15} /> : undefined}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        report(event.currentTarget.value.trim());
      }}
    />
  );
}
