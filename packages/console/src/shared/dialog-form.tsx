import { Button, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { FormError } from './states.tsx';

/** The form of a dialog: its error, its fields, and the buttons to cancel and submit. */
export function DialogForm(props: {
  error: string | undefined;
  /** The label of the submit button. */
  submitLabel: string;
  isBusy: boolean;
  isDisabled?: boolean;
  onSubmit: () => Promise<void>;
  onCancel: () => void;
  children: ReactNode;
}) {
  const { error, submitLabel, isBusy, isDisabled, onSubmit, onCancel, children } = props;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void onSubmit();
      }}
    >
      <Stack>
        <FormError text={error} />
        {children}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy} disabled={isDisabled}>
            {submitLabel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
