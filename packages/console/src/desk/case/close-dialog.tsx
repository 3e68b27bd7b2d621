import { Modal, Select, TextInput } from '@mantine/core';
import { DialogForm } from '../../shared/dialog-form.tsx';
import type { Disposition, DispositionField } from '../../shared/sdk.ts';
import { CaseNote } from './case-note.tsx';
import { useCaseClosing } from './use-case-closing.ts';

/** Closes a case with an outcome and the fields that the app requires for it. */
export function CloseDialog(props: {
  caseId: number;
  dispositions: readonly Disposition[];
  opened: boolean;
  onClose: () => void;
  onDone: () => void;
}) {
  const { caseId, dispositions, opened, onClose, onDone } = props;
  const closing = useCaseClosing(caseId, dispositions, () => {
    onDone();
    onClose();
  });
  const { name, fields, values, errors } = closing;
  return (
    <Modal opened={opened} onClose={onClose} title="Close case">
      <DialogForm
        error={errors.all}
        submitLabel="Close case"
        isBusy={closing.busy}
        onSubmit={closing.close}
        onCancel={onClose}
      >
        <Select
          label="Outcome"
          placeholder="Choose"
          data={dispositions.map((one) => one.name)}
          value={name}
          onChange={closing.choose}
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
            value={values[field.name] ?? ''}
            error={errors[field.name]}
            onChange={(value) => closing.enter(field.name, value)}
          />
        ))}
        <CaseNote description="Only your team can see this" value={closing.note} onChange={closing.setNote} />
      </DialogForm>
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
