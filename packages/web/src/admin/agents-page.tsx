import {
  Alert,
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
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../session/session.ts';
import type { Agent, StaffApp } from '../shared/sdk.ts';
import { Failure, Loading } from '../shared/states.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import type { Items } from './api-types.ts';
import { useSaving } from './use-saving.ts';

/** The people at the desk. */
export function AgentsPage() {
  const [edited, setEdited] = useState<Agent | 'new'>();
  const apps = useQuery({ queryKey: ['apps'], queryFn: () => api.rest.apps() });
  const list = useQuery({
    queryKey: ['admin', 'agents'],
    queryFn: () => api.call<Items<Agent>>('GET', '/v1/admin/agents', { query: { limit: 100 } }),
  });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  const nameOf = (appId: number) => apps.data?.items.find(({ id }) => id === appId)?.name ?? `App ${appId}`;
  return (
    <AdminPage
      title="Agents"
      about="Who answers customers, with what skills, and how many at once."
      actions={<Button onClick={() => setEdited('new')}>New agent</Button>}
    >
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
            {list.data.items.map((agent) => (
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
        {saving.fault && (
          <Alert color="red" role="alert">
            {saving.fault}
          </Alert>
        )}
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
            data={['agent', 'supervisor', 'admin']}
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
