import {
  ActionIcon,
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
import { capitalized } from '../shared/capitalized.ts';
import type { EditedApp } from '../shared/edited-app.ts';
import { SaveBar, useSaveGuard } from '../shared/save-guard.tsx';
import { useSaving } from '../shared/use-saving.ts';

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
type Weekday = (typeof weekdays)[number];
interface TimeRange {
  readonly from: string;
  readonly to: string;
}
interface Hours {
  readonly timeZone: string;
  readonly weekly: Readonly<Partial<Record<Weekday, readonly TimeRange[]>>>;
  readonly holidays: readonly string[];
}

const defaultRange: TimeRange = { from: '09:00', to: '17:00' };
const isDay = (text: string) => /^\d{4}-\d{2}-\d{2}$/.test(text);

/** The initial hours: working days, in the time zone of the administrator. */
function defaultHours(): Hours {
  const weekly = Object.fromEntries(weekdays.slice(0, 5).map((day) => [day, [defaultRange]]));
  return { timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, weekly, holidays: [] };
}

/** The business hours of an app. */
export function HoursEditor({ app, onLoad }: EditedApp) {
  const guard = useSaveGuard(app.etag);
  const queries = useQueryClient();
  const [hours, setHours] = useState(() => (app.settings.businessHours ?? null) as Hours | null);
  const saving = useSaving(() =>
    guard.saveChanges(async (how) => {
      await api.rest.admin.changeApp(app.id, { settings: { businessHours: hours } }, how);
      await queries.invalidateQueries({ queryKey: ['admin', 'app', String(app.id)] });
    }),
  );
  const setDay = (day: Weekday, ranges: readonly TimeRange[]) =>
    hours && setHours({ ...hours, weekly: { ...hours.weekly, [day]: ranges } });
  return (
    <Card withBorder maw={formWidth}>
      <Stack>
        <div>
          <Title order={2} mb={4}>
            Business hours
          </Title>
          <Text size="sm" c="dimmed">
            Outside business hours, customers who ask for an agent see when the team is back, and their
            conversation waits in the queue. First reply targets count business hours only. The bot replies at
            any time.
          </Text>
        </div>
        <Switch
          label="Set business hours"
          checked={hours !== null}
          onChange={(event) => setHours(event.currentTarget.checked ? defaultHours() : null)}
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
                ranges={hours.weekly[day] ?? []}
                onChange={(ranges) => setDay(day, ranges)}
              />
            ))}
            <TagsInput
              label="Holidays"
              description="Dates on which you are closed, such as 2026-12-25. Press Enter after each."
              value={[...hours.holidays]}
              onChange={(days) => setHours({ ...hours, holidays: days.filter(isDay).sort() })}
              maxTags={400}
              maw={560}
            />
          </>
        )}
        <SaveBar
          guard={guard}
          error={saving.errorText}
          isBusy={saving.busy}
          onSave={saving.save}
          onLoad={onLoad}
        />
      </Stack>
    </Card>
  );
}

function Day(props: {
  day: Weekday;
  ranges: readonly TimeRange[];
  onChange: (ranges: readonly TimeRange[]) => void;
}) {
  const { day, ranges, onChange } = props;
  const name = capitalized(day);
  const change = (at: number, next: Partial<TimeRange>) =>
    onChange(ranges.map((range, index) => (index === at ? { ...range, ...next } : range)));
  const last = ranges.at(-1);
  return (
    <Group gap="sm" mih={36} wrap="wrap">
      <Text size="sm" fw={550} w={100}>
        {name}
      </Text>
      {ranges.length === 0 && (
        <Text size="sm" c="dimmed">
          Closed
        </Text>
      )}
      {ranges.map((range, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: ranges have no identity besides their position
        <Group key={at} gap={6} wrap="nowrap">
          <TextInput
            type="time"
            size="xs"
            aria-label={`${name} from`}
            value={range.from}
            onChange={(event) => change(at, { from: event.currentTarget.value })}
          />
          <Text size="sm">to</Text>
          <TextInput
            type="time"
            size="xs"
            aria-label={`${name} to`}
            value={range.to === '24:00' ? '00:00' : range.to}
            onChange={({ currentTarget: { value } }) =>
              change(at, { to: value === '00:00' ? '24:00' : value })
            }
          />
          <ActionIcon
            aria-label={`Remove ${range.from} to ${range.to} on ${name}`}
            onClick={() => onChange(ranges.filter((_, index) => index !== at))}
          >
            <IconX size={15} />
          </ActionIcon>
        </Group>
      ))}
      <ActionIcon
        aria-label={`Add hours to ${name}`}
        disabled={last !== undefined && last.to >= '23:00'}
        onClick={() => onChange([...ranges, last ? { from: last.to, to: '24:00' } : defaultRange])}
      >
        <IconPlus size={15} />
      </ActionIcon>
    </Group>
  );
}
