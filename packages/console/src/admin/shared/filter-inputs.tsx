import { Select, TextInput } from '@mantine/core';
import { useApps } from './queries.ts';

/** Selects one app by its id. */
export function AppSelect(props: {
  value: string | undefined;
  onChange: (appId: string | undefined) => void;
}) {
  const apps = useApps();
  return (
    <Select
      label="App"
      placeholder="All apps"
      data={(apps.data?.items ?? []).map(({ id, name }) => ({ value: String(id), label: name }))}
      value={props.value ?? null}
      onChange={(appId) => props.onChange(appId ?? undefined)}
      clearable
    />
  );
}

/** Selects an instant, shown in local time. */
export function TimeInput(props: {
  label: string;
  value: string | undefined;
  onChange: (instant: string | undefined) => void;
}) {
  const { label, value, onChange } = props;
  return (
    <TextInput
      label={label}
      type="datetime-local"
      value={localTime(value)}
      onChange={(event) => {
        const local = event.currentTarget.value;
        onChange(local === '' ? undefined : new Date(local).toISOString());
      }}
    />
  );
}

/** An instant as the value of a `datetime-local` input: local time, to the minute. */
function localTime(instant: string | undefined): string {
  if (!instant || Number.isNaN(Date.parse(instant))) return '';
  const date = new Date(instant);
  const pad = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}
