import {
  ActionIcon,
  Button,
  Card,
  Checkbox,
  Group,
  Select,
  Stack,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { DispositionField } from '../../shared/sdk.ts';

interface FieldDraft extends Omit<DispositionField, 'choices'> {
  readonly id: number;
  readonly choices: readonly string[];
}

/** A disposition in the editor. */
export interface DispositionDraft {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly FieldDraft[];
}

let lastId = 0;

/** The draft of a stored disposition, which is a name or a name with fields. */
export function draftOf(setting: unknown): DispositionDraft {
  const { name, fields = [] } =
    typeof setting === 'string'
      ? { name: setting }
      : (setting as { name: string; fields?: readonly DispositionField[] });
  return {
    id: ++lastId,
    name,
    fields: fields.map((field) => ({ ...field, choices: field.choices ?? [], id: ++lastId })),
  };
}

/** The stored form of a draft; a disposition without fields is its name. */
export function settingOf({ name, fields }: DispositionDraft): unknown {
  if (fields.length === 0) return name.trim();
  return {
    name: name.trim(),
    fields: fields.map(({ id: _draft, choices, name: known, ...field }) => ({
      ...field,
      name: known === '' ? nameFor(field.label) : known,
      ...(field.kind === 'choice' ? { choices } : {}),
    })),
  };
}

/** The key under which values of a field are stored; renaming the field later does not change it. */
function nameFor(label: string): string {
  const plain = label
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '');
  return plain === '' ? `field_${lastId}` : plain.slice(0, 40);
}

/** Edits a disposition and the fields it asks for. */
export function DispositionEditor(props: {
  disposition: DispositionDraft;
  onChange: (next: DispositionDraft) => void;
  onRemove: () => void;
}) {
  const { disposition, onChange, onRemove } = props;
  const { name, fields } = disposition;
  const set = (id: number, next: Partial<FieldDraft> | undefined) =>
    onChange({
      ...disposition,
      fields: fields.flatMap((one) => (one.id === id ? (next ? { ...one, ...next } : []) : one)),
    });
  return (
    <Card withBorder p="sm">
      <Stack gap="xs">
        <Group gap="xs" wrap="nowrap">
          <TextInput
            flex={1}
            aria-label="Outcome name"
            placeholder="refund"
            maxLength={100}
            value={name}
            onChange={(event) => onChange({ ...disposition, name: event.currentTarget.value })}
          />
          <Button
            variant="subtle"
            leftSection={<IconPlus size={15} />}
            onClick={() =>
              onChange({
                ...disposition,
                fields: [
                  ...fields,
                  { id: ++lastId, name: '', label: '', kind: 'text', required: true, choices: [] },
                ],
              })
            }
          >
            Add field
          </Button>
          <ActionIcon color="red" aria-label={`Remove ${name}`} onClick={onRemove}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
        {fields.map((field) => (
          <FieldRow
            key={field.id}
            disposition={name}
            field={field}
            onChange={(next) => set(field.id, next)}
          />
        ))}
      </Stack>
    </Card>
  );
}

function FieldRow(props: {
  disposition: string;
  field: FieldDraft;
  /** `undefined` removes the field. */
  onChange: (next: Partial<FieldDraft> | undefined) => void;
}) {
  const { disposition, field, onChange } = props;
  return (
    <Group gap="xs" align="flex-start" pl="md">
      <TextInput
        flex={1}
        miw={140}
        size="xs"
        aria-label={`Field of ${disposition}`}
        placeholder="Order number"
        maxLength={100}
        value={field.label}
        onChange={(event) => onChange({ label: event.currentTarget.value })}
      />
      <Select
        size="xs"
        w={120}
        aria-label={`Type of ${field.label}`}
        data={[
          { value: 'text', label: 'Text' },
          { value: 'choice', label: 'Choice' },
        ]}
        value={field.kind}
        onChange={(next) => onChange({ kind: next === 'choice' ? 'choice' : 'text' })}
        allowDeselect={false}
      />
      {field.kind === 'choice' && (
        <TagsInput
          size="xs"
          flex={1}
          miw={160}
          aria-label={`Choices of ${field.label}`}
          placeholder="Type a choice and press Enter"
          value={[...field.choices]}
          onChange={(choices) => onChange({ choices })}
        />
      )}
      <Checkbox
        size="xs"
        mt={7}
        label="Required"
        checked={field.required}
        onChange={(event) => onChange({ required: event.currentTarget.checked })}
      />
      <ActionIcon aria-label={`Remove ${field.label}`} onClick={() => onChange(undefined)}>
        <IconTrash size={15} />
      </ActionIcon>
    </Group>
  );
}
