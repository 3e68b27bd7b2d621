import { ActionIcon, Button, Group, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';

/** An attribute of a customer while it is edited. */
export interface EditedAttribute {
  /** Identifies the row while its name changes. */
  readonly id: number;
  readonly name: string;
  readonly value: string;
}

let lastId = 0;

/** A row for an attribute. */
export function editedAttribute(name: string, value: string): EditedAttribute {
  lastId += 1;
  return { id: lastId, name, value };
}

/** Edits, adds and removes the attributes of a customer. */
export function AttributeList(props: {
  attributes: readonly EditedAttribute[];
  onChange: (attributes: readonly EditedAttribute[]) => void;
}) {
  const { attributes, onChange } = props;
  return (
    <>
      <Text size="xs" fw={500}>
        Attributes
      </Text>
      {attributes.map((attribute) => (
        <AttributeRow
          key={attribute.id}
          attribute={attribute}
          onChange={(next) => onChange(attributes.map((one) => (one.id === next.id ? next : one)))}
          onRemove={() => onChange(attributes.filter((one) => one.id !== attribute.id))}
        />
      ))}
      <Button
        size="compact-xs"
        variant="subtle"
        leftSection={<IconPlus size={13} />}
        style={{ alignSelf: 'flex-start' }}
        onClick={() => onChange([...attributes, editedAttribute('', '')])}
      >
        Add attribute
      </Button>
    </>
  );
}

function AttributeRow(props: {
  attribute: EditedAttribute;
  onChange: (attribute: EditedAttribute) => void;
  onRemove: () => void;
}) {
  const { attribute, onChange, onRemove } = props;
  const { name, value } = attribute;
  return (
    <Group gap={6} wrap="nowrap">
      <TextInput
        size="xs"
        flex={1}
        aria-label="Attribute name"
        placeholder="name"
        maxLength={64}
        value={name}
        onChange={(event) => onChange({ ...attribute, name: event.currentTarget.value })}
      />
      <TextInput
        size="xs"
        flex={1}
        aria-label={`Value of ${name}`}
        placeholder="value"
        maxLength={1000}
        value={value}
        onChange={(event) => onChange({ ...attribute, value: event.currentTarget.value })}
      />
      <ActionIcon aria-label={`Remove ${name}`} onClick={onRemove}>
        <IconTrash size={15} />
      </ActionIcon>
    </Group>
  );
}
