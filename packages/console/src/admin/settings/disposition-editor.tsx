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

/** A disposition that is being written. */
export interface DispositionDraft {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly FieldDraft[];
}

let lastId = 0;

/** Of a setting: a name alone, or a name with fields. */
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

/** As it is set: one that asks for nothing is its name alone. */
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

/** What the values of a field are kept under; once it is there it stays, whatever the field is called later. */
function nameFor(label: string): string {
  const plain = label
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '');
  return plain === '' ? `field_${lastId}` : plain.slice(0, 40);
}

/** How a case can end, and what is asked then. */
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
            aria-label="Name of the disposition"
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
            Ask for something
          </Button>
          <ActionIcon color="red" aria-label={`Remove ${name}`} onClick={onRemove}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
        {fields.map((field) => (
          <Group key={field.id} gap="xs" align="flex-start" pl="md">
            <TextInput
              flex={1}
              miw={140}
              size="xs"
              aria-label={`What ${name} asks for`}
              placeholder="Order number"
              maxLength={100}
              value={field.label}
              onChange={(event) => set(field.id, { label: event.currentTarget.value })}
            />
            <Select
              size="xs"
              w={120}
              aria-label={`Kind of ${field.label}`}
              data={[
                { value: 'text', label: 'Text' },
                { value: 'choice', label: 'A choice' },
              ]}
              value={field.kind}
              onChange={(next) => set(field.id, { kind: next === 'choice' ? 'choice' : 'text' })}
              allowDeselect={false}
            />
            {field.kind === 'choice' && (
              <TagsInput
                size="xs"
                flex={1}
                miw={160}
                aria-label={`Choices of ${field.label}`}
                placeholder="Write one, then Enter"
                value={[...field.choices]}
                onChange={(choices) => set(field.id, { choices })}
              />
            )}
            <Checkbox
              size="xs"
              mt={7}
              label="Required"
              checked={field.required}
              onChange={(event) => set(field.id, { required: event.currentTarget.checked })}
            />
            <ActionIcon aria-label={`Do not ask for ${field.label}`} onClick={() => set(field.id, undefined)}>
              <IconTrash size={15} />
            </ActionIcon>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
