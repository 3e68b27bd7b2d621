import {
  Button,
  Group,
  JsonInput,
  NumberInput,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { SettingField } from '@mevrik/protocol';
import { useState } from 'react';
import { type Draft, type Faults, type Settings, valueAt, withChange } from './setting-draft.ts';

interface InputProps {
  readonly field: SettingField;
  readonly stored: Settings;
  readonly secrets?: readonly string[];
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly faults: Faults;
}

/** One thing that can be set. What is left empty has its default, which is shown. */
export function SettingInput(props: InputProps) {
  const { field, stored, draft, onDraft, faults } = props;
  const { path, title, help, type, isRequired, choices, min, max } = field;
  const kept = valueAt(stored, path);
  const change = (value: unknown) => onDraft(withChange(draft, path, value));
  const value = path in draft.changes ? draft.changes[path] : kept;
  const common = {
    label: title,
    description: help,
    error: faults.at[path],
    withAsterisk: isRequired,
  };
  const usual = field.default;
  if (type === 'secret') return <SecretInput {...props} />;
  if (type === 'switch') {
    return (
      <Switch
        label={title}
        description={help}
        error={faults.at[path]}
        checked={(value ?? usual ?? false) === true}
        onChange={(event) => change(event.currentTarget.checked)}
      />
    );
  }
  if (type === 'choice') {
    return (
      <Select
        {...common}
        data={choices}
        value={String(value ?? usual ?? '') || null}
        onChange={(next) => change(next)}
        allowDeselect={false}
      />
    );
  }
  if (type === 'number' || type === 'integer') {
    return (
      <NumberInput
        {...common}
        {...(min === null ? {} : { min })}
        {...(max === null ? {} : { max })}
        allowDecimal={type === 'number'}
        placeholder={typeof usual === 'number' ? String(usual) : 'no limit'}
        value={typeof value === 'number' ? value : ''}
        onChange={(next) => change(next === '' ? null : Number(next))}
      />
    );
  }
  if (type === 'list') {
    return (
      <TagsInput
        {...common}
        data={choices.map((one) => one.value)}
        value={(value ?? usual ?? []) as string[]}
        onChange={change}
      />
    );
  }
  if (type === 'json') return <Json {...props} value={value} onChange={change} common={common} />;
  const text = {
    ...common,
    placeholder: typeof usual === 'string' ? usual : '',
    value: typeof value === 'string' ? value : '',
    onChange: (event: { currentTarget: { value: string } }) => change(event.currentTarget.value || null),
  };
  return field.isLong ? <Textarea {...text} autosize minRows={2} maxRows={8} /> : <TextInput {...text} />;
}

function Json(props: InputProps & { value: unknown; onChange: (value: unknown) => void; common: object }) {
  const { field, value, onChange, common } = props;
  const [text, setText] = useState(() => JSON.stringify(value ?? field.default ?? null, null, 2));
  return (
    <JsonInput
      {...common}
      value={text}
      onChange={(next) => {
        setText(next);
        try {
          onChange(next.trim() === '' ? null : JSON.parse(next));
        } catch {
          // It is being written; the field itself shows that it is no JSON yet.
        }
      }}
      validationError="This is not JSON yet."
      autosize
      minRows={3}
      maxRows={12}
    />
  );
}

/** A secret: it can be given, given anew and taken away, and never be read. */
function SecretInput({ field, stored, secrets = [], draft, onDraft, faults }: InputProps) {
  const { path, title, help, isLong, isOwn, isRequired } = field;
  const [isChanging, setChanging] = useState(false);
  const given = draft.changes[path];
  const isSet = secrets.includes(path) || valueAt(stored, path) !== undefined;
  const change = (value: unknown) => onDraft(withChange(draft, path, value));
  const common = { label: title, description: help, error: faults.at[path], withAsterisk: isRequired };
  if (isSet && !isChanging && typeof given !== 'string') {
    const isGone = given === null;
    return (
      <TextInput
        {...common}
        readOnly
        value={isGone ? 'Goes when you save' : 'is set'}
        variant="filled"
        styles={{ input: { paddingInlineEnd: isRequired ? 84 : 172 } }}
        rightSectionWidth="auto"
        rightSection={
          <Group gap={4} wrap="nowrap" pe={4}>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Change: ${title}`}
              onClick={() => setChanging(true)}
            >
              Change
            </Button>
            {!isRequired && (
              <Button
                size="compact-xs"
                variant="subtle"
                color={isGone ? 'gray' : 'red'}
                aria-label={`${isGone ? 'Keep' : 'Take away'}: ${title}`}
                onClick={() => change(isGone ? undefined : null)}
              >
                {isGone ? 'Keep' : 'Take away'}
              </Button>
            )}
          </Group>
        }
      />
    );
  }
  const input = {
    ...common,
    autoComplete: 'off',
    placeholder: isSet ? 'Left empty, it stays as it is' : '',
    value: typeof given === 'string' ? given : '',
    onChange: (event: { currentTarget: { value: string } }) => change(event.currentTarget.value || undefined),
  };
  if (isLong) return <Textarea {...input} autosize minRows={3} maxRows={8} />;
  if (!isOwn) return <PasswordInput {...input} autoComplete="new-password" />;
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
          aria-label={`Make one up: ${title}`}
          onClick={() => change(randomText())}
        >
          Make one up
        </Button>
      }
    />
  );
}

/** Something that nobody can guess, of letters and digits. */
function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, '0')).join('');
}
