import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useSyncExternalStore } from 'react';

interface Question {
  readonly title: string;
  readonly text: string;
  /** The label of the button that confirms. */
  readonly action: string;
  readonly onConfirm: () => void | Promise<void>;
}

let asked: Question | undefined;
const listeners = new Set<() => void>();

function ask(next: Question | undefined): void {
  asked = next;
  for (const listener of listeners) listener();
}

/** Asks for confirmation before an action that cannot be undone. */
export const modals = { confirm: (question: Question): void => ask(question) };

/** Renders the confirmation that `modals` asks for; mounted once per layout. */
export function Confirmations() {
  const question = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => asked,
  );
  return (
    <Modal opened={question !== undefined} onClose={() => ask(undefined)} title={question?.title}>
      <Stack>
        <Text size="sm">{question?.text}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => ask(undefined)} data-autofocus>
            Cancel
          </Button>
          <Button
            color="red"
            onClick={() => {
              void question?.onConfirm();
              ask(undefined);
            }}
          >
            {question?.action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
