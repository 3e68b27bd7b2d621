import { Avatar, Badge, Button, Group, Select, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import type { Agent } from '../../shared/sdk.ts';
import { usePages } from '../../shared/use-pages.ts';
import { AdminPage } from '../shared/admin-page.tsx';
import { availabilityLabels, roleLabels } from '../shared/agent-labels.ts';
import { useAppName, useApps } from '../shared/queries.ts';
import { RowList } from '../shared/row-list.tsx';
import { AgentDialog } from './agent-dialog.tsx';
import { roles } from './roles.ts';

/** The agents, with their roles, skills and capacity. */
export function AgentsPage() {
  const [edited, setEdited] = useState<Agent | 'new'>();
  const apps = useApps();
  const [search, setSearch] = useState('');
  const [role, setRole] = useState<Agent['role'] | null>(null);
  const [term] = useDebouncedValue(search.trim(), 250);
  const list = useAgents(term, role);
  const nameOf = useAppName();
  return (
    <AdminPage
      title="Agents"
      about="Who replies to customers, with which skills and capacity."
      actions={<Button onClick={() => setEdited('new')}>Add agent</Button>}
    >
      <Group gap="sm">
        <TextInput
          aria-label="Search"
          placeholder="Name, email or skill"
          leftSection={<IconSearch size={15} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          w={260}
        />
        <Select
          aria-label="Role"
          placeholder="All roles"
          data={roles}
          value={role}
          onChange={setRole}
          clearable
          w={240}
        />
      </Group>
      <RowList
        list={list}
        columns={['Name', 'Role', 'Apps', 'Skills', { label: 'Capacity', align: 'right' }, 'Status', '']}
        row={(agent) => (
          <AgentRow
            key={agent.id}
            agent={agent}
            appNames={agent.appIds.map(nameOf)}
            onEdit={() => setEdited(agent)}
          />
        )}
        empty={{
          icon: <IconUsers size={34} stroke={1.4} />,
          title: 'No results',
          text: 'Search by name, email address or skill.',
        }}
      />
      {edited && (
        <AgentDialog
          agent={edited === 'new' ? undefined : edited}
          apps={apps.data?.items ?? []}
          onClose={() => setEdited(undefined)}
        />
      )}
    </AdminPage>
  );
}

function useAgents(term: string, role: Agent['role'] | null) {
  return usePages({
    queryKey: ['admin', 'agents', term, role],
    load: (start) =>
      api.rest.admin.agents({
        limit: 50,
        ...start,
        ...(term === '' ? {} : { search: term }),
        ...(role === null ? {} : { role }),
      }),
  });
}

function AgentRow(props: { agent: Agent; appNames: readonly string[]; onEdit: () => void }) {
  const { agent, appNames, onEdit } = props;
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <Avatar size={30} radius="xl" name={agent.name} color="initials" />
          <div>
            <Text size="sm" fw={600}>
              {agent.name}
            </Text>
            <Text size="xs" c="dimmed">
              {agent.email}
            </Text>
          </div>
        </Group>
      </Table.Td>
      <Table.Td>{roleLabels[agent.role]}</Table.Td>
      <Table.Td>{agent.role === 'admin' ? 'All' : appNames.join(', ') || '–'}</Table.Td>
      <Table.Td>{agent.skills.join(', ') || '–'}</Table.Td>
      <Table.Td ta="right">{agent.capacity}</Table.Td>
      <Table.Td>
        <Badge
          color={
            agent.disabled ? 'red' : { online: 'teal', away: 'yellow', offline: 'gray' }[agent.availability]
          }
        >
          {agent.disabled ? 'Disabled' : availabilityLabels[agent.availability]}
        </Badge>
      </Table.Td>
      <Table.Td ta="right">
        <Button size="compact-xs" variant="default" onClick={onEdit}>
          Edit
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
