import { JsonInput, NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { SecretInput } from './secret-input.tsx';
import { type SettingInputProps, valueAt, withChange } from './setting-draft.ts';

/** The input of one setting. An empty input shows its default. */
export function SettingInput(props: SettingInputProps) {
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
        placeholder={typeof fallback === 'number' ? String(fallback) : 'Not set'}
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
        value={textsOf(value ?? fallback)}
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

/** The texts of a list; empty for any other value. */
const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function JsonSetting(
  props: SettingInputProps & { value: unknown; onChange: (value: unknown) => void; common: object },
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
