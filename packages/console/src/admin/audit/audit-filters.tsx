import { Button, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../session/session.ts';
import classes from '../shared/admin.module.css';
import { type EnteredAuditFilter, familiesOf, noAuditFilter } from './audit-filter.ts';

/** The filters of the audit log. */
export function AuditFilters(props: {
  filter: EnteredAuditFilter;
  onChange: (filter: EnteredAuditFilter) => void;
}) {
  const { filter, onChange } = props;
  const actions = useQuery({
    queryKey: ['audit-actions'],
    queryFn: () => api.rest.admin.auditActions(),
  });
  const field = (name: keyof EnteredAuditFilter) => ({
    value: filter[name],
    onChange: (value: string) => onChange({ ...filter, [name]: value }),
  });
  return (
    <div className={classes.fields}>
      <FilterField label="Search" icon={<IconSearch size={15} />} {...field('search')} />
      <FilterField label="Actor" {...field('actor')} />
      <Select
        label="Action"
        placeholder="All actions"
        data={familiesOf(actions.data?.items ?? [])}
        value={filter.action || null}
        onChange={(action) => onChange({ ...filter, action: action ?? '' })}
        searchable
        clearable
      />
      <FilterField label="Target" {...field('target')} />
      <FilterField label="From" type="datetime-local" {...field('since')} />
      <FilterField label="Until" type="datetime-local" {...field('until')} />
      {Object.values(filter).some((value) => value !== '') && (
        <Button variant="subtle" style={{ placeSelf: 'end start' }} onClick={() => onChange(noAuditFilter)}>
          Clear filters
        </Button>
      )}
    </div>
  );
}

function FilterField(props: {
  label: string;
  type?: 'datetime-local';
  icon?: ReactNode;
  value: string;
  onChange: (value: string) => void;
}) {
  const { label, type, icon, value, onChange } = props;
  return (
    <TextInput
      label={label}
      type={type ?? 'text'}
      leftSection={icon}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
