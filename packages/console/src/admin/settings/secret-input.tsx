import { Button, Group, PasswordInput, Textarea, TextInput } from '@mantine/core';
import type { SettingField } from '@mevrik/protocol';
import { useState } from 'react';
import { type SettingInputProps, valueAt, withChange } from './setting-draft.ts';

/** What every input shows. */
interface CommonProps {
  readonly label: string;
  readonly description: string | null;
  readonly error: string | undefined;
  readonly withAsterisk: boolean;
}

/** A secret can be set, replaced and removed, but never read. */
export function SecretInput({ field, stored, secrets = [], draft, onDraft, errors }: SettingInputProps) {
  const { path, title, help, isRequired } = field;
  const [isChanging, setChanging] = useState(false);
  const entered = draft.changes[path];
  const isSet = secrets.includes(path) || valueAt(stored, path) !== undefined;
  const change = (value: unknown) => onDraft(withChange(draft, path, value));
  const common = { label: title, description: help, error: errors.at[path], withAsterisk: isRequired };
  if (isSet && !isChanging && typeof entered !== 'string') {
    const isRemoved = entered === null;
    return (
      <StoredSecret
        field={field}
        common={common}
        isRemoved={isRemoved}
        onChange={() => setChanging(true)}
        onRemove={() => change(isRemoved ? undefined : null)}
      />
    );
  }
  return (
    <NewSecret
      field={field}
      common={common}
      placeholder={isSet ? 'Leave empty to keep the current value' : ''}
      value={typeof entered === 'string' ? entered : ''}
      onChange={change}
    />
  );
}

/** A stored secret, with buttons to change and to remove it. */
function StoredSecret(props: {
  field: SettingField;
  common: CommonProps;
  isRemoved: boolean;
  onChange: () => void;
  /** Removes it when the form is saved, or keeps it after all. */
  onRemove: () => void;
}) {
  const { field, common, isRemoved, onChange, onRemove } = props;
  const { title, isRequired } = field;
  return (
    <TextInput
      {...common}
      readOnly
      value={isRemoved ? 'Will be removed when you save' : 'Set'}
      variant="filled"
      styles={{ input: { paddingInlineEnd: isRequired ? 84 : 172 } }}
      rightSectionWidth="auto"
      rightSection={
        <Group gap={4} wrap="nowrap" pe={4}>
          <Button size="compact-xs" variant="default" aria-label={`Change: ${title}`} onClick={onChange}>
            Change
          </Button>
          {!isRequired && (
            <Button
              size="compact-xs"
              variant="subtle"
              color={isRemoved ? 'gray' : 'red'}
              aria-label={`${isRemoved ? 'Keep' : 'Remove'}: ${title}`}
              onClick={onRemove}
            >
              {isRemoved ? 'Keep' : 'Remove'}
            </Button>
          )}
        </Group>
      }
    />
  );
}

/** The input of a new secret; one that is ours alone can be generated. */
function NewSecret(props: {
  field: SettingField;
  common: CommonProps;
  placeholder: string;
  value: string;
  onChange: (value: string | undefined) => void;
}) {
  const { field, common, placeholder, value, onChange } = props;
  const input = {
    ...common,
    autoComplete: 'off',
    placeholder,
    value,
    onChange: (event: { currentTarget: { value: string } }) =>
      onChange(event.currentTarget.value || undefined),
  };
  if (field.isLong) return <Textarea {...input} autosize minRows={3} maxRows={8} />;
  if (!field.isOwn) return <PasswordInput {...input} autoComplete="new-password" />;
  return (
    <TextInput
      {...input}
      styles={{ input: { paddingInlineEnd: 112 } }}
      rightSectionWidth="auto"
      rightSection={
        <Button
          size="compact-xs"
          variant="light"
          me={4}
          aria-label={`Generate: ${field.title}`}
          onClick={() => onChange(randomText())}
        >
          Generate
        </Button>
      }
    />
  );
}

/** Random letters and digits from 18 random bytes. */
function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, '0')).join('');
}
