import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { type Disposition, type DispositionField, MevrikError } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';

/** Closes a case with an outcome and the fields that the app requires for it. */
export function CloseDialog(props: {
  caseId: number;
  dispositions: readonly Disposition[];
  opened: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const { caseId, dispositions, opened, onClose, onDone } = props;
  const [name, setName] = useState<string | null>(null);
  const [entered, setEntered] = useState<Readonly<Record<string, string>>>({});
  const [note, setNote] = useState('');
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const fields = dispositions.find((one) => one.name === name)?.fields ?? [];

  /** Errors for missing values, by field name. */
  function missing(): Readonly<Record<string, string>> {
    if (name === null) return { disposition: 'Choose an outcome.' };
    const empty = fields.filter((field) => field.required && (entered[field.name] ?? '').trim() === '');
    return Object.fromEntries(empty.map((field) => [field.name, `${field.label} is required.`]));
  }

  async function close(): Promise<void> {
    const open = missing();
    setErrors(open);
    if (name === null || Object.keys(open).length > 0) return;
    setBusy(true);
    try {
      const values = Object.fromEntries(fields.map((field) => [field.name, entered[field.name] ?? '']));
      await api.rest.desk.closeCase(caseId, {
        disposition: name,
        ...(fields.length === 0 ? {} : { fields: values }),
        ...(note.trim() === '' ? {} : { note: note.trim() }),
      });
      onDone();
      onClose();
    } catch (error) {
      setErrors(fieldErrors(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal opened={opened} onClose={onClose} title="Close case">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void close();
        }}
      >
        <Stack>
          <FormError text={errors.all} />
          <Select
            label="Outcome"
            placeholder="Choose"
            data={dispositions.map((one) => one.name)}
            value={name}
            onChange={(next) => {
              setName(next);
              setErrors({});
            }}
            error={errors.disposition}
            openOnFocus={false}
            searchable
            required
            data-autofocus
          />
          {fields.map((field) => (
            <FieldInput
              key={`${name} ${field.name}`}
              field={field}
              value={entered[field.name] ?? ''}
              error={errors[field.name]}
              onChange={(value) => setEntered({ ...entered, [field.name]: value })}
            />
          ))}
          <Textarea
            label="Note"
            description="Only your team can see this"
            autosize
            minRows={2}
            maxRows={6}
            maxLength={10_000}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Close case
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function FieldInput(props: {
  field: DispositionField;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}) {
  const { field, value, error, onChange } = props;
  const common = { label: field.label, required: field.required, error: error };
  if (field.kind === 'choice') {
    return (
      <Select
        {...common}
        placeholder="Choose"
        data={field.choices ?? []}
        value={value === '' ? null : value}
        onChange={(next) => onChange(next ?? '')}
        clearable={!field.required}
      />
    );
  }
  return (
    <TextInput
      {...common}
      maxLength={1000}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** The server's error messages, by field name. */
function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  const fields = error instanceof MevrikError ? error.fields : [];
  const at = fields.map(({ path, message }) => [path.replace(/^fields\./, ''), message]);
  return at.length > 0 ? Object.fromEntries(at) : { all: errorMessage(error) };
}
