import {
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { DialogForm } from '../../shared/dialog-form.tsx';
import type { Agent, StaffApp } from '../../shared/sdk.ts';
import { useSaving } from '../shared/use-saving.ts';
import { roleRights, roles } from './roles.ts';

/** What is entered about an agent. */
interface AgentDraft {
  readonly name: string;
  readonly email: string;
  /** '' keeps the current password. */
  readonly password: string;
  readonly role: Agent['role'];
  readonly skills: string[];
  readonly capacity: number;
  readonly appIds: string[];
  readonly disabled: boolean;
}

/** Adds or edits an agent. */
export function AgentDialog(props: {
  agent: Agent | undefined;
  apps: readonly StaffApp[];
  onClose: () => void;
}) {
  const { agent, apps, onClose } = props;
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(agent, apps));
  const saving = useSaving(async () => {
    await saveAgent(agent, draft);
    await queries.invalidateQueries({ queryKey: ['admin', 'agents'] });
    onClose();
  });
  return (
    <Modal opened onClose={onClose} title={agent ? agent.name : 'Add agent'}>
      <DialogForm
        error={saving.errorText}
        submitLabel={agent ? 'Save' : 'Add agent'}
        isBusy={saving.busy}
        onSubmit={saving.save}
        onCancel={onClose}
      >
        <LoginFields
          isNew={agent === undefined}
          draft={draft}
          onChange={(next) => setDraft({ ...draft, ...next })}
        />
        <WorkFields apps={apps} draft={draft} onChange={(next) => setDraft({ ...draft, ...next })} />
        {agent && (
          <Switch
            label="Disabled"
            description="Logs the agent out immediately and blocks new logins"
            checked={draft.disabled}
            onChange={(event) => setDraft({ ...draft, disabled: event.currentTarget.checked })}
          />
        )}
      </DialogForm>
    </Modal>
  );
}

/** The agent as it is, or a new agent for the first app. */
function draftOf(agent: Agent | undefined, apps: readonly StaffApp[]): AgentDraft {
  return {
    name: agent?.name ?? '',
    email: agent?.email ?? '',
    password: '',
    role: agent?.role ?? 'agent',
    skills: agent?.skills ?? [],
    capacity: agent?.capacity ?? 5,
    appIds: (agent?.appIds ?? apps.slice(0, 1).map(({ id }) => id)).map(String),
    disabled: agent?.disabled ?? false,
  };
}

async function saveAgent(agent: Agent | undefined, draft: AgentDraft): Promise<void> {
  const { name, email, password, role, skills, capacity, appIds, disabled } = draft;
  const common = { name: name.trim(), role, skills, capacity, appIds: appIds.map(Number) };
  if (agent) {
    const body = { ...common, disabled, ...(password === '' ? {} : { password }) };
    await api.rest.admin.changeAgent(agent.id, body);
  } else {
    await api.rest.admin.addAgent({ ...common, email: email.trim(), password });
  }
}

/** The name and what the agent logs in with. */
function LoginFields(props: {
  isNew: boolean;
  draft: AgentDraft;
  onChange: (change: Partial<AgentDraft>) => void;
}) {
  const { isNew, draft, onChange } = props;
  return (
    <>
      <TextInput
        label="Name"
        value={draft.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
        data-autofocus
      />
      {isNew && (
        <TextInput
          label="Email"
          type="email"
          value={draft.email}
          onChange={(event) => onChange({ email: event.currentTarget.value })}
        />
      )}
      <PasswordInput
        label={isNew ? 'Password' : 'New password'}
        description={isNew ? 'At least 10 characters' : 'Leave empty to keep the current password'}
        autoComplete="new-password"
        value={draft.password}
        onChange={(event) => onChange({ password: event.currentTarget.value })}
      />
    </>
  );
}

/** What the agent may do, for which apps, with which skills and capacity. */
function WorkFields(props: {
  apps: readonly StaffApp[];
  draft: AgentDraft;
  onChange: (change: Partial<AgentDraft>) => void;
}) {
  const { apps, draft, onChange } = props;
  return (
    <>
      <Group grow align="flex-end">
        <Select
          label="Role"
          data={roles}
          value={draft.role}
          onChange={(role) => role && onChange({ role })}
          allowDeselect={false}
          renderOption={({ option }) => (
            <Stack gap={0}>
              <Text size="sm">{option.label}</Text>
              <Text size="xs" c="dimmed">
                {roleRights[option.value]}
              </Text>
            </Stack>
          )}
        />
        <NumberInput
          label="Capacity"
          description="Conversations at a time"
          min={1}
          max={100}
          value={draft.capacity}
          onChange={(capacity) => onChange({ capacity: Number(capacity) })}
        />
      </Group>
      <MultiSelect
        label="Apps"
        data={apps.map(({ id, name }) => ({ value: String(id), label: name }))}
        value={draft.appIds}
        onChange={(appIds) => onChange({ appIds })}
      />
      <TagsInput
        label="Skills"
        placeholder="billing, french …"
        value={draft.skills}
        onChange={(skills) => onChange({ skills })}
      />
    </>
  );
}
