import { Button, Group, MultiSelect, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconFilterOff, IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { optionsOf } from '../../shared/labels.ts';
import { listOf } from '../../shared/search-params.ts';
import classes from '../shared/admin.module.css';
import { AppSelect, TimeInput } from '../shared/filter-inputs.tsx';
import type { EventLogFilter } from './event-filter.ts';
import { eventTypes, meaningOf } from './event-types.ts';
import { outcomeWords } from './outcome-words.ts';

type FilterChange = { readonly [Part in keyof EventLogFilter]?: string | undefined };

/** The filters of the event log. */
export function EventFilters(props: {
  filter: EventLogFilter;
  onChange: (change: FilterChange) => void;
  onClear: () => void;
}) {
  const { filter, onChange, onClear } = props;
  return (
    <div className={classes.fields}>
      <DebouncedInput
        label="Search"
        placeholder="Message text or ID"
        value={filter.text}
        onChange={(text) => onChange({ text })}
      />
      <EventTypeSelect value={filter.type} onChange={(type) => onChange({ type })} />
      <Select
        label="Result"
        placeholder="All results"
        data={optionsOf(outcomeWords)}
        value={filter.outcome ?? null}
        onChange={(outcome) => onChange({ outcome: outcome ?? undefined })}
        clearable
      />
      <AppSelect value={filter.appId} onChange={(appId) => onChange({ appId })} />
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
      <TimeInput label="From" value={filter.from} onChange={(from) => onChange({ from })} />
      <TimeInput label="Until" value={filter.until} onChange={(until) => onChange({ until })} />
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

/** Selects event types, separated by commas, each with its meaning. */
function EventTypeSelect(props: { value: string | undefined; onChange: (types: string) => void }) {
  const types = listOf(props.value);
  return (
    <MultiSelect
      label="Event types"
      placeholder={types.length === 0 ? 'All types' : ''}
      data={eventTypes}
      value={types}
      onChange={(next) => props.onChange(next.join(','))}
      renderOption={({ option }) => (
        <div>
          <div>{meaningOf(option.value)}</div>
          <div className={classes.hint}>{option.value}</div>
        </div>
      )}
      searchable
      clearable
    />
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
