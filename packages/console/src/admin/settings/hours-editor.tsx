import {
  ActionIcon,
  Button,
  Card,
  Group,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { formWidth } from '../shared/admin-page.tsx';
import type { EditedApp } from '../shared/api-types.ts';
import { SaveFault, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
type Weekday = (typeof weekdays)[number];
interface Span {
  readonly from: string;
  readonly to: string;
}
interface Hours {
  readonly timeZone: string;
  readonly weekly: Readonly<Partial<Record<Weekday, readonly Span[]>>>;
  readonly holidays: readonly string[];
}

const usualSpan: Span = { from: '09:00', to: '17:00' };
const isDay = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** What a week looks like to begin with: working days, where the administrator is. */
function usualHours(): Hours {
  const weekly = Object.fromEntries(weekdays.slice(0, 5).map((day) => [day, [usualSpan]]));
  return { timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, weekly, holidays: [] };
}

/** When people are there to answer for an app. */
export function HoursEditor({ path, app, onLoad }: EditedApp) {
  const guard = useSaveGuard(app.etag);
  const queries = useQueryClient();
  const [hours, setHours] = useState(() => (app.settings.businessHours ?? null) as Hours | null);
  const saving = useSaving(() =>
    guard.over(async (how) => {
      await api.call('PATCH', path, { body: { settings: { businessHours: hours } }, ...how });
      await queries.invalidateQueries({ queryKey: ['admin', 'app', String(app.id)] });
    }),
  );
  const setDay = (day: Weekday, spans: readonly Span[]) =>
    hours && setHours({ ...hours, weekly: { ...hours.weekly, [day]: spans } });
  return (
    <Card withBorder maw={formWidth}>
      <Stack>
        <div>
          <Title order={2} mb={4}>
            Business hours
          </Title>
          <Text size="sm" c="dimmed">
            Outside of them, customers who ask for a person are told when somebody is there again; their
            conversation waits in the queue. First answers are due by these hours. The bot answers at any
            time.
          </Text>
        </div>
        <Switch
          label="People are there at certain hours only"
          checked={hours !== null}
          onChange={(event) => setHours(event.currentTarget.checked ? usualHours() : null)}
        />
        {hours && (
          <>
            <Select
              label="Time zone"
              searchable
              allowDeselect={false}
              data={[...new Set([hours.timeZone, ...Intl.supportedValuesOf('timeZone')])]}
              value={hours.timeZone}
              onChange={(timeZone) => timeZone && setHours({ ...hours, timeZone })}
              maw={360}
            />
            {weekdays.map((day) => (
              <Day
                key={day}
                day={day}
                spans={hours.weekly[day] ?? []}
                onChange={(spans) => setDay(day, spans)}
              />
            ))}
            <TagsInput
              label="Holidays"
              description="Days on which nobody is there, each as 2026-12-25 and Enter."
              value={[...hours.holidays]}
              onChange={(days) => setHours({ ...hours, holidays: days.filter(isDay).sort() })}
              maxTags={400}
              maw={560}
            />
          </>
        )}
        <SaveFault guard={guard} text={saving.fault} onSave={saving.save} onLoad={onLoad} />
        <Group justify="flex-end">
          <Button loading={saving.busy} onClick={() => void saving.save()}>
            Save
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

function Day(props: { day: Weekday; spans: readonly Span[]; onChange: (spans: readonly Span[]) => void }) {
  const { day, spans, onChange } = props;
  const name = day[0]?.toUpperCase() + day.slice(1);
  const change = (at: number, next: Partial<Span>) =>
    onChange(spans.map((span, index) => (index === at ? { ...span, ...next } : span)));
  const last = spans.at(-1);
  return (
    <Group gap="sm" mih={36} wrap="wrap">
      <Text size="sm" fw={550} w={100}>
        {name}
      </Text>
      {spans.length === 0 && (
        <Text size="sm" c="dimmed">
          Closed
        </Text>
      )}
      {spans.map((span, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: spans have no other name than their place
        <Group key={at} gap={6} wrap="nowrap">
          <TextInput
            type="time"
            size="xs"
            aria-label={`${name} from`}
            value={span.from}
            onChange={(event) => change(at, { from: event.currentTarget.value })}
          />
          <Text size="sm">to</Text>
          <TextInput
            type="time"
            size="xs"
            aria-label={`${name} to`}
            value={span.to === '24:00' ? '00:00' : span.to}
            onChange={({ currentTarget: { value } }) =>
              change(at, { to: value === '00:00' ? '24:00' : value })
            }
          />
          <ActionIcon
            aria-label={`Take ${span.from} to ${span.to} off ${name}`}
            onClick={() => onChange(spans.filter((_, index) => index !== at))}
          >
            <IconX size={15} />
          </ActionIcon>
        </Group>
      ))}
      <ActionIcon
        aria-label={`Add hours to ${name}`}
        disabled={last !== undefined && last.to >= '23:00'}
        onClick={() => onChange([...spans, last ? { from: last.to, to: '24:00' } : usualSpan])}
      >
        <IconPlus size={15} />
      </ActionIcon>
    </Group>
  );
}
