import {
  ActionIcon,
  CloseButton,
  Group,
  Indicator,
  Popover,
  Select,
  Stack,
  Switch,
  Tooltip,
} from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useState } from 'react';
import type { StaffApp } from '../../shared/sdk.ts';
import { type DeskFilter, useDeskFilter } from './desk-filter.ts';
import classes from './list.module.css';

/** Filters and sort order of the lists. */
export function ListFilters({ apps }: { apps: readonly StaffApp[] }) {
  const { filter } = useDeskFilter();
  const [isOpen, setOpen] = useState(false);
  const isOn = activeFilters(filter, apps).length > 0;
  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      position="bottom-end"
      shadow="md"
      width={270}
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Tooltip label="Filter and sort" disabled={isOpen}>
          <Indicator disabled={!isOn} size={8} offset={5} color="brand">
            <ActionIcon
              variant="default"
              size={30}
              aria-label="Filter and sort"
              onClick={() => setOpen(!isOpen)}
            >
              <IconFilter size={15} />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label="Filter and sort">
        <FilterFields apps={apps} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** The fields of the popover. */
function FilterFields({ apps }: { apps: readonly StaffApp[] }) {
  const { filter, change } = useDeskFilter();
  const channels = [...new Set(apps.flatMap((app) => app.channels.map(({ name }) => name)))].sort();
  return (
    <Stack gap="sm">
      {apps.length > 1 && (
        <Select
          size="xs"
          label="App"
          placeholder="All"
          data={apps.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={filter.appId === undefined ? null : String(filter.appId)}
          onChange={(next) => change({ appId: next === null ? undefined : Number(next) })}
          clearable
          comboboxProps={{ withinPortal: false }}
        />
      )}
      <Select
        size="xs"
        label="Channel"
        placeholder="All"
        data={channels}
        value={filter.channel ?? null}
        onChange={(next) => change({ channel: next ?? undefined })}
        clearable
        comboboxProps={{ withinPortal: false }}
      />
      <Select
        size="xs"
        label="Sort by"
        data={[
          {
            value: 'time',
            label: filter.view === 'queue' ? 'Longest wait first' : 'Latest activity first',
          },
          { value: 'due', label: 'First reply due soonest' },
        ]}
        value={filter.sort ?? 'time'}
        onChange={(next) => change({ sort: next === 'due' ? 'due' : undefined })}
        allowDeselect={false}
        comboboxProps={{ withinPortal: false }}
      />
      <Switch
        size="sm"
        label="Overdue only"
        checked={filter.overdue ?? false}
        onChange={(event) => change({ overdue: event.currentTarget.checked ? true : undefined })}
      />
    </Stack>
  );
}

/** The active filters, each removable. */
export function ActiveFilters({ apps }: { apps: readonly StaffApp[] }) {
  const { filter, change } = useDeskFilter();
  const parts = activeFilters(filter, apps);
  if (parts.length === 0) return null;
  return (
    <Group gap={6}>
      {parts.map(([name, label]) => (
        <span key={name} className={classes.filterPart}>
          {label}
          <CloseButton
            size={16}
            aria-label={`Remove filter: ${label}`}
            onClick={() => change({ [name]: undefined })}
          />
        </span>
      ))}
    </Group>
  );
}

function activeFilters(
  { appId, channel, overdue, sort }: DeskFilter,
  apps: readonly StaffApp[],
): readonly (readonly [keyof DeskFilter, string])[] {
  return [
    ...(appId === undefined
      ? []
      : [['appId', apps.find(({ id }) => id === appId)?.name ?? `App ${appId}`] as const]),
    ...(channel === undefined ? [] : [['channel', channel] as const]),
    ...(overdue ? [['overdue', 'Overdue'] as const] : []),
    ...(sort === undefined ? [] : [['sort', 'Due soonest first'] as const]),
  ];
}
