import { ActionIcon, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { type ChangeCustomer, type CustomerOverview, MevrikError } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';
import { keys } from '../keys.ts';

type Customer = CustomerOverview['customer'];

const facts = [
  ['name', 'Name'],
  ['email', 'Email'],
  ['phone', 'Phone'],
  ['locale', 'Language'],
] as const;

interface Attribute {
  readonly id: number;
  readonly name: string;
  readonly value: string;
}

let lastId = 0;

/** Edits a customer's contact details and attributes. */
export function CustomerForm({ customer, onDone }: { customer: Customer; onDone: () => void }) {
  const queries = useQueryClient();
  const [values, setValues] = useState(() =>
    Object.fromEntries(facts.map(([name]) => [name, customer[name] ?? ''])),
  );
  const [attributes, setAttributes] = useState<readonly Attribute[]>(() =>
    Object.entries(customer.attributes).map(([name, value]) => ({
      id: ++lastId,
      name,
      value: String(value),
    })),
  );
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const patch = (id: number, change: Partial<Attribute>) =>
    setAttributes(attributes.map((one) => (one.id === id ? { ...one, ...change } : one)));

  async function save(): Promise<void> {
    setBusy(true);
    setErrors({});
    try {
      const changed = await api.rest.desk.changeCustomer(customer.id, changeOf(customer, values, attributes));
      queries.setQueryData<CustomerOverview>(
        keys.customer(customer.id),
        (overview) => overview && { ...overview, customer: changed },
      );
      void queries.invalidateQueries({ queryKey: keys.customer(customer.id) });
      void queries.invalidateQueries({ queryKey: ['conversation'] });
      void queries.invalidateQueries({ queryKey: keys.conversations });
      onDone();
    } catch (error) {
      const fields = error instanceof MevrikError ? error.fields : [];
      const at = fields.filter(({ path }) => facts.some(([name]) => name === path));
      setErrors(
        at.length > 0
          ? Object.fromEntries(at.map(({ path, message }) => [path, message]))
          : { all: errorMessage(error) },
      );
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Stack gap="sm">
        <FormError text={errors.all} />
        {facts.map(([name, label], at) => (
          <TextInput
            key={name}
            size="xs"
            label={label}
            value={values[name] ?? ''}
            error={errors[name]}
            data-autofocus={at === 0 || undefined}
            ref={at === 0 ? focusOnce : undefined}
            onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
          />
        ))}
        <Text size="xs" fw={500}>
          Attributes
        </Text>
        {attributes.map(({ id, name, value }) => (
          <Group key={id} gap={6} wrap="nowrap">
            <TextInput
              size="xs"
              flex={1}
              aria-label="Attribute name"
              placeholder="name"
              maxLength={64}
              value={name}
              onChange={(event) => patch(id, { name: event.currentTarget.value })}
            />
            <TextInput
              size="xs"
              flex={1}
              aria-label={`Value of ${name}`}
              placeholder="value"
              maxLength={1000}
              value={value}
              onChange={(event) => patch(id, { value: event.currentTarget.value })}
            />
            <ActionIcon
              aria-label={`Remove ${name}`}
              onClick={() => setAttributes(attributes.filter((one) => one.id !== id))}
            >
              <IconTrash size={15} />
            </ActionIcon>
          </Group>
        ))}
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconPlus size={13} />}
          style={{ alignSelf: 'flex-start' }}
          onClick={() => setAttributes([...attributes, { id: ++lastId, name: '', value: '' }])}
        >
          Add attribute
        </Button>
        <Group justify="flex-end" gap="xs">
          <Button size="xs" variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button size="xs" type="submit" loading={busy}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const focusOnce = (field: HTMLInputElement | null) => {
  if (field && !field.dataset.wasFocused) {
    field.dataset.wasFocused = 'true';
    field.focus();
  }
};

/** Only the changed fields, so that concurrent edits by other agents are kept. */
function changeOf(
  customer: Customer,
  values: Readonly<Record<string, string>>,
  attributes: readonly Attribute[],
): ChangeCustomer {
  const changed = facts.flatMap(([name]) => {
    const value = values[name]?.trim() || null;
    return value === customer[name] ? [] : [[name, value]];
  });
  const named = attributes.filter(({ name }) => name.trim() !== '');
  const removed = Object.keys(customer.attributes)
    .filter((name) => named.every((one) => one.name.trim() !== name))
    .map((name) => [name, null]);
  const set = named
    .filter(({ name, value }) => String(customer.attributes[name.trim()] ?? '') !== value)
    .map(({ name, value }) => [name.trim(), value]);
  const overlay = [...removed, ...set];
  return {
    ...Object.fromEntries(changed),
    ...(overlay.length === 0 ? {} : { attributes: Object.fromEntries(overlay) }),
  };
}
