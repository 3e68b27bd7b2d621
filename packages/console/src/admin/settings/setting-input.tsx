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
import { type Draft, type FormErrors, type SettingValues, valueAt, withChange } from './setting-draft.ts';

interface InputProps {
  readonly field: SettingField;
  readonly stored: SettingValues;
  readonly secrets?: readonly string[];
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
  readonly errors: FormErrors;
}

/** The input of one setting. An empty input shows its default. */
export function SettingInput(props: InputProps) {
  const { field, stored, draft, onDraft, errors } = props;
  const { path, title, help, type, isRequired, choices, min, max } = field;
  const current = valueAt(stored, path);
  const change = (value: unknown) => onDraft(withChange(draft, path, value));
  const value = path in draft.changes ? draft.changes[path] : current;
  const common = {
    label: title,
    description: help,
    error: errors.at[path],
    withAsterisk: isRequired,
  };
  const fallback = field.default;
  if (type === 'secret') return <SecretInput {...props} />;
  if (type === 'switch') {
    return (
      <Switch
        label={title}
        description={help}
        error={errors.at[path]}
        checked={(value ?? fallback ?? false) === true}
        onChange={(event) => change(event.currentTarget.checked)}
      />
    );
  }
  if (type === 'choice') {
    return (
      <Select
        {...common}
        data={choices}
        value={String(value ?? fallback ?? '') || null}
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
        placeholder={typeof fallback === 'number' ? String(fallback) : 'No limit'}
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
        value={(value ?? fallback ?? []) as string[]}
        onChange={change}
      />
    );
  }
  if (type === 'json') return <JsonSetting {...props} value={value} onChange={change} common={common} />;
  const text = {
    ...common,
    placeholder: typeof fallback === 'string' ? fallback : '',
    value: typeof value === 'string' ? value : '',
    onChange: (event: { currentTarget: { value: string } }) => change(event.currentTarget.value || null),
  };
  return field.isLong ? <Textarea {...text} autosize minRows={2} maxRows={8} /> : <TextInput {...text} />;
}

function JsonSetting(
  props: InputProps & { value: unknown; onChange: (value: unknown) => void; common: object },
) {
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
          // Incomplete JSON while typing: the input itself shows the error.
        }
      }}
      validationError="This is not valid JSON."
      autosize
      minRows={3}
      maxRows={12}
    />
  );
}

/** A secret can be set, replaced and removed, but never read. */
function SecretInput({ field, stored, secrets = [], draft, onDraft, errors }: InputProps) {
  const { path, title, help, isLong, isOwn, isRequired } = field;
  const [isChanging, setChanging] = useState(false);
  const entered = draft.changes[path];
  const isSet = secrets.includes(path) || valueAt(stored, path) !== undefined;
  const change = (value: unknown) => onDraft(withChange(draft, path, value));
  const common = { label: title, description: help, error: errors.at[path], withAsterisk: isRequired };
  if (isSet && !isChanging && typeof entered !== 'string') {
    const isRemoved = entered === null;
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
                color={isRemoved ? 'gray' : 'red'}
                aria-label={`${isRemoved ? 'Keep' : 'Remove'}: ${title}`}
                onClick={() => change(isRemoved ? undefined : null)}
              >
                {isRemoved ? 'Keep' : 'Remove'}
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
    placeholder: isSet ? 'Leave empty to keep the current value' : '',
    value: typeof entered === 'string' ? entered : '',
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
          aria-label={`Generate: ${title}`}
          onClick={() => change(randomText())}
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
