import {
  Avatar,
  Badge,
  Button,
  Card,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  Switch,
  Table,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch, IconUsers } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import type { Agent, StaffApp } from '../../shared/sdk.ts';
import { Empty, Failure, FormError, Loading } from '../../shared/states.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import type { Items } from '../shared/api-types.ts';
import { EarlierOnes } from '../shared/earlier-ones.tsx';
import { useSaving } from '../shared/use-saving.ts';

const roles = [
  { value: 'agent', label: 'agent: answers customers' },
  { value: 'supervisor', label: 'supervisor: sees the panel, too' },
  { value: 'admin', label: 'admin: changes everything' },
];

/** The people at the desk. */
export function AgentsPage() {
  const [edited, setEdited] = useState<Agent | 'new'>();
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => api.rest.desk.apps() });
  const [search, setSearch] = useState('');
  const [role, setRole] = useState<string | null>(null);
  const [sought] = useDebouncedValue(search.trim(), 250);
  const list = useInfiniteQuery({
    queryKey: ['admin', 'agents', sought, role],
    queryFn: ({ pageParam }) =>
      api.call<Items<Agent>>('GET', '/v1/admin/agents', {
        query: {
          limit: 50,
          cursor: pageParam,
          ...(sought === '' ? {} : { search: sought }),
          ...(role === null ? {} : { role }),
        },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const nameOf = (appId: number) => apps.data?.items.find(({ id }) => id === appId)?.name ?? `App ${appId}`;
  return (
    <AdminPage
      title="Agents"
      about="Who answers customers, with what skills, and how many at once."
      actions={<Button onClick={() => setEdited('new')}>New agent</Button>}
    >
      <Group gap="sm">
        <TextInput
          aria-label="Search"
          placeholder="Name, address or skill"
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
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconUsers size={34} stroke={1.4} />} title="Nobody fits">
            Look for a part of a name, an e-mail address or a skill.
          </Empty>
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Role</Table.Th>
                <Table.Th>Apps</Table.Th>
                <Table.Th>Skills</Table.Th>
                <Table.Th ta="right">At once</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((agent) => (
                <Table.Tr key={agent.id}>
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
                  <Table.Td>{agent.role}</Table.Td>
                  <Table.Td>
                    {agent.role === 'admin' ? 'all' : agent.appIds.map(nameOf).join(', ') || '–'}
                  </Table.Td>
                  <Table.Td>{agent.skills.join(', ') || '–'}</Table.Td>
                  <Table.Td ta="right">{agent.capacity}</Table.Td>
                  <Table.Td>
                    <Badge
                      color={
                        agent.disabled
                          ? 'red'
                          : { online: 'teal', away: 'yellow', offline: 'gray' }[agent.availability]
                      }
                    >
                      {agent.disabled ? 'disabled' : agent.availability}
                    </Badge>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Button size="compact-xs" variant="default" onClick={() => setEdited(agent)}>
                      Change
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
      <EarlierOnes of={list} />
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

function AgentDialog({
  agent,
  apps,
  onClose,
}: {
  agent: Agent | undefined;
  apps: readonly StaffApp[];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [name, setName] = useState(agent?.name ?? '');
  const [email, setEmail] = useState(agent?.email ?? '');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<Agent['role']>(agent?.role ?? 'agent');
  const [skills, setSkills] = useState<string[]>(agent?.skills ?? []);
  const [capacity, setCapacity] = useState(agent?.capacity ?? 5);
  const [appIds, setAppIds] = useState((agent?.appIds ?? apps.slice(0, 1).map(({ id }) => id)).map(String));
  const [disabled, setDisabled] = useState(agent?.disabled ?? false);
  const saving = useSaving(async () => {
    const common = { name: name.trim(), role, skills, capacity, appIds: appIds.map(Number) };
    if (agent) {
      const body = { ...common, disabled, ...(password === '' ? {} : { password }) };
      await api.call('PATCH', `/v1/admin/agents/${agent.id}`, { body });
    } else {
      await api.call('POST', '/v1/admin/agents', { body: { ...common, email: email.trim(), password } });
    }
    await queries.invalidateQueries({ queryKey: ['admin', 'agents'] });
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={agent ? agent.name : 'New agent'}>
      <Stack>
        <FormError text={saving.fault} />
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        {!agent && (
          <TextInput
            label="E-mail address"
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          label={agent ? 'New password' : 'Password'}
          description={agent ? 'Leave it empty to keep the one there is' : '10 characters or more'}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Group grow>
          <Select
            label="Role"
            data={roles}
            value={role}
            onChange={(next) => next && setRole(next as Agent['role'])}
            allowDeselect={false}
          />
          <NumberInput
            label="Conversations at once"
            min={1}
            max={100}
            value={capacity}
            onChange={(next) => setCapacity(Number(next))}
          />
        </Group>
        <MultiSelect
          label="Apps"
          data={apps.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={appIds}
          onChange={setAppIds}
        />
        <TagsInput label="Skills" placeholder="billing, french …" value={skills} onChange={setSkills} />
        {agent && (
          <Switch
            label="Disabled"
            description="Is logged out at once, and cannot log in"
            checked={disabled}
            onChange={(event) => setDisabled(event.currentTarget.checked)}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button loading={saving.busy} onClick={() => void saving.save()}>
            Save
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
