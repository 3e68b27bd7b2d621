import {
  Button,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import type { Agent, StaffApp } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';
import { useSaving } from '../shared/use-saving.ts';
import { roles } from './roles.ts';

/** Adds or edits an agent. */
export function AgentDialog({
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
      await api.rest.admin.changeAgent(agent.id, body);
    } else {
      await api.rest.admin.addAgent({ ...common, email: email.trim(), password });
    }
    await queries.invalidateQueries({ queryKey: ['admin', 'agents'] });
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={agent ? agent.name : 'Add agent'}>
      <Stack>
        <FormError text={saving.errorText} />
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        {!agent && (
          <TextInput
            label="Email address"
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          label={agent ? 'New password' : 'Password'}
          description={agent ? 'Leave empty to keep the current password' : 'At least 10 characters'}
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
            label="Maximum conversations"
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
            description="Logs the agent out immediately and blocks new logins"
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
