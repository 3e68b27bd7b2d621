import { Button, Group, Stack, TextInput } from '@mantine/core';
import type { CustomerOverview } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';
import { AttributeList } from './attribute-list.tsx';
import { customerFacts, useCustomerEdit } from './use-customer-edit.ts';

/** Edits a customer's contact details and attributes. */
export function CustomerForm(props: { customer: CustomerOverview['customer']; onDone: () => void }) {
  const { customer, onDone } = props;
  const { values, setValues, attributes, setAttributes, errors, busy, save } = useCustomerEdit(
    customer,
    onDone,
  );
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
        {customerFacts.map(([name, label], at) => (
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
        <AttributeList attributes={attributes} onChange={setAttributes} />
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
